#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "async/deadline.h"
#include "base/result.h"

namespace fw::dataset {

/// In which form rows leave (docs/formats/dataset_exports.md).
enum class RowFormat {
  kChat,    ///< `{"messages", "tools"}`, the arguments of every call as text
  kOpenAi,  ///< OpenAI's fine-tuning of chat models: the same under its rules; the loss is on the answer alone
  kPromptCompletion,  ///< `{"prompt", "completion"}`, two texts
  kShareGpt,          ///< `{"conversations": [{"from", "value"}], "tools"}` as LLaMA-Factory and Axolotl read it
};

/// `chat`, `openai`, `prompt-completion`, `sharegpt`.
[[nodiscard]] Result<RowFormat> parse_row_format(std::string_view name);

/// In which file.
enum class FileType {
  kJsonLines,  ///< an object a line
  kParquet,    ///< a table with a column for each member
};

/// `jsonl`, `parquet`.
[[nodiscard]] Result<FileType> parse_file_type(std::string_view name);

/// Invariant: rows == written + the sum of left_out.
struct ExportedRows {
  std::uint64_t rows = 0;
  std::uint64_t written = 0;
  std::map<std::string, std::uint64_t> left_out;  ///< by what the format cannot say
  std::map<std::string, std::uint64_t> changed;   ///< rows that say something in another way; a row may count twice
};

/// The rows of a file in another form, in their order, piece by piece to `write` (of JSON lines, a line); ends early
/// with its error. What a format cannot say is left out and counted, never cut to fit. Where no row fits, nothing is
/// written.
[[nodiscard]] Result<ExportedRows> export_rows(std::string_view file, RowFormat format, FileType type,
                                               const Deadline& deadline,
                                               const std::function<Status(std::string_view piece)>& write);

}  // namespace fw::dataset
