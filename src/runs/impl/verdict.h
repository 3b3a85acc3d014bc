#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evals/statistics/estimate.h"
#include "evals/statistics/paired_estimate.h"
#include "evals/summary.h"
#include "runs/run_config.h"

namespace fw::runs {

using evals::kMostMissing;

/// Is a candidate as good as production? Three answers: what the rows cannot tell is not called no.
enum class Decision { kYes, kNotDecided, kNo };

/// `yes`, `not_decided`, `no`.
[[nodiscard]] std::string_view to_string(Decision decision);

/// How far production agrees with itself: no candidate can be asked for more.
struct Ceiling {
  double value = 1;
  double low = 1;
  double high = 1;
  std::uint64_t n = 0;             ///< rows it was measured on
  std::string source = "assumed";  ///< `replay`, `repeats`, `assumed`
  std::string note;                ///< for people
  bool is_in_part = false;         ///< measured on calls alone: of texts 1 is assumed
  std::string problem;  ///< why what production answered when it was asked again says nothing; empty: nothing

  [[nodiscard]] bool is_measured() const { return source != "assumed" && !is_in_part; }
};

/// The best of the answers that need no model (evals/baselines.h).
struct BaselineEvidence {
  std::string title;
  double mean = 0;
  evals::PairedEstimate difference;  ///< candidate less baseline
  /// The judge leads, and never saw the baseline: the two are compared by words alone, on which this is the candidate's
  /// mean. Too little for a no.
  std::optional<double> by_words = {};
  bool is_judged = false;  ///< the judge rated the baseline, and its ratings lead
};

/// What a verdict on one evaluation rests on.
struct Evidence {
  std::uint64_t rows = 0;
  std::uint64_t rows_unscored = 0;
  /// Asked a part of the rows (EvaluationSettings::untuned_rows), as was settled before: never yes, and so none of the
  /// tests that the others' yes is adjusted for.
  bool is_partial = false;
  std::optional<evals::Estimate> agreement;
  /// The agreement if every text that differs from production's were as good: what a graded score cannot be below where
  /// nobody knows how far production's own texts differ. Absent where the agreement is a rate.
  std::optional<evals::Estimate> at_best;
  std::optional<evals::Estimate> newest;  ///< over the newest part; absent without such rows
  bool is_held_set = false;               ///< its rows are an earlier job's: none is of the newest part
  std::optional<BaselineEvidence> baseline;
  std::optional<double> cost_per_1000;
  std::optional<double> production_cost_per_1000;
};

struct Verdict {
  Decision decision = Decision::kNotDecided;
  std::string reason;                ///< the first thing that decides, in words
  std::optional<double> p_value;     ///< one-sided, of the direction that the rows point to
  std::optional<double> p_adjusted;  ///< Holm's, over all evaluations of the job
  std::uint64_t tests = 0;           ///< evaluations of the job that can say yes
  std::optional<std::uint64_t> rows_needed;
  std::optional<double> chance;    ///< that rows_needed rows decide
  std::optional<Decision> newest;  ///< of the newest part alone
  std::optional<bool> costs_more;  ///< than production; absent where a price is unknown
};

/// The rule of docs/formats/report.md, over all evaluations of a job at once: their tests are adjusted together. One
/// verdict an evidence, in order.
[[nodiscard]] std::vector<Verdict> decide(std::span<const Evidence> evidence, const PromisingRule& rule,
                                          const Ceiling& ceiling);

/// The rule in one sentence.
[[nodiscard]] std::string verdict_rule(const PromisingRule& rule, const Ceiling& ceiling);

/// `40 rows`, `76 asks of 40 rows`.
[[nodiscard]] std::string rows_of(const evals::Estimate& e);
/// `98.0 % (95 % interval 95.7 % to 99.1 %)`.
[[nodiscard]] std::string with_interval(const evals::Estimate& e);

}  // namespace fw::runs
