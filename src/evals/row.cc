#include "evals/row.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "evals/answer.h"
#include "evals/json_text.h"
#include "evals/tool_calls/call.h"
#include "io/file.h"

namespace fw::evals {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{2} << 30;

std::string string_member(const PythonValue& object, std::string_view name) {
  const PythonValue* value = object.find(name);
  return value && value->string() ? *value->string() : std::string();
}

std::string_view raw_member(std::string_view object, std::string_view name) {
  for (const JsonMember& member : json_members(object))
    if (member.name == name) return member.value;
  return {};
}

Status fill_reference(EvaluationRow& row, std::string_view response) {
  row.reference = compact_json(message_json(response));
  if (row.reference.empty()) return data_loss("response.choices[0].message is missing");
  FW_ASSIGN(row.reference_message, parse_python_json(row.reference));
  if (!row.reference_message.dict()) return data_loss("response.choices[0].message is no object");
  PythonValue::List calls;
  for (const ToolCall& call : calls_of_message(row.reference_message)) {
    // A reference that cannot be compared with is a defect of the dataset, not a failed row.
    if (call.name.empty()) return data_loss("a tool call of the reference has no function.name");
    calls.push_back(to_value(call));
  }
  row.tool_calls = PythonValue(std::move(calls));
  row.reference_text = message_text(row.reference_message);
  return {};
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
  out += out.size() > 1 ? ",\"" : "\"";
  out += name;
  out += "\":";
  out += json;
}

bool is_passed_on(std::string_view name) { return name == "messages" || name == "response_format" || name == "stop"; }

}  // namespace

modelops::RowTraits traits_from(const PythonValue& object, const std::string& record_id) {
  const auto count = [&](std::string_view name) {
    const PythonValue* value = object.find(name);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(value ? value->count_or(1) : 1, 0, 1'000'000'000));
  };
  const auto claim = [&](std::string_view name) {
    const PythonValue* value = object.find(name);
    return value && value->is_true();
  };
  modelops::RowTraits traits{.label = string_member(object, "label"),
                             .conversation = string_member(object, "conversation")};
  if (traits.conversation.empty()) traits.conversation = record_id;
  if (string_member(object, "answer_kind") == to_string(modelops::AnswerKind::kToolCalls))
    traits.kind = modelops::AnswerKind::kToolCalls;
  traits.turn = count("turn");
  traits.conversation_turns = count("conversation_turns");
  traits.template_in_training = claim("template_in_training");
  traits.is_newest = claim("newest");
  const PythonValue* weight = object.find("weight");
  const double value = weight ? real_number(*weight) : 1;
  if (std::isfinite(value) && value > 0) traits.weight = value;
  traits.repeats = count("repeats");
  traits.repeats_agreeing = count("repeats_agreeing");
  traits.is_frequent = claim("frequent");
  return traits;
}

std::string traits_members(const modelops::RowTraits& traits) {
  const auto claim = [](bool value) { return std::string(value ? "true" : "false"); };
  return "\"label\":" + json_quoted(traits.label) + ",\"answer_kind\":" + json_quoted(to_string(traits.kind)) +
         ",\"conversation\":" + json_quoted(traits.conversation) + ",\"turn\":" + std::to_string(traits.turn) +
         ",\"conversation_turns\":" + std::to_string(traits.conversation_turns) +
         ",\"template_in_training\":" + claim(traits.template_in_training) + ",\"newest\":" + claim(traits.is_newest) +
         ",\"weight\":" + json_number(traits.weight) + ",\"repeats\":" + std::to_string(traits.repeats) +
         ",\"repeats_agreeing\":" + std::to_string(traits.repeats_agreeing) +
         ",\"frequent\":" + claim(traits.is_frequent);
}

Result<EvaluationRow> parse_row(std::string_view line) {
  if (!is_utf8(line)) return data_loss("the row is not UTF-8");
  auto parsed = parse_python_json(line);
  if (!parsed) return data_loss("the row " + parsed.error().message);
  const PythonValue* request = parsed->find("request");
  const PythonValue* messages = request ? request->find("messages") : nullptr;
  if (!messages || !messages->list()) return data_loss("request.messages is missing");
  EvaluationRow row{.record_id = string_member(*parsed, "record_id")};
  if (row.record_id.empty()) return data_loss("record_id is missing");
  row.traits = traits_from(*parsed, row.record_id);
  row.request = compact_json(raw_member(line, "request"));
  FW_TRY(fill_reference(row, raw_member(line, "response")));
  row.traits.kind = row.tool_calls.is_true() ? modelops::AnswerKind::kToolCalls : modelops::AnswerKind::kText;
  return row;
}

Result<std::vector<EvaluationRow>> read_rows(const std::filesystem::path& path) {
  FW_ASSIGN(const std::string content, io::read_file(path, kMaxFileBytes));
  std::vector<EvaluationRow> rows;
  std::size_t number = 1;
  for (std::size_t start = 0; start < content.size(); ++number) {
    const std::size_t end = std::min(content.find('\n', start), content.size());
    auto row = parse_row(std::string_view(content).substr(start, end - start));
    if (!row) return row.error().within(path.string() + ":" + std::to_string(number));
    rows.push_back(std::move(row).value());
    start = end + 1;
  }
  if (rows.empty()) return failed_precondition(path.string() + " has no rows");
  return rows;
}

std::vector<std::uint32_t> asks_of(std::span<const EvaluationRow> rows) {
  // A share of a whole number of rows is no more than that number by the last bits of its weight.
  constexpr double kRounding = 1e-9;
  double weight = 0;
  for (const EvaluationRow& row : rows) weight += row.traits.weight;
  std::vector<std::uint32_t> asks(rows.size(), 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].traits.is_frequent) continue;
    const double worth = rows[i].traits.weight / weight * static_cast<double>(rows.size());
    asks[i] = static_cast<std::uint32_t>(std::max(1.0, std::ceil(worth - kRounding)));
  }
  return asks;
}

std::vector<EvaluationRow> drawn_rows(std::vector<EvaluationRow> rows, std::size_t count, Random random) {
  if (count >= rows.size()) return rows;
  std::vector<std::size_t> frequent, others;
  for (std::size_t i = 0; i < rows.size(); ++i) (rows[i].traits.is_frequent ? frequent : others).push_back(i);
  std::ranges::stable_sort(frequent, std::greater(), [&](std::size_t i) { return rows[i].traits.weight; });
  const std::size_t kept = std::min(frequent.size(), count / 2);
  for (std::size_t i = kept; i < frequent.size(); ++i) others.push_back(frequent[i]);
  frequent.resize(kept);
  std::ranges::sort(others);
  const double stands_for = static_cast<double>(others.size()) / static_cast<double>(count - kept);
  random.shuffle(others);
  others.resize(count - kept);
  for (const std::size_t i : others) {
    rows[i].traits.is_frequent = false;
    if (kept > 0) rows[i].traits.weight *= stands_for;
  }
  others.insert(others.end(), frequent.begin(), frequent.end());
  std::ranges::sort(others);
  std::vector<EvaluationRow> drawn;
  for (const std::size_t i : others) drawn.push_back(std::move(rows[i]));
  return drawn;
}

std::string chat_request(const EvaluationRow& row, const RequestSettings& settings) {
  std::string body = "{", tools, tool_choice, parallel_tool_calls, max_tokens;
  append_member(body, "model", json_quoted(settings.model));
  for (const JsonMember& member : json_members(row.request)) {
    if (member.value == "null") continue;
    if (is_passed_on(member.name)) append_member(body, member.name, member.value);
    if (member.name == "tools" && member.value.size() > 2) tools = member.value;
    if (member.name == "tool_choice") tool_choice = member.value;
    if (member.name == "parallel_tool_calls") parallel_tool_calls = member.value;
    if (member.name == "max_tokens" || member.name == "max_completion_tokens") max_tokens = member.value;
  }
  if (!tools.empty()) {
    append_member(body, "tools", tools);
    append_member(body, "tool_choice", tool_choice.empty() ? "\"auto\"" : tool_choice);
    if (!parallel_tool_calls.empty()) append_member(body, "parallel_tool_calls", parallel_tool_calls);
  }
  append_member(body, "temperature", "0");
  append_member(body, "seed", std::to_string(settings.seed & 0x7fffffff));
  if (settings.log_probabilities) {
    append_member(body, "logprobs", "true");
    // llama.cpp counts none as "do not compute any".
    append_member(body, "top_logprobs", "1");
  }
  append_member(body, "max_tokens", max_tokens.empty() ? std::to_string(settings.max_tokens) : max_tokens);
  return body + "}";
}

}  // namespace fw::evals
