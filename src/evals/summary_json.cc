#include <nlohmann/json.hpp>

#include "evals/summary.h"

namespace fw::evals {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string_view to_string(bool is_rate) { return is_rate ? "rate" : "graded"; }

/// Names first, then the figures.
Json with_estimate(Json names, const Estimate& e) {
  names.update(to_json(e));
  return names;
}

Json agreement_json(const std::optional<Estimate>& e) {
  if (!e) return nullptr;
  Json out = with_estimate({{"name", kAgreement}, {"kind", to_string(e->is_rate)}}, *e);
  out["interval"] = e->interval_kind();
  out["clusters"] = e->clusters;
  out["effective_n"] = e->effective_n;
  out["rows"] = e->rows;
  return out;
}

Json groups_json(const std::vector<GroupSummary>& groups) {
  Json list = Json::array();
  for (const GroupSummary& g : groups)
    list.push_back(with_estimate({{"group", g.group}, {"title", g.title}, {"share", g.share}}, g.agreement));
  return list;
}

Json scores_json(const std::vector<ScoreSummary>& scores) {
  Json list = Json::array();
  for (const ScoreSummary& score : scores) {
    Json one =
        with_estimate({{"name", score.metric->name}, {"kind", to_string(score.estimate.is_rate)}}, score.estimate);
    one["interval"] = score.estimate.interval_kind();
    list.push_back(std::move(one));
  }
  return list;
}

Json classes_json(const std::vector<ClassSummary>& classes) {
  Json list = Json::array();
  for (const ClassSummary& c : classes) {
    Json one = with_estimate({{"label", c.summary.group}, {"share", c.summary.share}}, c.summary.agreement);
    one["mistakes"] = Json(c.mistakes);
    list.push_back(std::move(one));
  }
  return list;
}

/// Rows per reason, whether they failed or lack a score.
Json errors_json(const EvaluationSummary& summary) {
  auto all = summary.failures;
  for (const auto& [reason, rows] : summary.unscored) all[reason] += rows;
  return Json(all);
}

Json latency_json(const std::optional<LatencySummary>& latency) {
  if (!latency) return nullptr;
  return {{"n", latency->n}, {"p50", latency->p50}, {"p95", latency->p95}};
}

Json tokens_json(const std::optional<TokenSummary>& tokens) {
  if (!tokens) return nullptr;
  return {{"prompt_mean", tokens->prompt_mean},
          {"cached_prompt_mean", tokens->cached_prompt_mean},
          {"completion_mean", tokens->completion_mean},
          {"total", tokens->total}};
}

}  // namespace

nlohmann::ordered_json to_json(const Estimate& e) {
  return {{"n", e.n}, {"right", e.right}, {"mean", e.mean}, {"low", e.interval.low}, {"high", e.interval.high}};
}

nlohmann::ordered_json to_json(const EvaluationSummary& summary, int parallelism) {
  Json breakdown = Json::array();
  for (const Breakdown& b : summary.breakdown)
    breakdown.push_back({{"dimension", b.dimension}, {"title", b.title}, {"groups", groups_json(b.groups)}});
  Json loaded = latency_json(summary.latency_loaded);
  if (!loaded.is_null()) loaded["parallelism"] = parallelism;
  return {{"rows", summary.rows},
          {"frequent",
           {{"requests", summary.frequent.requests},
            {"asks", summary.frequent.asks},
            {"unsteady", summary.frequent.unsteady},
            {"share", summary.frequent.share}}},
          {"rows_failed", summary.rows_failed},
          {"failures", Json(summary.failures)},
          {"rows_unscored", summary.rows_unscored},
          {"unscored", Json(summary.unscored)},
          {"errors", errors_json(summary)},
          {"agreement", agreement_json(summary.agreement)},
          {"by_answer_kind", groups_json(summary.by_answer_kind)},
          {"scores", scores_json(summary.scores)},
          {"breakdown", std::move(breakdown)},
          {"classes", classes_json(summary.classes)},
          {"mistakes", Json(summary.mistakes)},
          {"latency_seconds", {{"alone", latency_json(summary.latency_alone)}, {"loaded", std::move(loaded)}}},
          {"tokens", tokens_json(summary.tokens)},
          {"cost_per_1000", or_null(summary.cost_per_1000)}};
}

nlohmann::ordered_json to_json(const PairedEstimate& d) {
  return {{"n", d.n},
          {"difference", d.difference},
          {"low", d.interval.low},
          {"high", d.interval.high},
          {"interval", d.interval_kind},
          {"p_value", d.p_value},
          {"test", d.test}};
}

}  // namespace fw::evals
