#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evals/python_json.h"
#include "modelops/row_traits.h"

namespace fw::evals {

/// One evaluation row (docs/formats/dataset_rows.md): a production request and its answer.
struct EvaluationRow {
  std::string record_id;
  modelops::RowTraits traits;
  std::string request;    ///< JSON object, compact
  std::string reference;  ///< the production model's message: JSON object, compact
  PythonValue reference_message;
  /// Of the reference, arguments as objects (tool_calls/call.h); an empty list where it made none.
  PythonValue tool_calls;
  std::string reference_text;  ///< message_text of the reference
};

/// The traits among the members of a JSON object (an evaluation row, a row result); what is absent or of another type
/// has its default, the conversation that of the record.
[[nodiscard]] modelops::RowTraits traits_from(const PythonValue& object, const std::string& record_id);
/// The same as members of a JSON object, without braces: `"label":"get_order","answer_kind":"tool_calls",...`.
[[nodiscard]] std::string traits_members(const modelops::RowTraits& traits);

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
