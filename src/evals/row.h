#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
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

/// How often each row is asked. A row that the lot has drawn: once. A frequent request, which is all of its records: as
/// often as its share of the weight is worth rows, rounded up, so that its answers say as much of it as those of drawn
/// rows say of theirs. At most twice as many asks as rows where no more than half are frequent.
[[nodiscard]] std::vector<std::uint32_t> asks_of(std::span<const EvaluationRow> rows);

/// At most `count` (at least 1) of the rows, in their order. The most frequent requests stay, up to half of the count;
/// the others are drawn by the generator, and weigh as much more as fewer of them are left.
[[nodiscard]] std::vector<EvaluationRow> drawn_rows(std::vector<EvaluationRow> rows, std::size_t count, Random random);

/// What a request needs beside the row.
struct RequestSettings {
  std::string model;
  int max_tokens = 512;  ///< where the row's request has neither max_tokens nor max_completion_tokens
  std::uint64_t seed = 0;
  bool log_probabilities = false;  ///< asks for those of the tokens that are chosen
};

/// The chat completion request of a row: its messages, tools, tool_choice (`auto` where tools come without one),
/// parallel_tool_calls, response_format and stop as captured, temperature 0 and the seed. Everything else that an
/// application sends (streaming, sampling, user, metadata) is left out.
[[nodiscard]] std::string chat_request(const EvaluationRow& row, const RequestSettings& settings);

}  // namespace fw::evals
