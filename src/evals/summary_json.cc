#include <nlohmann/json.hpp>

#include "evals/summary.h"

namespace fw::evals {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json score_json(const ScoreSummary& score) {
  Json groups = Json::array();
  for (const GroupSummary& g : score.groups)
    groups.push_back(
        {{"group", g.group}, {"n", g.n}, {"mean", g.mean}, {"low", g.interval.low}, {"high", g.interval.high}});
  return {{"name", score.name},          {"n", score.n},
          {"mean", score.mean},          {"low", score.interval.low},
          {"high", score.interval.high}, {"interval", score.interval_kind},
          {"groups", std::move(groups)}};
}

}  // namespace

nlohmann::ordered_json to_json(const EvaluationSummary& summary) {
  Json scores = Json::array();
  for (const ScoreSummary& score : summary.scores) scores.push_back(score_json(score));
  Json errors = Json::object();
  for (const auto& [reason, count] : summary.errors) errors[reason] = count;
  return {{"rows", summary.rows},
          {"rows_failed", summary.rows_failed},
          {"errors", std::move(errors)},
          {"scores", std::move(scores)},
          {"latency_seconds", {{"p50", or_null(summary.latency_p50)}, {"p95", or_null(summary.latency_p95)}}},
          {"tokens",
           {{"prompt_mean", or_null(summary.prompt_tokens_mean)},
            {"completion_mean", or_null(summary.completion_tokens_mean)},
            {"total", or_null(summary.tokens_total)}}},
          {"cost_per_1000", or_null(summary.cost_per_1000)}};
}

nlohmann::ordered_json to_json(const DifferenceSummary& d) {
  return {{"score", d.score},           {"n", d.n},
          {"difference", d.difference}, {"low", d.interval.low},
          {"high", d.interval.high},    {"interval", d.interval_kind},
          {"p_value", d.p_value},       {"test", d.test}};
}

}  // namespace fw::evals
