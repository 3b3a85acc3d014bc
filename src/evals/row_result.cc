#include "evals/row_result.h"

#include <algorithm>
#include <cmath>

#include "evals/json_text.h"
#include "evals/python_json.h"
#include "evals/row.h"
#include "io/file.h"

namespace fw::evals {
namespace {

using modelops::RowResult;

constexpr std::uint64_t kMostAsks = 1'000'000;
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{8} << 30;

std::string_view or_null(std::string_view json) { return json.empty() ? "null" : json; }

std::string text(const PythonValue& value) { return value.string() ? *value.string() : std::string(); }
std::string json(std::string_view value) { return value == "null" ? std::string() : std::string(value); }

void set_member(RowResult& row, const JsonMember& member, const PythonValue& value) {
  if (member.name == "record_id") row.record_id = text(value);
  if (member.name == "request") row.request = json(member.value);
  if (member.name == "response") row.response = json(member.value);
  if (member.name == "reference") row.reference = json(member.value);
  if (member.name == "prompt_tokens") row.prompt_tokens = value.count_or(0);
  if (member.name == "completion_tokens") row.completion_tokens = value.count_or(0);
  if (member.name == "latency_seconds" && std::isfinite(real_number(value))) row.latency_seconds = real_number(value);
  if (member.name == "attempts") row.attempts = static_cast<int>(std::min<std::uint64_t>(value.count_or(0), 1'000'000));
  if (member.name == "cached_prompt_tokens") row.cached_prompt_tokens = value.count_or(0);
  if (member.name == "ask") row.ask = static_cast<std::uint32_t>(std::min<std::uint64_t>(value.count_or(0), kMostAsks));
  if (member.name == "asks")
    row.asks = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(value.count_or(1), 1, kMostAsks));
  if (member.name == "confidence" && std::isfinite(real_number(value)))
    row.confidence = std::clamp(real_number(value), 0.0, 1.0);
  if (member.name == "was_alone") row.was_alone = value.is_true();
  if (member.name == "failure") row.failure = text(value);
  if (member.name == "error") row.error = text(value);
  if (member.name == "mistakes" && value.list())
    for (const PythonValue& mistake : *value.list()) row.mistakes.push_back(text(mistake));
  if (member.name == "scores" && value.dict())
    for (const auto& [name, score] : *value.dict())
      if (std::isfinite(real_number(score))) row.scores.emplace(name, real_number(score));
}

}  // namespace

std::string to_json_line(const RowResult& row) {
  std::string scores;
  for (const auto& [name, score] : row.scores)
    scores += (scores.empty() ? "" : ",") + json_quoted(name) + ":" + json_number(score);
  std::string mistakes;
  for (const auto& mistake : row.mistakes) mistakes += (mistakes.empty() ? "" : ",") + json_quoted(mistake);
  std::string out = "{\"record_id\":" + json_quoted(row.record_id) + "," + traits_members(row.traits);
  out += ",\"ask\":" + std::to_string(row.ask) + ",\"asks\":" + std::to_string(row.asks);
  out += ",\"scores\":{" + scores + "},\"mistakes\":[" + mistakes + "]";
  out += ",\"failure\":" + (row.failure.empty() ? "null" : json_quoted(row.failure));
  out += ",\"error\":" + (row.error.empty() ? "null" : json_quoted(row.error));
  out += ",\"confidence\":" + (row.confidence ? json_number(*row.confidence) : "null");
  out += std::string(",\"was_alone\":") + (row.was_alone ? "true" : "false");
  out += ",\"latency_seconds\":" + json_number(row.latency_seconds) + ",\"attempts\":" + std::to_string(row.attempts);
  out += ",\"prompt_tokens\":" + std::to_string(row.prompt_tokens);
  out += ",\"cached_prompt_tokens\":" + std::to_string(row.cached_prompt_tokens);
  out += ",\"completion_tokens\":" + std::to_string(row.completion_tokens);
  out.append(",\"reference\":").append(or_null(row.reference));
  out.append(",\"response\":").append(or_null(row.response));
  out.append(",\"request\":").append(or_null(row.request));
  return out + "}";
}

Result<RowResult> parse_row_result(std::string_view line) {
  auto parsed = parse_python_json(line);
  if (!parsed) return data_loss("the row result " + parsed.error().message);
  if (!parsed->dict()) return data_loss("the row result is no JSON object");
  RowResult row;
  for (const JsonMember& member : json_members(line)) set_member(row, member, *parsed->find(member.name));
  if (row.record_id.empty()) return data_loss("the row result has no record_id");
  row.traits = traits_from(*parsed, row.record_id);
  if (row.response.empty() && row.failure.empty()) row.failure = row.error.empty() ? "no answer" : row.error;
  return row;
}

Status write_row_results(const std::filesystem::path& path, std::span<const RowResult> rows) {
  std::string content;
  for (const RowResult& row : rows) content += to_json_line(row) + '\n';
  FW_TRY(io::create_folders(path.parent_path()));
  return io::write_file_atomically(path, content);
}

Result<std::vector<RowResult>> read_row_results(const std::filesystem::path& path) {
  FW_ASSIGN(const std::string content, io::read_file(path, kMaxFileBytes));
  std::vector<RowResult> rows;
  std::size_t number_of_line = 1;
  for (std::size_t start = 0; start < content.size(); ++number_of_line) {
    const std::size_t end = std::min(content.find('\n', start), content.size());
    auto row = parse_row_result(std::string_view(content).substr(start, end - start));
    if (!row) return row.error().within(path.string() + ":" + std::to_string(number_of_line));
    rows.push_back(std::move(row).value());
    start = end + 1;
  }
  return rows;
}

}  // namespace fw::evals
