#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "evals/baselines.h"
#include "evals/summary.h"
#include "runs/impl/ranking.h"
#include "runs/report.h"

namespace fw::runs {

/// What the parts of a report share: everything that is computed once, over all evaluations.
struct Findings {
  evals::ScoringSettings scoring;
  std::map<ReportInput::EvaluationKey, evals::EvaluationSummary> summaries;
  std::map<ReportInput::EvaluationKey, Evidence> evidence;
  std::vector<evals::Baseline> baselines;  ///< best first
  evals::ScoringSettings of_baselines;     ///< without the judge where it rated none
  Ceiling ceiling;
  std::optional<double> production_cost_per_1000;
  std::vector<Contender> ranked;  ///< best first
  std::uint64_t divergent = 0;    ///< rows on which the best-ranked evaluation does not agree with production

  Findings() = default;
  Findings(const Findings&) = delete;  // contenders refer to the summaries
  Findings& operator=(const Findings&) = delete;
  Findings(Findings&&) = default;
};

[[nodiscard]] Findings find(const ReportInput& input);

/// Members of the report, each in its form of docs/formats/report.md.
[[nodiscard]] nlohmann::ordered_json summary_json(const ReportInput& input, const Findings& findings);
[[nodiscard]] nlohmann::ordered_json scoring_json(const ReportInput& input, const Findings& findings);
[[nodiscard]] nlohmann::ordered_json candidate_json(const ReportInput& input, const Findings& findings,
                                                    std::size_t index);
[[nodiscard]] nlohmann::ordered_json head_to_head_json(const ReportInput& input, const Findings& findings);
/// How many rows have an answer that does not agree with production, be it one of several asks.
[[nodiscard]] std::uint64_t count_divergent(const std::vector<modelops::RowResult>& rows,
                                            const evals::ScoringSettings& scoring);
[[nodiscard]] nlohmann::ordered_json divergent_rows_json(const ReportInput& input, const Findings& findings);
[[nodiscard]] nlohmann::ordered_json trust_json(const ReportInput& input, const Findings& findings);
/// A word of a shell's line, quoted where it needs to be.
[[nodiscard]] std::string shell_word(const std::string& word);
[[nodiscard]] nlohmann::ordered_json serve_json(const ReportInput& input, const Findings& findings);
[[nodiscard]] nlohmann::ordered_json reproduce_json(const ReportInput& input);

[[nodiscard]] nlohmann::ordered_json price_json(const std::optional<modelops::Price>& price);
[[nodiscard]] nlohmann::ordered_json time_json(const std::optional<Timestamp>& time);

/// null for what is absent.
template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace fw::runs
