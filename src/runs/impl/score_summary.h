#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modelops/evaluator.h"
#include "modelops/model.h"

namespace fw::runs {

/// A row's value of a score. A row that the candidate gave no answer to counts 0: no answer is a wrong answer. Absent when
/// there was an answer but the score could not be had (a judge that failed).
[[nodiscard]] std::optional<double> score_of(const modelops::RowResult& row, const std::string& name);

/// All scores that at least one row has, by name.
[[nodiscard]] std::vector<std::string> score_names(std::span<const modelops::RowResult> rows);

/// A mean with its 95 % interval: Wilson where every value is 0 or 1, bootstrap (BCa) otherwise.
struct Estimate {
  std::uint64_t n = 0;
  double mean = 0;
  double low = 0;
  double high = 0;
  bool is_proportion = true;
};

using RowFilter = std::function<bool(const modelops::RowResult&)>;

/// Absent when no row that passes the filter has the score. The seed is the bootstrap's.
[[nodiscard]] std::optional<Estimate> estimate(std::span<const modelops::RowResult> rows, const std::string& name,
                                               std::uint64_t seed, const RowFilter& filter = nullptr);

/// The mean difference over the rows that both have, with interval and test.
struct Difference {
  std::uint64_t n = 0;
  double difference = 0;
  double low = 0;
  double high = 0;
  double p_value = 1;
  std::string interval;  ///< `newcombe` or `bootstrap`
  std::string test;      ///< `mcnemar exact` or `paired permutation`
};

[[nodiscard]] std::optional<Difference> paired_difference(std::span<const modelops::RowResult> candidate,
                                                          std::span<const modelops::RowResult> base,
                                                          const std::string& name, std::uint64_t seed);

/// What answering cost in time and tokens, over the rows that were answered.
struct Usage {
  std::optional<double> latency_p50;
  std::optional<double> latency_p95;
  std::optional<double> prompt_mean;
  std::optional<double> completion_mean;
  std::uint64_t total_tokens = 0;
};

[[nodiscard]] Usage usage_of(std::span<const modelops::RowResult> rows);

/// US dollars per 1,000 requests of this size; absent without price or size.
[[nodiscard]] std::optional<double> cost_per_1000(const std::optional<modelops::Price>& price,
                                                  std::optional<double> prompt_tokens,
                                                  std::optional<double> completion_tokens);

/// How often each reason stands in the rows' `error`.
[[nodiscard]] std::map<std::string, std::uint64_t> error_counts(std::span<const modelops::RowResult> rows);

}  // namespace fw::runs
