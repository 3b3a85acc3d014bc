#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evals/statistics/interval.h"
#include "review/queue.h"
#include "review/verdict.h"

namespace fw::review {

/// How good the candidate is once people have judged where it differs.
struct Quality {
  std::uint64_t rows = 0;       ///< evaluated
  std::uint64_t divergent = 0;  ///< of them, on which it differs from production
  std::uint64_t judged = 0;     ///< of these, on which somebody could tell
  double as_good = 0;           ///< share of the traffic on which its answer is no worse than production's
  evals::Interval interval;     ///< 95 %
};

/// Rows on which the two agree count as good; judged ones as people say (better, both fine and both wrong are no worse;
/// where people differ, their mean); divergences that nobody judged as those of their class, or where none of the class
/// was judged, as all that were. Each row counts as much as it stands for of the traffic: a request that is a quarter
/// of it, a quarter. The interval counts both what the evaluation drew and what of the divergences was judged; asks are
/// taken as independent. Rows of live traffic do not
/// count. Nothing before the first verdict.
[[nodiscard]] std::optional<Quality> quality(const Subject& subject, const std::vector<Item>& items,
                                             const std::vector<Label>& labels);

/// What people say of the rows of live traffic. It is of these rows alone: how often the two differ there is no part of
/// it, and none of it is in `quality`.
struct ShadowQuality {
  std::uint64_t rows = 0;          ///< in the queue
  std::uint64_t judged = 0;        ///< by anybody
  std::uint64_t told = 0;          ///< of these, on which somebody could tell
  double as_good = 0;              ///< share of `told` on which the candidate is no worse
  evals::Interval interval{0, 1};  ///< 95 %, Wilson's
};

/// Nothing where no row is of live traffic.
[[nodiscard]] std::optional<ShadowQuality> shadow_quality(const std::vector<Item>& items,
                                                          const std::vector<Label>& labels);

/// How far two people agree on the rows that both judged.
struct Agreement {
  std::string first;
  std::string second;
  std::uint64_t rows = 0;
  std::uint64_t equal = 0;
  std::optional<double> kappa;      ///< Cohen's; absent where chance alone would agree fully
  evals::Interval interval{-1, 1};  ///< 95 %, by drawing the rows again 2,000 times
};

/// Of every two people who judged a row in common, the most rows first.
[[nodiscard]] std::vector<Agreement> agreements(const std::vector<Label>& labels);

/// The judge measured against people, on rows of the evaluation where both said something: it holds an answer for good
/// from 0.5 on.
struct JudgeCheck {
  std::uint64_t good = 0;        ///< rows where people find the candidate no worse
  std::uint64_t found_good = 0;  ///< of them, that the judge finds good
  std::uint64_t bad = 0;
  std::uint64_t found_bad = 0;
  evals::Interval sensitivity{0, 1};  ///< of found_good / good, 95 %
  evals::Interval specificity{0, 1};  ///< of found_bad / bad
};

/// Nothing where no judge rated a row that people judged.
[[nodiscard]] std::optional<JudgeCheck> check_judge(const std::vector<Item>& items, const std::vector<Label>& labels);

}  // namespace fw::review
