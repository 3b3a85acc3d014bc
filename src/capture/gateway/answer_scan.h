#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace fw::capture {

/// Behind a body: parsers read a little beyond its end, and find the room there instead of moving it.
inline constexpr std::size_t kBodyRoom = 128;

/// What a record says of a whole chat completion.
struct AnswerScan {
  bool is_object = false;  ///< a JSON object, checked to its end
  bool is_error = false;   ///< it has an `error` that says something
  std::string id;          ///< the answer's own; empty where it has none
  std::string model;
  bool are_arguments_whole = true;  ///< every tool call's arguments are JSON, or none at all
};

/// Reads answers, one after the other; keeps its buffers. Not thread-safe.
class AnswerScanner final {
 public:
  AnswerScanner();
  ~AnswerScanner();
  AnswerScanner(const AnswerScanner&) = delete;
  AnswerScanner& operator=(const AnswerScanner&) = delete;

  /// It may grow `body`'s capacity, never its text.
  [[nodiscard]] AnswerScan scan(std::string& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture
