#include "dataset/impl/survey.h"

#include <algorithm>
#include <numeric>

#include "async/parallel_for.h"
#include "dataset/impl/json_hash.h"
#include "dataset/reasons.h"
#include "modelops/variant.h"

namespace fw::dataset {
namespace {

constexpr std::uint32_t kTellingWords = 3;
constexpr std::uint64_t kCapturedId = 0x6361'7074;  // no name of the request's own ids

/// Why an exchange is nothing to learn from that lost its content, did not finish, or shows what a candidate answers:
/// measured against that, it would agree with itself. "" for others.
std::string_view defect_of(const record::Interaction& record) {
  if (!record.has_content()) return reasons::kContentExpired;
  if (modelops::is_candidates_name(record.provenance.variant)) return reasons::kCandidateAnswered;
  switch (record.provenance.ending) {
    case record::Ending::kFinished: return {};
    case record::Ending::kClientGone: return reasons::kClientGone;
    case record::Ending::kUpstreamDied: return reasons::kUpstreamDied;
    case record::Ending::kRefused: return reasons::kUpstreamRefused;
    case record::Ending::kArgumentsIncomplete: return reasons::kArgumentsIncomplete;
  }
  return {};
}

}  // namespace

Survey::Survey(bool parse_arguments) {
  for (std::size_t i = 0; i < parallel_workers(); ++i) {
    readers_.push_back(std::make_unique<FactsReader>(parse_arguments));
  }
}

void Survey::add(std::span<const record::Interaction> page) {
  std::vector<RecordFacts> facts(page.size());
  parallel_for(page.size(), [&](std::size_t worker, std::size_t i) {
    facts[i].defect = defect_of(page[i]);
    if (facts[i].defect.empty()) facts[i] = readers_[worker]->read(page[i].request, page[i].response);
  });
  for (std::size_t i = 0; i < page.size(); ++i) add(page[i], facts[i]);
}

void Survey::add(const record::Interaction& record, const RecordFacts& facts) {
  ++validate.in;
  if (!facts.defect.empty()) {
    ++validate.reasons[std::string(facts.defect)];
    return;
  }
  ++validate.out;
  for (const auto repair : facts.repairs) ++validate.repaired[std::string(repair)];
  const bool calls_tool = facts.kind == modelops::AnswerKind::kToolCalls;
  calls_tools |= calls_tool;
  const auto number = static_cast<std::uint32_t>(records.size());
  records.push_back(
      {.time = record.timestamp,
       .id_at = ids_.size(),
       .request = facts.request,
       .answer = facts.answer,
       .opening = facts.opening.hash,
       .last = facts.last.hash,
       .named_at = named_ids_.size(),
       .label = label_number(facts.label),
       .request_bytes = facts.request_bytes,
       .answers_before = static_cast<std::uint16_t>(std::min<std::uint32_t>(facts.answers_before, UINT16_MAX)),
       .id_size = static_cast<std::uint8_t>(std::min<std::size_t>(record.id->size(), UINT8_MAX)),
       .named = static_cast<std::uint8_t>(facts.last.named_ids.size()),
       .calls_tool = calls_tool,
       .is_opening_telling = facts.opening.words >= kTellingWords});
  ids_ += *record.id;
  named_ids_.insert(named_ids_.end(), facts.last.named_ids.begin(), facts.last.named_ids.end());
  if (facts.explicit_id != 0) conversation_ids.push_back({facts.explicit_id, number});
  if (const auto& captured = record.provenance.conversation; !captured.empty())
    conversation_ids.push_back({combine(kCapturedId, captured), number});
  for (const Prefix& prefix : facts.prefixes) links.push_back({prefix.hash, number, prefix.bytes, prefix.place});
  if (facts.denied != 0) {
    Denial& denial = denials_[facts.denied];
    if (denial.times++ == 0 || facts.denial < denial.text) denial.text = facts.denial;
  }
  templates.add(facts.opening.hash, facts.opening.tokens);
  templates.add(facts.last.hash, facts.last.tokens);
}

std::uint32_t Survey::label_number(const std::string& label) {
  const auto [it, fresh] = label_numbers_.try_emplace(label, static_cast<std::uint32_t>(labels.size()));
  if (fresh) labels.push_back(label);
  return it->second;
}

Status Survey::finish(const Deadline& deadline) {
  std::vector<std::uint32_t> order(records.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto id_view = [&](const Surveyed& record) {
    return std::string_view(ids_).substr(record.id_at, record.id_size);
  };
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    const Surveyed& left = records[a];
    const Surveyed& right = records[b];
    return left.time != right.time ? left.time < right.time : id_view(left) < id_view(right);
  });
  std::vector<std::uint32_t> place(records.size());
  std::vector<Surveyed> sorted;
  sorted.reserve(records.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    sorted.push_back(records[order[i]]);
  }
  records = std::move(sorted);
  for (Link& link : links) link.record = place[link.record];
  for (auto& [id, record] : conversation_ids) record = place[record];
  find_denied();
  return templates.resolve(deadline);
}

void Survey::find_denied() {
  if (denials_.empty()) return;
  for (const Link& link : links) {
    if (link.place != PrefixPlace::kAnswered) continue;
    const auto denial = denials_.find(link.prefix);
    if (denial == denials_.end()) continue;
    ++denial->second.of;
    denied_records_[link.record] = link.prefix;
  }
}

const std::string* Survey::denial_of(std::uint32_t record) const {
  const auto found = denied_records_.find(record);
  if (found == denied_records_.end()) return nullptr;
  const Denial& denial = denials_.at(found->second);
  return 2 * denial.times >= denial.of ? &denial.text : nullptr;
}

}  // namespace fw::dataset
