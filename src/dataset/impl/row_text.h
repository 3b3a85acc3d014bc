#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fw::dataset {

/// The words of a row, as leaks are looked for in them. Calls are written by value: keys in order, texts as they mean.
struct RowText {
  std::string system;     ///< system messages
  std::string tools;      ///< what the tools' definitions say
  std::string seen;       ///< the turns that the model saw: what users, assistants and tools said, and calls
  std::string answer;     ///< text and calls
  std::string last_user;  ///< the last user message
  std::vector<std::string> answer_values;  ///< the texts in its calls' arguments, as they stand where they are copied
};

/// Reads the words of rows. Not thread-safe.
class RowTexts {
 public:
  RowTexts();
  ~RowTexts();
  RowTexts(const RowTexts&) = delete;
  RowTexts& operator=(const RowTexts&) = delete;

  /// Of a captured exchange; what is no JSON has no words.
  [[nodiscard]] RowText of_exchange(std::string_view request, std::string_view response);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::dataset
