#include "dataset/card.h"

#include <map>
#include <nlohmann/json.hpp>

namespace fw::dataset {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kMethod =
    "likeness is Jaccard's, of the runs of three words of all turns that the model saw, compared exactly with every "
    "evaluation row; runs that many rows share are their frame and do not count; numbers and ids must agree too, and "
    "what system messages say of their own but dates; rows that are all frame are compared by their words";

Json counts_to_json(const std::map<std::string, std::uint64_t>& counts) {
  Json out = Json::object();
  for (const auto& [what, count] : counts) out[what] = count;
  return out;
}

Json step_to_json(const Step& step) {
  Json out{{"step", step.name}, {"in", step.in}, {"out", step.out}, {"reasons", counts_to_json(step.reasons)}};
  if (!step.repaired.empty()) out["repaired"] = counts_to_json(step.repaired);
  return out;
}

Json share_of(double part, double all) { return all > 0 ? Json(part / all) : Json(nullptr); }

Json mix_to_json(const Mix& mix) {
  MixCounts all;
  for (const MixCounts& c : mix.values) {
    all.traffic += c.traffic;
    all.train += c.train;
    all.validation += c.validation;
    all.eval += c.eval;
    all.eval_weight += c.eval_weight;
  }
  const auto counted = [](const char* what, std::uint64_t part, std::uint64_t of) {
    return Json{{what, part}, {"share", share_of(static_cast<double>(part), static_cast<double>(of))}};
  };
  Json values = Json::array();
  for (const MixCounts& c : mix.values) {
    Json eval = counted("rows", c.eval, all.eval);
    eval["weighted_share"] = share_of(c.eval_weight, all.eval_weight);
    values.push_back({{"value", c.value},
                      {"traffic", counted("records", c.traffic, all.traffic)},
                      {"eval", std::move(eval)},
                      {"train", counted("rows", c.train, all.train)},
                      {"validation", counted("rows", c.validation, all.validation)}});
  }
  return {{"of", mix.of}, {"values", std::move(values)}};
}

Json templates_to_json(const TemplateCounts& t) {
  return {{"templates", t.templates},
          {"eval_rows_seen", t.rows_seen},
          {"eval_rows_unseen", t.rows_unseen},
          {"rows_left_out", t.rows_left_out},
          {"newest_known_share", t.newest_known_share < 0 ? Json(nullptr) : Json(t.newest_known_share)}};
}

Json agreement_to_json(const SelfAgreement& a) {
  return {{"requests", a.requests},
          {"records", a.records},
          {"share", share_of(static_cast<double>(a.agreeing), static_cast<double>(a.records))},
          {"pairs_share", share_of(static_cast<double>(a.pairs_agreeing), static_cast<double>(a.pairs))}};
}

Json corrections_to_json(const CorrectionCounts& c) {
  std::uint64_t unusable = 0;
  for (const auto& [reason, count] : c.unusable) unusable += count;
  return {{"given", c.given},
          {"train", c.train},
          {"validation", c.validation},
          {"evaluation_unchanged", c.evaluation},
          {"left_out", c.left_out},
          {"superseded", c.superseded},
          {"not_in_window", c.not_in_window},
          {"unusable", unusable},
          {"reasons", counts_to_json(c.unusable)}};
}

Json holdout_to_json(const HoldoutCounts& set) {
  Json retired = Json::array();
  for (const auto& one : set.retired) retired.push_back({{"record_id", one.record_id}, {"why", one.why}});
  return {{"job", set.job},
          {"dataset", set.dataset},
          {"digest", set.digest},
          {"rows", set.rows},
          {"evaluated", set.evaluated},
          {"retired", std::move(retired)},
          {"retired_weight_share", set.retired_weight_share},
          {"answered_otherwise", set.answered_otherwise},
          {"rewritten", set.rewritten},
          {"newest_record", set.newest_record},
          {"records", set.records},
          {"records_since", set.records_since}};
}

Json suspicious_to_json(const SuspiciousCounts& suspicious) {
  Json reasons = Json::array();
  for (const auto& reason : suspicious.reasons) {
    Json examples = Json::array();
    for (const auto& example : reason.examples) {
      examples.push_back({{"record_id", example.record_id}, {"detail", example.detail}});
    }
    reasons.push_back({{"why", reason.why},
                       {"training", reason.training},
                       {"evaluation", reason.evaluation},
                       {"examples", std::move(examples)}});
  }
  return {{"left_out", suspicious.left_out},
          {"training_rows", suspicious.training_rows},
          {"evaluation_rows", suspicious.evaluation_rows},
          {"reasons", std::move(reasons)}};
}

Json like_requests_to_json(const LikeRequests& like) {
  Json classes = Json::array();
  for (const auto& one : like.classes) {
    classes.push_back({{"label", one.label},
                       {"rows", one.rows},
                       {"agreeing_share", one.agreeing_share},
                       {"chance_share", one.chance_share}});
  }
  return {{"rows", like.rows},
          {"agreeing_share", like.agreeing_share},
          {"chance_share", like.chance_share},
          {"noisy", like.is_noisy()},
          {"classes", std::move(classes)}};
}

Json clusters_to_json(const NearDuplicateCounts& counts) {
  Json largest = Json::array();
  for (const auto& cluster : counts.largest) {
    Json examples = Json::array();
    for (const LeakText& row : cluster.examples) {
      examples.push_back({{"record_id", row.record_id}, {"text", row.text}});
    }
    largest.push_back({{"rows", cluster.rows()},
                       {"train", cluster.train},
                       {"validation", cluster.validation},
                       {"evaluation", cluster.evaluation},
                       {"answers", cluster.answers},
                       {"examples", std::move(examples)}});
  }
  return {{"clusters", counts.clusters},
          {"rows", counts.rows},
          {"training_and_validation", counts.training_and_validation},
          {"answered_differently", counts.answered_differently},
          {"called_differently", counts.called_differently},
          {"not_looked_at", counts.not_looked_at},
          {"largest", std::move(largest)}};
}

}  // namespace

/// A tenth at least disagree, and of what chance leaves open less is agreed on than where a fifth of the answers of
/// requests whose words tell everything are wrong: (1 - 0.2)^2 of two rows have right ones.
bool LikeRequests::is_noisy() const {
  constexpr std::uint64_t kFewestRows = 100;
  constexpr double kLeast = 0.65;
  return rows >= kFewestRows && agreeing_share <= 0.9 && agreeing_share - chance_share < kLeast * (1 - chance_share);
}

Json to_json(const Card& card) {
  Json out;
  out["workload_type"] = modelops::to_string(card.type);
  out["seed"] = card.seed;
  out["steps"] = Json::array();
  for (const Step& step : card.steps) out["steps"].push_back(step_to_json(step));
  out["classes"] = Json::array();
  for (const ClassCounts& c : card.classes) {
    out["classes"].push_back({{"label", c.label}, {"eval", c.eval}, {"train", c.train}, {"validation", c.validation}});
  }
  out["mix"] = Json::array();
  for (const Mix& mix : card.mix) out["mix"].push_back(mix_to_json(mix));
  out["templates"] = templates_to_json(card.templates);
  out["self_agreement"] = agreement_to_json(card.self_agreement);
  if (card.corrections) out["corrections"] = corrections_to_json(*card.corrections);
  out["suspicious"] = suspicious_to_json(card.suspicious);
  if (card.like_requests.rows > 0) out["like_requests"] = like_requests_to_json(card.like_requests);
  out["near_duplicates"] = clusters_to_json(card.near_duplicates);
  if (card.holdout) out["holdout"] = holdout_to_json(*card.holdout);
  if (card.not_read.waiting > 0) out["waiting"] = {{"records", card.not_read.waiting}, {"why", card.not_read.why}};
  if (!card.not_read.left_out.empty()) out["left_out"] = counts_to_json(card.not_read.left_out);
  out["notes"] = card.notes;
  out["leak"] = to_json(card.leak);
  if (!card.refused.empty()) out["refused"] = card.refused;
  return out;
}

namespace {

const char* name_of(LeakPair::Kind kind) {
  switch (kind) {
    case LeakPair::Kind::kRequest: return "request";
    case LeakPair::Kind::kHeldRequest: return "held_request";
    case LeakPair::Kind::kAnswer: return "answer";
  }
  return "";
}

}  // namespace

nlohmann::ordered_json to_json(const Leak& leak) {
  Json pairs = Json::array();
  const auto text = [](const LeakText& side) { return Json{{"record_id", side.record_id}, {"text", side.text}}; };
  for (const LeakPair& pair : leak.pairs) {
    pairs.push_back({{"kind", name_of(pair.kind)},
                     {"likeness", pair.likeness},
                     {"evaluation", text(pair.evaluation)},
                     {"training", text(pair.training)}});
  }
  return {{"conversations_on_two_sides", leak.conversations_on_two_sides},
          {"requests_on_two_sides", leak.requests_on_two_sides},
          {"eval_rows_said_in_training", leak.eval_rows_said_in_training},
          {"eval_rows_template_in_training", leak.eval_rows_template_in_training},
          {"eval_rows_near_training", leak.eval_rows_near_training},
          {"eval_rows_request_in_training", leak.eval_rows_request_in_training},
          {"eval_rows_near_example", leak.eval_rows_near_example},
          {"eval_rows_answered_in_training", leak.eval_rows_answered_in_training},
          {"eval_rows_own_answer_in_training", leak.eval_rows_own_answer_in_training},
          {"near_duplicate_threshold", leak.near_duplicate_threshold},
          {"method", kMethod},
          {"pairs", std::move(pairs)}};
}

std::string describe(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    if (!text.empty()) text += "; ";
    text += step.name + ' ' + std::to_string(step.in) + " -> " + std::to_string(step.out);
    std::string reasons;
    for (const auto& [reason, count] : step.reasons) {
      reasons += (reasons.empty() ? "" : ", ") + reason + ": " + std::to_string(count);
    }
    if (!reasons.empty()) text += " (" + reasons + ')';
  }
  return text;
}

}  // namespace fw::dataset
