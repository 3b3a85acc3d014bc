#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "trainer/packing/token_tree.h"

namespace fw::trainer {

/// Turns chat rows into token ids, by llama.cpp's own templates and tokenizer: the prompt's ids are those that
/// `llama-server --jinja --chat-template-file F` computes for the same messages and tools, and the answer's are the
/// tokens that it would have to generate. Not thread-safe.
class ChatTokenizer final {
 public:
  /// `gguf`: any file of the model, only its tokenizer is read. Without `chat_template` the file's own template is
  /// used. `enable_thinking`: as `llama-server --reasoning on|off`, for templates that can leave a thought out.
  [[nodiscard]] static Result<ChatTokenizer> open(const std::filesystem::path& gguf,
                                                  const std::optional<std::filesystem::path>& chat_template,
                                                  bool enable_thinking = false);
  ~ChatTokenizer();
  ChatTokenizer(ChatTokenizer&&) noexcept;

  /// A row `{"messages", "tools"?}` whose last message is the assistant's: prompt and answer, the answer up to and
  /// including the token that ends a turn. kInvalidArgument for a malformed row, kFailedPrecondition when the template
  /// cannot express it.
  [[nodiscard]] Result<TrainingRow> encode(const std::string& json_line);

  [[nodiscard]] std::int32_t vocabulary_size() const;

 private:
  struct Impl;
  explicit ChatTokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The rows of a JSONL file that can be trained on, and why others cannot.
struct RowSet {
  std::vector<TrainingRow> rows;
  std::vector<std::size_t> lines;  ///< 1-based line of each row
  struct Reason {
    std::string text;
    std::size_t count = 0;
    std::size_t first_line = 0;
  };
  std::vector<Reason> left_out;

  [[nodiscard]] std::size_t left_out_count() const;
};

/// Rows longer than `longest` tokens and malformed rows are left out and counted; a template that cannot express a row,
/// an unreadable file or one without any usable row is an error.
[[nodiscard]] Result<RowSet> read_rows(const std::filesystem::path& file, ChatTokenizer& tokenizer,
                                       std::int64_t longest);

}  // namespace fw::trainer
