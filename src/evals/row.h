#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evals/python_json.h"

namespace fw::evals {

/// One evaluation row (docs/formats/dataset_rows.md): a production request and its answer.
struct EvaluationRow {
  std::string record_id;
  std::string label;
  bool novel_wording = false;
  std::string request;    ///< JSON object, compact
  std::string reference;  ///< the production model's message: JSON object, compact
  PythonValue reference_message;
  PythonValue tool_calls;      ///< of the reference; an empty list where it made none
  std::string reference_text;  ///< comparable_text of the reference
};

/// kDataLoss says what the row lacks.
[[nodiscard]] Result<EvaluationRow> parse_row(std::string_view line);

/// All rows of a file, at least one. kDataLoss names file and line. Blocks.
[[nodiscard]] Result<std::vector<EvaluationRow>> read_rows(const std::filesystem::path& path);

/// What a request needs beside the row.
struct RequestSettings {
  std::string model;
  int max_tokens = 512;  ///< where the row's request has neither max_tokens nor max_completion_tokens
  std::uint64_t seed = 0;
};

/// The chat completion request of a row: its messages, tools, tool_choice (`auto` where tools come without one),
/// parallel_tool_calls, response_format and stop as captured, temperature 0 and the seed. Everything else that an
/// application sends (streaming, sampling, user, metadata) is left out.
[[nodiscard]] std::string chat_request(const EvaluationRow& row, const RequestSettings& settings);

}  // namespace fw::evals
