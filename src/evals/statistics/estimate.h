#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "evals/statistics/interval.h"

namespace fw::evals {

/// Values in [0, 1] seen on rows that stand for different numbers of records (weights above 0) and come in clusters
/// (rows of one conversation). The lists are of one length; `clusters[i]` names the cluster of `values[i]`.
struct Sample {
  std::vector<double> values;
  std::vector<double> weights;
  std::vector<std::uint32_t> clusters;
  std::uint64_t again = 0;  ///< of the values, those of a row that was asked again

  [[nodiscard]] std::size_t size() const { return values.size(); }
  void add(double value, double weight, std::uint32_t cluster);
};

/// What a sample says of the mean over all records.
struct Estimate {
  std::uint64_t n = 0;      ///< values: rows, each ask of a row that was asked several times
  std::uint64_t rows = 0;   ///< each of them once
  std::uint64_t right = 0;  ///< values that are 1
  bool is_rate = false;     ///< every value is 0 or 1 by its nature
  double mean = 0;          ///< weighted
  /// Of the mean when errors are clustered: that of a weighted regression on a constant (Liang and Zeger 1986, factor
  /// G / (G - 1)); 0 of a single cluster.
  double standard_error = 0;
  std::uint64_t clusters = 0;
  /// Independent, equally weighted rows that would say as much: n where all are alone and weigh the same.
  double effective_n = 0;
  /// The same if every conversation were a single row: what equal values leave open rests on it.
  double effective_clusters = 0;
  Interval interval;  ///< 95 %

  /// `wilson`, `t`.
  [[nodiscard]] std::string_view interval_kind() const { return is_rate ? "wilson" : "t"; }
};

/// The weighted mean and its interval; at least one row.
///
/// Rates: Wilson's interval on the effective number of rows, p (1 - p) over that
/// error's square, at most what
/// the weights leave (Kish 1965) and at least what full dependence within conversations leaves, times (z / t)^2 for the
/// degrees of freedom G - 1 (Korn and Graubard 1998); where all rows are alone and weigh the same, n itself. Where a
/// conversation has several rows never narrower than what equal values leave open, conversations taken for rows: few
/// errors say little of how they go together. Graded values: Student's t with G - 1 degrees of freedom, never narrower
/// than what equal values leave open: with n values alike a share of 1 - 0.025^(1/n) of the records may be anything.
///
/// A request that is a large part of the traffic by itself is asked in proportion to it (asks_of), each ask a value
/// with its part of the weight and a cluster of its own: the traffic as the lot would have drawn it. Where all asks are
/// alike they leave open what so many rows would; what is known of one request by itself is not used.
[[nodiscard]] Estimate estimate(const Sample& sample, bool is_rate);

/// One-sided p-values of "the mean is at most (at least) the threshold"; small ones say that it lies above (below).
/// They agree with the interval: the threshold lies outside of it where p < 0.025. Only p_below of a rate is at times
/// larger: near 1 Wilson's interval says too soon that a rate lies below, so the binomial tail must say it too.
[[nodiscard]] double p_above(const Estimate& e, double threshold);
[[nodiscard]] double p_below(const Estimate& e, double threshold);

/// Rows (of the same kind as those seen, each counted once) over which a one-sided test at `alpha` would tell the mean
/// from the threshold with probability `power`, if the mean seen is the true one. Absent when the mean is the
/// threshold, or more than ten million rows were needed.
[[nodiscard]] std::optional<std::uint64_t> rows_to_decide(const Estimate& e, double threshold, double alpha,
                                                          double power);

/// Share of the records that may be unlike all that were seen, where so many independent ones were alike, at 95 %.
[[nodiscard]] double open_share(double effective_clusters);

/// The fewest independent rows on which an answer that is always right passes the threshold at `alpha`, one-sided.
/// 0 <= threshold < 1.
[[nodiscard]] std::uint64_t rows_to_pass_at_best(double threshold, double alpha);

}  // namespace fw::evals
