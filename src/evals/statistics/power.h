#pragma once

#include <cstdint>

namespace fw::evals {

/// What a paired comparison of two models is expected to show: rates of rows that only one of them gets right.
struct PairedDesign {
  double candidate_only = 0;
  double baseline_only = 0;

  [[nodiscard]] double discordant() const { return candidate_only + baseline_only; }
  [[nodiscard]] double difference() const { return candidate_only - baseline_only; }
};

/// Rows for McNemar's two-sided test to find the difference with probability `power` (Connor 1987), before rounding up;
/// infinity when the design has no difference.
[[nodiscard]] double mcnemar_rows(PairedDesign design, double power, double alpha = 0.05);

/// Rows for the one-sided non-inferiority test (Wald variance under the alternative), before rounding up; infinity when
/// the design's difference is at or below -margin.
[[nodiscard]] double noninferiority_rows(PairedDesign design, double margin, double power, double alpha = 0.05);
[[nodiscard]] double noninferiority_power(PairedDesign design, double margin, std::int64_t n, double alpha = 0.05);

}  // namespace fw::evals
