#include "dataset/holdout.h"

#include <algorithm>
#include <unordered_set>

#include "base/hash.h"
#include "dataset/impl/json.h"

namespace fw::dataset {
namespace {

constexpr std::uint64_t kLinesBetweenChecks = 64;

template <class T>
T value_of(const Json& line, const char* key, T otherwise) {
  const Json* value = member(line, key);
  if constexpr (std::is_same_v<T, bool>) {
    return value != nullptr && value->is_boolean() ? value->get<bool>() : otherwise;
  } else {
    return value != nullptr && value->is_number() ? value->get<T>() : otherwise;
  }
}

HoldoutRow row_of(const Json& line) {
  HoldoutRow row{.record = record::RecordId(string_member(line, "record_id")), .traits = {}};
  row.timestamp = value_of<std::int64_t>(line, "timestamp", 0);
  row.content = content_of(line);
  modelops::RowTraits& traits = row.traits;
  traits.label = string_member(line, "label");
  if (string_member(line, "answer_kind") == "tool_calls") traits.kind = modelops::AnswerKind::kToolCalls;
  traits.conversation = string_member(line, "conversation");
  if (traits.conversation.empty()) traits.conversation = *row.record;
  traits.turn = value_of(line, "turn", traits.turn);
  traits.conversation_turns = value_of(line, "conversation_turns", traits.conversation_turns);
  traits.template_in_training = value_of(line, "template_in_training", false);
  traits.is_newest = value_of(line, "newest", false);
  traits.weight = value_of(line, "weight", traits.weight);
  traits.repeats = value_of(line, "repeats", traits.repeats);
  traits.repeats_agreeing = value_of(line, "repeats_agreeing", traits.repeats_agreeing);
  traits.is_frequent = value_of(line, "frequent", false);
  return row;
}

}  // namespace

std::uint64_t content_of(const nlohmann::ordered_json& row) {
  std::string content;
  for (const char* key : {"request", "response"}) {
    const Json* value = member(row, key);
    content += (value == nullptr ? "" : to_line(*value)) + '\n';
  }
  return hash64(content);
}

Result<std::vector<HoldoutRow>> read_holdout(std::string_view eval_data, const Deadline& deadline) {
  std::vector<HoldoutRow> rows;
  std::unordered_set<std::string> seen;
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < eval_data.size();) {
    if (++number % kLinesBetweenChecks == 0) FW_TRY(deadline.check("read the held-out rows"));
    const std::size_t end = std::min(eval_data.find('\n', at), eval_data.size());
    const auto line = parse_json(eval_data.substr(at, end - at));
    at = end + 1;
    if (!line || string_member(*line, "record_id").empty()) {
      return invalid_argument("line " + std::to_string(number) + " is no evaluation row (it names no record_id)");
    }
    HoldoutRow row = row_of(*line);
    if (seen.insert(*row.record).second) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace fw::dataset
