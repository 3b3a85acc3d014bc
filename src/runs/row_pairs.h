#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/deadline.h"
#include "evals/metric.h"
#include "modelops/evaluator.h"

namespace fw::runs {

/// One evaluation's rows in their file (docs/formats/row_results.md), and how they were scored.
struct ScoredRows {
  std::filesystem::path results;
  evals::ScoringSettings scoring;
  bool is_graded = false;  ///< agreement is a matter of degree: half of it is enough
};

/// What two answers to one row come to, by their agreement with production.
enum class Outcome : std::uint8_t {
  kLeftBetter,
  kRightBetter,
  kBoth,     ///< agree as much, and enough
  kNeither,  ///< agree as much, and not enough
};

/// `left_better`, `right_better`, `both`, `neither`.
[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] std::optional<Outcome> outcome_from_string(std::string_view name);

/// What one side said in a row: of several asks the mean agreement, and the first that agrees least.
struct SideAnswer {
  double agreement = 0;
  std::uint64_t asks = 0;
  modelops::RowResult row;
};

struct RowPair {
  Outcome outcome = Outcome::kNeither;
  SideAnswer left;
  SideAnswer right;
};

struct OutcomeCounts {
  std::uint64_t left_better = 0;
  std::uint64_t right_better = 0;
  std::uint64_t both = 0;
  std::uint64_t neither = 0;
  std::uint64_t without_score = 0;  ///< in both files, and one of the two has no score (the judge's is missing)
  std::uint64_t left_only = 0;      ///< rows that only this side was asked
  std::uint64_t right_only = 0;

  friend bool operator==(const OutcomeCounts&, const OutcomeCounts&) = default;
};

/// Which of the rows with an outcome are read.
struct PairPage {
  std::optional<Outcome> outcome;  ///< absent: all
  std::uint64_t first = 0;         ///< so many of them are passed over
  std::uint64_t limit = 20;
};

struct RowPairs {
  OutcomeCounts counts;
  std::vector<RowPair> rows;  ///< of the page, in the order of the left file
  bool has_more = false;
};

/// Every row that both evaluations have, whatever else was answered to it. Reads both files from their beginning and
/// keeps one number a row, and the page's rows whole; blocks. kDataLoss names file and line; the deadline's.
[[nodiscard]] Result<RowPairs> pair_rows(const ScoredRows& left, const ScoredRows& right, const PairPage& page,
                                         const Deadline& deadline);

}  // namespace fw::runs
