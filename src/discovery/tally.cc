#include "discovery/tally.h"

#include <algorithm>
#include <tuple>

#include "base/hash.h"
#include "capture/gateway/label_rule.h"
#include "traffic/exchange.h"

namespace fw::discovery {
namespace {

void count(std::map<std::string, std::uint64_t>& counts, const std::string& name) {
  const bool has_room = counts.size() < Tally::kMostNames || counts.contains(name);
  ++counts[has_room ? name : "(other)"];
}

bool begins_as_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && (text[first] == '{' || text[first] == '[');
}

void count_answer(AnswerKinds& kinds, const traffic::Exchange& exchange) {
  if (exchange.is_error) {
    ++kinds.error;
  } else if (!exchange.called.empty()) {
    ++kinds.tool_calls;
  } else {
    ++(begins_as_json(exchange.answered) ? kinds.json : kinds.text);
  }
}

std::string answer_of(const traffic::Exchange& exchange) {
  return exchange.called.empty() ? exchange.answered : "calls " + exchange.called.front() + ": " + exchange.answered;
}

/// Examples with their lots, ascending.
struct Drawn {
  std::uint64_t lot = 0;
  Example example;
};

void draw(std::vector<Drawn>& drawn, const record::Interaction& record, const traffic::Exchange& exchange) {
  const auto key = [](const Drawn& d) { return std::tie(d.lot, d.example.id); };
  Drawn one{hash64("example " + *record.id), {record.id, exchange.asked, answer_of(exchange)}};
  if (drawn.size() >= Tally::kExamples && key(one) >= key(drawn.back())) return;
  drawn.insert(std::ranges::upper_bound(drawn, key(one), {}, key), std::move(one));
  if (drawn.size() > Tally::kExamples) drawn.pop_back();
}

}  // namespace

struct Tally::Impl {
  std::vector<Proposal> proposals;
  std::vector<std::vector<Drawn>> drawn;
  Discovery discovery;
  capture::RequestScanner scanner;
  std::string buffer;
  traffic::ExchangeReader reader;
};

Tally::Tally(std::vector<Proposal> proposals) : impl_(std::make_unique<Impl>()) {
  impl_->proposals = std::move(proposals);
  impl_->drawn.resize(impl_->proposals.size());
}
Tally::~Tally() = default;

void Tally::add(const record::Interaction& record) {
  Impl& me = *impl_;
  ++me.discovery.records;
  me.buffer = record.request;
  const auto scan = me.scanner.scan(me.buffer, true);
  const auto found = std::ranges::find_if(
      me.proposals, [&](const Proposal& p) { return scan.is_object && capture::fits(p.rule, "", scan); });
  if (found == me.proposals.end()) {
    ++me.discovery.in_none;
    return;
  }
  const auto exchange = me.reader.read(record);
  ++found->records;
  found->has_turns += exchange.messages > (scan.system.empty() ? 1U : 2U);
  count_answer(found->answers, exchange);
  count(found->clients, *record.client);
  if (const auto& model = exchange.model_answered.empty() ? exchange.model_asked : exchange.model_answered;
      !model.empty()) {
    count(found->models, model);
  }
  for (const std::string& tool : exchange.called) count(found->called, tool);
  found->oldest = std::min(found->oldest.value_or(record.timestamp), record.timestamp);
  found->newest = std::max(found->newest.value_or(record.timestamp), record.timestamp);
  draw(me.drawn[static_cast<std::size_t>(found - me.proposals.begin())], record, exchange);
}

Discovery Tally::finish() && {
  Impl& me = *impl_;
  for (std::size_t i = 0; i < me.proposals.size(); ++i) {
    if (me.proposals[i].records == 0) continue;
    for (Drawn& drawn : me.drawn[i]) me.proposals[i].examples.push_back(std::move(drawn.example));
    me.discovery.proposals.push_back(std::move(me.proposals[i]));
  }
  return std::move(me.discovery);
}

}  // namespace fw::discovery
