#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evals/metric.h"
#include "evals/statistics/estimate.h"
#include "evals/statistics/paired_estimate.h"
#include "modelops/evaluator.h"

namespace fw::evals {

/// Share of the rows that may be without what is told of all of them; above it the others tell nothing.
inline constexpr double kMostMissing = 0.02;

/// Agreement with production: the one score that verdicts, rankings and plots rest on. Of a row it is the leading
/// metric of what production did there.
inline constexpr std::string_view kAgreement = "agreement";

/// The value of a metric on a row: 0 where the row failed; absent where the metric is not for rows of this kind, or its
/// score could not be had (the judge).
[[nodiscard]] std::optional<double> value_of(const modelops::RowResult& row, const Metric& metric);
[[nodiscard]] std::optional<double> agreement_of(const modelops::RowResult& row, const ScoringSettings& settings);

/// A part of the rows: those of one class, those of the newest part.
struct GroupSummary {
  std::string group;  ///< `in_training`
  std::string title;  ///< `template seen in training`
  double share = 0;   ///< of the traffic
  Estimate agreement;
};

struct ScoreSummary {
  const Metric* metric = nullptr;
  Estimate estimate;
};

/// The groups of one way of dividing the rows; only those that have rows.
struct Breakdown {
  std::string dimension;  ///< `newest`, `template`, `turn`, `conversation_length`
  std::string title;
  std::vector<GroupSummary> groups;
};

struct ClassSummary {
  GroupSummary summary;
  std::map<std::string, std::uint64_t> mistakes;  ///< rows per kind
};

struct LatencySummary {
  std::uint64_t n = 0;
  double p50 = 0;  ///< seconds; of rows that timed out, those that they were waited for
  double p95 = 0;
};

struct TokenSummary {
  double prompt_mean = 0;
  double cached_prompt_mean = 0;
  double completion_mean = 0;
  std::uint64_t total = 0;
};

/// The requests that are so large a part of the traffic that each is a row in any case (RowTraits::is_frequent).
struct FrequentSummary {
  std::uint64_t requests = 0;
  std::uint64_t asks = 0;
  std::uint64_t unsteady = 0;  ///< requests whose asks do not all agree as much with production
  double share = 0;            ///< of the traffic
};

/// What the report shows of an evaluation (docs/formats/report.md). Absent: not measured.
struct EvaluationSummary {
  std::uint64_t rows = 0;      ///< results: every ask of a frequent request is one
  std::uint64_t requests = 0;  ///< each row once
  FrequentSummary frequent;
  std::uint64_t rows_failed = 0;                  ///< no usable answer: 0 in every score
  std::map<std::string, std::uint64_t> failures;  ///< failed rows per reason
  std::uint64_t rows_unscored = 0;                ///< answered, but without agreement
  std::map<std::string, std::uint64_t> unscored;  ///< rows per reason, also of those that lack only another score
  std::optional<Estimate> agreement;              ///< absent where no row has one
  std::vector<GroupSummary> by_answer_kind;
  std::vector<ScoreSummary> scores;  ///< the leading ones first
  std::vector<Breakdown> breakdown;
  std::vector<ClassSummary> classes;              ///< worst first
  std::map<std::string, std::uint64_t> mistakes;  ///< rows per kind of error of their tool calls
  std::optional<LatencySummary> latency_alone;    ///< of rows that were asked with nothing else under way
  std::optional<LatencySummary> latency_loaded;   ///< of the others
  std::optional<TokenSummary> tokens;             ///< absent where more than kMostMissing of the answers have no usage
  std::uint64_t rows_without_usage = 0;           ///< that were answered
  std::optional<double> cost_per_1000;            ///< US dollars per 1,000 requests; absent without price or tokens
};

/// At most 20 reasons are kept; further ones are counted as `other reasons`.
[[nodiscard]] EvaluationSummary summarize(std::span<const modelops::RowResult> rows, const ScoringSettings& settings,
                                          const std::optional<modelops::Price>& price);

/// The agreement over the rows that `contains` takes; absent without such rows.
[[nodiscard]] std::optional<Estimate> agreement_over(std::span<const modelops::RowResult> rows,
                                                     const ScoringSettings& settings,
                                                     bool (*contains)(const modelops::RowResult&));

/// The agreement if every graded row that was answered in production's way were right: texts that differ may be as
/// good. Absent where no row has an agreement.
[[nodiscard]] std::optional<Estimate> agreement_at_best(std::span<const modelops::RowResult> rows,
                                                        const ScoringSettings& settings);

/// The agreements of two evaluations over the rows that both have, paired by record and ask; failed rows take part as
/// 0. Rows weigh as in the one that has fewer of them. Absent where there is none.
[[nodiscard]] std::optional<PairedEstimate> compare_evaluations(std::span<const modelops::RowResult> a,
                                                                std::span<const modelops::RowResult> b,
                                                                const ScoringSettings& settings, std::uint64_t seed);

/// 1,000 requests of these mean token counts.
[[nodiscard]] double cost_per_1000(const modelops::Price& price, const TokenSummary& tokens);

/// `{n, right, mean, low, high}`.
[[nodiscard]] nlohmann::ordered_json to_json(const Estimate& e);
/// The members of an evaluation in the report from `rows` to `cost_per_1000` that are measured on its own rows.
[[nodiscard]] nlohmann::ordered_json to_json(const EvaluationSummary& summary, int parallelism);
/// `{n, difference, low, high, interval, p_value, test}`.
[[nodiscard]] nlohmann::ordered_json to_json(const PairedEstimate& difference);

}  // namespace fw::evals
