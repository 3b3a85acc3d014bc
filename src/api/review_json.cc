#include "api/review_json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "auth/person.h"
#include "review/quality.h"
#include "review/shown_answer.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;
using review::Label;
using review::Verdict;
using review::WholeReview;

Json parsed(const std::string& text) {
  auto value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(nullptr) : value;
}

Json interval_json(const evals::Interval& interval) { return {{"low", interval.low}, {"high", interval.high}}; }

Json quality_json(const WholeReview& whole) {
  const auto known = review::quality(whole.review.subject, whole.items, whole.labels);
  if (!known) return nullptr;
  return {{"rows", known->rows},       {"divergent", known->divergent}, {"judged", known->judged},
          {"as_good", known->as_good}, {"low", known->interval.low},    {"high", known->interval.high}};
}

Json agreements_json(const WholeReview& whole) {
  Json out = Json::array();
  for (const auto& each : review::agreements(whole.labels)) {
    out.push_back({{"people", {each.first, each.second}},
                   {"rows", each.rows},
                   {"equal", each.equal},
                   {"kappa", each.kappa ? Json(*each.kappa) : Json(nullptr)},
                   {"low", each.interval.low},
                   {"high", each.interval.high}});
  }
  return out;
}

Json judge_json(const WholeReview& whole) {
  const auto check = review::check_judge(whole.items, whole.labels);
  if (!check) return nullptr;
  return {{"good", check->good},
          {"found_good", check->found_good},
          {"bad", check->bad},
          {"found_bad", check->found_bad},
          {"sensitivity", interval_json(check->sensitivity)},
          {"specificity", interval_json(check->specificity)}};
}

Json counts_json(const WholeReview& whole) {
  std::map<std::string, std::uint64_t> people, verdicts;
  std::set<std::string> judged;
  for (const auto& label : whole.labels) {
    ++people[label.person];
    ++verdicts[std::string(review::to_string(label.verdict))];
    judged.insert(label.record_id);
  }
  return {{"items", whole.items.size()}, {"judged", judged.size()}, {"people", people}, {"verdicts", verdicts}};
}

Json shadow_json(const WholeReview& whole) {
  const auto known = review::shadow_quality(whole.items, whole.labels);
  if (!known) return nullptr;
  return {{"items", known->rows},       {"judged", known->judged},
          {"told", known->told},        {"as_good", known->told > 0 ? Json(known->as_good) : Json(nullptr)},
          {"low", known->interval.low}, {"high", known->interval.high}};
}

const Label* label_of(const WholeReview& whole, const std::string& record, const std::string& person) {
  for (const auto& label : whole.labels) {
    if (label.record_id == record && auth::is_same_person(label.person, person)) return &label;
  }
  return nullptr;
}

/// A stored verdict as its person said it.
std::string by_side(Verdict verdict, bool candidate_is_left) {
  if (verdict == Verdict::kCandidateBetter) return candidate_is_left ? "left_better" : "right_better";
  if (verdict == Verdict::kProductionBetter) return candidate_is_left ? "right_better" : "left_better";
  return std::string(review::to_string(verdict));
}

Json own_json(const Label* label, bool candidate_is_left) {
  if (label == nullptr) return nullptr;
  return {{"verdict", by_side(label->verdict, candidate_is_left)},
          {"note", label->note},
          {"tags", label->tags},
          {"corrected", label->corrected.empty() ? Json(nullptr) : parsed(label->corrected)},
          {"at", to_iso8601(label->at)}};
}

}  // namespace

Json review_summary(const WholeReview& whole) {
  const auto& [id, job_id, created_at, subject] = whole.review;
  return {{"id", id},
          {"job_id", job_id},
          {"created_at", to_iso8601(created_at)},
          {"workload_id", subject.workload},
          {"client_id", subject.client},
          {"model_name", subject.model_name},
          {"variant", subject.variant},
          {"decision", subject.decision},
          {"rows", subject.rows},
          {"divergent", subject.divergent},
          {"left_out", subject.left_out},
          {"counts", counts_json(whole)},
          {"quality", quality_json(whole)},
          {"shadow", shadow_json(whole)},
          {"agreements", agreements_json(whole)},
          {"judge", judge_json(whole)}};
}

Json review_items(const WholeReview& whole, const std::string& person, std::optional<review::Source> source) {
  std::map<std::string, std::uint64_t> judged_by;
  std::map<std::string, const Label*> own;
  for (const auto& label : whole.labels) {
    ++judged_by[label.record_id];
    if (auth::is_same_person(label.person, person)) own[label.record_id] = &label;
  }
  Json out = Json::array();
  for (const auto& item : whole.items) {
    if (source && item.source != *source) continue;
    const auto mine = own.find(item.record_id);
    const bool left = review::is_candidate_left(whole.review.id, item.record_id, person);
    out.push_back({{"record_id", item.record_id},
                   {"class", mine == own.end() ? Json(nullptr) : Json(item.label)},
                   {"group", item.group},
                   {"why", item.why},
                   {"source", review::to_string(item.source)},
                   {"judged_by", judged_by[item.record_id]},
                   {"mine", mine == own.end() ? Json(nullptr) : Json(by_side(mine->second->verdict, left))}});
  }
  return out;
}

Json review_card(const WholeReview& whole, const review::Item& item, const std::string& person, bool reveal) {
  const Json body = parsed(item.body);
  const bool left = review::is_candidate_left(whole.review.id, item.record_id, person);
  std::uint64_t alike = 0, alike_left = 0, others = 0;
  for (const auto& each : whole.items) {
    if (each.group != item.group || each.record_id == item.record_id) continue;
    ++alike;
    alike_left += label_of(whole, each.record_id, person) == nullptr ? 1 : 0;
  }
  for (const auto& label : whole.labels)
    others += label.record_id == item.record_id && !auth::is_same_person(label.person, person) ? 1 : 0;
  const Json candidate{{"message", review::shown_answer(body.value("candidate", Json()))},
                       {"failure", body.value("failure", Json())}};
  const Json production{{"message", review::shown_answer(body.value("production", Json()))}, {"failure", nullptr}};
  Json out{{"record_id", item.record_id},
           {"why", item.why},
           {"source", review::to_string(item.source)},
           {"messages", body.value("messages", Json::array())},
           {"left", left ? candidate : production},
           {"right", left ? production : candidate},
           {"alike", alike},
           {"alike_left", alike_left},
           {"judged_by_others", others},
           {"mine", own_json(label_of(whole, item.record_id, person), left)},
           {"revealed", nullptr}};
  if (reveal) {
    out["revealed"] = {{"candidate", left ? "left" : "right"},
                       {"class", item.label},
                       {"agreement", body.value("agreement", Json())},
                       {"scores", body.value("scores", Json::object())},
                       {"mistakes", body.value("mistakes", Json::array())}};
  }
  return out;
}

Json review_label_line(const review::Review& review, const Label& label, const review::Item& item) {
  const Json body = parsed(item.body);
  return {{"review", review.id},
          {"job_id", review.job_id},
          {"workload_id", review.subject.workload},
          {"client_id", review.subject.client},
          {"model_name", review.subject.model_name},
          {"variant", review.subject.variant},
          {"record_id", label.record_id},
          {"class", item.label},
          {"source", review::to_string(item.source)},
          {"person", label.person},
          {"at", to_iso8601(label.at)},
          {"verdict", review::to_string(label.verdict)},
          {"note", label.note},
          {"tags", label.tags},
          {"corrected", label.corrected.empty() ? Json(nullptr) : parsed(label.corrected)},
          {"messages", body.value("messages", Json())},
          {"production", body.value("production", Json())},
          {"candidate", body.value("candidate", Json())}};
}

}  // namespace fw::api
