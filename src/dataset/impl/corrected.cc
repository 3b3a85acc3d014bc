#include "dataset/impl/corrected.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "dataset/impl/chat.h"
#include "dataset/impl/normalise.h"
#include "dataset/reasons.h"

namespace fw::dataset {
namespace {

bool has_tool(const Json& request, const std::string& name) {
  const Json* tools = member(request, "tools");
  return tools != nullptr && std::ranges::any_of(*tools, [&](const Json& tool) {
           const Json* function = member(tool, "function");
           return function != nullptr && string_member(*function, "name") == name;
         });
}

/// People write names by hand; both are normalised.
bool calls_unknown_tool(const Json& request, const Json& response) {
  const Json* answer = answer_of(response);
  const Json* calls = answer == nullptr ? nullptr : tool_calls_of(*answer);
  return calls != nullptr && !std::ranges::all_of(*calls, [&](const Json& call) {
           const Json* function = member(call, "function");
           return function != nullptr && has_tool(request, string_member(*function, "name"));
         });
}

}  // namespace

std::string response_with(const std::string& message) {
  auto said = parse_json(message);
  if (!said || !said->is_object()) return "{}";
  (*said)["role"] = "assistant";
  const bool calls = tool_calls_of(*said) != nullptr;
  Json choice{{"index", 0}, {"message", std::move(*said)}, {"finish_reason", calls ? "tool_calls" : "stop"}};
  return to_line(Json{{"choices", Json::array({std::move(choice)})}});
}

Corrected::Corrected(const std::optional<std::span<const Correction>>& given, bool parse_arguments)
    : reader_(parse_arguments), parse_arguments_(parse_arguments) {
  if (!given) return;
  counts_.emplace();
  counts_->given = given->size();
  for (const Correction& one : *given) {
    const auto [known, is_new] = waiting_.try_emplace(*one.record, one);
    if (is_new) continue;
    ++counts_->superseded;
    // The same time: by text, so that the order in which they come does not count.
    if (std::tie(known->second.at, known->second.message) < std::tie(one.at, one.message)) known->second = one;
  }
}

void Corrected::see(const record::Interaction& record) {
  if (waiting_.empty()) return;
  const auto found = waiting_.find(*record.id);
  if (found == waiting_.end()) return;
  const RecordFacts facts = reader_.read(record.request, record.response);
  if (!facts.defect.empty() || record.provenance.ending != record::Ending::kFinished) return;
  Response response{response_with(found->second.message), found->second.at, record.id};
  waiting_.erase(found);
  if (const std::string defect = defect_of(record, response.text); !defect.empty()) {
    ++counts_->unusable[defect];
    return;
  }
  const auto [known, is_new] = by_request_.try_emplace(facts.request, response);
  if (is_new) return;
  ++counts_->superseded;
  if (std::tie(known->second.at, known->second.record) < std::tie(response.at, response.record))
    known->second = std::move(response);
}

std::string Corrected::defect_of(const record::Interaction& record, const std::string& response) {
  if (const auto defect = reader_.read(record.request, response).defect; !defect.empty()) return std::string(defect);
  auto request = parse_json(record.request);
  auto answer = parse_json(response);
  if (!request || !answer) return std::string(reasons::kResponseNotObject);
  (void)normalise(*request, *answer, parse_arguments_);
  return std::string(calls_unknown_tool(*request, *answer) ? reasons::kToolUnknown : "");
}

void Corrected::settle(const Selected& selected, const Survey& survey, const Split& split) {
  if (!counts_) return;
  counts_->not_in_window = waiting_.size();
  counts_->left_out = by_request_.size();
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    if (!by_request_.contains(survey.records[selected.rows[i].record].request)) continue;
    const Side side = split.sides[i];
    counts_->train += side == Side::kTrain;
    counts_->validation += side == Side::kValidation;
    counts_->evaluation += side == Side::kEval;
  }
  counts_->left_out -= counts_->train + counts_->validation + counts_->evaluation;
}

const std::string* Corrected::response_of(std::uint64_t request) const {
  const auto found = by_request_.find(request);
  return found == by_request_.end() ? nullptr : &found->second.text;
}

}  // namespace fw::dataset
