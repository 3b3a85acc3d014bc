#include "discovery/discovery_json.h"

#include <nlohmann/json.hpp>

#include "capture/gateway/label_rule.h"

namespace fw::discovery {
namespace {

using Json = nlohmann::ordered_json;

Json time_json(const std::optional<Timestamp>& time) { return time ? Json(to_iso8601(*time)) : Json(nullptr); }

double share_of(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

Json json_of(const Proposal& proposal, std::uint64_t all) {
  Json examples = Json::array();
  for (const Example& one : proposal.examples) {
    examples.push_back({{"record_id", *one.id}, {"asked", one.asked}, {"answered", one.answered}});
  }
  const AnswerKinds& answers = proposal.answers;
  return {
      {"name", proposal.name},
      {"records", proposal.records},
      {"share", share_of(proposal.records, all)},
      {"rule", to_json(proposal.rule)},
      {"prompt", proposal.prompt},
      {"prompt_variants", proposal.variants},
      {"with_earlier_turns", proposal.has_turns},
      {"answers",
       {{"text", answers.text}, {"json", answers.json}, {"tool_calls", answers.tool_calls}, {"error", answers.error}}},
      {"clients", proposal.clients},
      {"models", proposal.models},
      {"called", proposal.called},
      {"oldest", time_json(proposal.oldest)},
      {"newest", time_json(proposal.newest)},
      {"examples", std::move(examples)}};
}

}  // namespace

Json to_json(const capture::LabelRule& rule) { return Json::parse(capture::to_json(std::vector{rule}))["rules"][0]; }

Json to_json(const Discovery& found) {
  Json proposals = Json::array();
  for (const Proposal& proposal : found.proposals) proposals.push_back(json_of(proposal, found.records));
  return {{"records", found.records},
          {"compared", found.learned},
          {"in_none", found.in_none},
          {"without_content", found.without_content},
          {"workloads", std::move(proposals)}};
}

}  // namespace fw::discovery
