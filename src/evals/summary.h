#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evals/statistics/interval.h"
#include "modelops/evaluator.h"

namespace fw::evals {

/// A part of the rows: those with a tool, those in words that training never saw.
struct GroupSummary {
  std::string group;
  std::uint64_t n = 0;
  double mean = 0;
  Interval interval;
};

/// One score over an evaluation. A row without an answer counts 0: the application would have had none either; and so
/// does an answer that lacks one of our own scores (arguments that are no JSON). A row that only the judge failed on is
/// left out of the judge's score, and n says so.
struct ScoreSummary {
  std::string name;
  std::uint64_t n = 0;
  double mean = 0;
  Interval interval;                 ///< 95 %
  std::string interval_kind;         ///< `wilson` for rates, `bootstrap` otherwise
  std::vector<GroupSummary> groups;  ///< only those that have rows
};

/// Candidate less base over the rows that both answered.
struct DifferenceSummary {
  std::string score;
  std::uint64_t n = 0;
  double difference = 0;
  Interval interval;
  std::string interval_kind;  ///< `newcombe` for rates, `bootstrap` otherwise
  double p_value = 1;         ///< two-sided
  std::string test;           ///< `mcnemar exact`, `permutation exact` or `permutation`
};

/// What the report shows of an evaluation (docs/formats/report.md). Absent: not measured.
struct EvaluationSummary {
  std::uint64_t rows = 0;
  std::uint64_t rows_failed = 0;                   ///< without an answer
  std::map<std::string, std::uint64_t> errors;     ///< rows per reason, also of rows that only lack a score
  std::vector<ScoreSummary> scores;                ///< the leading one first; none without rows
  std::optional<double> latency_p50, latency_p95;  ///< seconds, of answered rows
  std::optional<double> prompt_tokens_mean, completion_tokens_mean;  ///< of answered rows whose endpoint counts tokens
  std::optional<std::uint64_t> tokens_total;
  std::optional<double> cost_per_1000;  ///< US dollars per 1,000 requests; absent without a price or token counts
};

/// The score that ranks candidates: the first of score_names().
[[nodiscard]] std::string leading_score(modelops::WorkloadType workload, bool has_judge);

/// At most 20 reasons are kept; further ones are counted as `other reasons`. The same rows and seed give the same
/// figures.
[[nodiscard]] EvaluationSummary summarize(std::span<const modelops::RowResult> rows, modelops::WorkloadType workload,
                                          bool has_judge, const std::optional<modelops::Price>& price,
                                          std::uint64_t seed);

/// Rows are paired by record id. Absent where no row was answered by both.
[[nodiscard]] std::optional<DifferenceSummary> difference_to_base(std::span<const modelops::RowResult> rows,
                                                                  std::span<const modelops::RowResult> base,
                                                                  std::string_view score, std::uint64_t seed);

/// The value of a score of one row by the rules of ScoreSummary; absent when the row is left out.
[[nodiscard]] std::optional<double> score_of(const modelops::RowResult& row, std::string_view score);

/// 1,000 requests of these mean token counts.
[[nodiscard]] double cost_per_1000(const modelops::Price& price, double prompt_tokens, double completion_tokens);

/// The members `rows`, `rows_failed`, `errors`, `scores`, `latency_seconds`, `tokens`, `cost_per_1000` of the report.
[[nodiscard]] nlohmann::ordered_json to_json(const EvaluationSummary& summary);
/// The member `difference_to_base`.
[[nodiscard]] nlohmann::ordered_json to_json(const DifferenceSummary& difference);

}  // namespace fw::evals
