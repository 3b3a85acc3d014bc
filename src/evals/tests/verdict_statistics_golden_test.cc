#include <gtest/gtest.h>

#include "evals/statistics/adjusted_p.h"
#include "evals/statistics/estimate.h"
#include "evals/statistics/paired_estimate.h"
#include "evals/statistics/permutation.h"
#include "evals/statistics/proportion.h"
#include "evals/tests/golden.h"

namespace fw::evals {
namespace {

using nlohmann::json;

// Recorded by tests/golden/make/verdict_statistics.py out of statsmodels and scipy.

constexpr double kClose = 1e-9;

void for_each_case(const std::string& file, const std::function<void(const json& in, const json& expected)>& check) {
  const json cases = golden_json("statistics/" + file + ".json");
  ASSERT_FALSE(cases.empty());
  for (const json& entry : cases) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    check(entry["inputs"], entry["expected"]);
  }
}

void expect_interval(Interval made, const json& expected) {
  EXPECT_NEAR(made.low, expected[0].get<double>(), kClose);
  EXPECT_NEAR(made.high, expected[1].get<double>(), kClose);
}

Sample sample_of(const json& in) {
  return {.values = in["values"], .weights = in["weights"], .clusters = in["clusters"]};
}

/// A rate as if it had been seen on that many independent rows.
Estimate rate_seen(double rate, double n) {
  const auto rows = static_cast<std::uint64_t>(n);
  return {.n = rows, .rows = rows, .is_rate = true, .mean = rate, .effective_n = n};
}

TEST(GoldenVerdictStatistics, WilsonOnEffectiveRows) {
  for_each_case("wilson_effective", [](const json& in, const json& expected) {
    expect_interval(wilson_interval_of_rate(in["rate"], in["effective_n"], in["alpha"]), expected["wilson"]);
  });
}

TEST(GoldenVerdictStatistics, ErrorsOfClusteredAndWeightedMeans) {
  for_each_case("weighted_cluster_mean", [](const json& in, const json& expected) {
    const Estimate made = estimate(sample_of(in), false);
    EXPECT_NEAR(made.mean, expected["mean"].get<double>(), kClose);
    EXPECT_NEAR(made.standard_error, expected["se_corrected"].get<double>(), kClose);
  });
}

TEST(GoldenVerdictStatistics, RatesOfClusteredRows) {
  for_each_case("design_effect", [](const json& in, const json& expected) {
    const Estimate made = estimate(sample_of(in), true);
    EXPECT_NEAR(made.mean, expected["rate"].get<double>(), kClose);
    EXPECT_NEAR(made.standard_error, expected["se"].get<double>(), kClose);
    // Ours also allows for the few degrees of freedom: never more rows than the plain design effect leaves.
    const double plain = expected["effective_n"];
    EXPECT_LE(made.effective_n, std::max(plain, made.effective_clusters) + kClose);
    if (plain <= static_cast<double>(made.n) && plain >= made.effective_clusters) {
      EXPECT_LE(made.interval.low, expected["wilson"][0].get<double>() + kClose);
      EXPECT_GE(made.interval.high, expected["wilson"][1].get<double>() - kClose);
    }
  });
}

TEST(GoldenVerdictStatistics, GradedMeansOfClusteredRows) {
  for_each_case("weighted_cluster_mean", [](const json& in, const json& expected) {
    const Interval made = estimate(sample_of(in), false).interval;
    EXPECT_LE(made.low, std::max(0.0, expected["interval"][0].get<double>()) + kClose);
    EXPECT_GE(made.high, std::min(1.0, expected["interval"][1].get<double>()) - kClose);
  });
}

TEST(GoldenVerdictStatistics, StratifiedMeansByWeights) {
  for_each_case("stratified_mean", [](const json& in, const json& expected) {
    const std::vector<double> values = in["values"], shares = in["shares"];
    const std::vector<std::uint32_t> strata = in["strata"];
    Sample sample;
    for (std::uint32_t i = 0; i < values.size(); ++i) {
      const auto rows = static_cast<double>(std::ranges::count(strata, strata[i]));
      sample.add(values[i], shares[strata[i]] / rows, i);
    }
    EXPECT_NEAR(estimate(sample, false).mean, expected["mean"].get<double>(), kClose);
  });
}

TEST(GoldenVerdictStatistics, WhatEqualValuesLeaveOpen) {
  for_each_case("equal_values", [](const json& in, const json& expected) {
    Sample sample;
    for (std::uint32_t i = 0; i < in["n"].get<std::uint32_t>(); ++i) sample.add(1, 1, i);
    EXPECT_NEAR(estimate(sample, false).interval.low, 1 - expected["open"].get<double>(), kClose);
  });
}

TEST(GoldenVerdictStatistics, RatesAgainstAThreshold) {
  for_each_case("threshold_test", [](const json& in, const json& expected) {
    const double right = in["right"], n = in["n"], threshold = in["threshold"];
    const Estimate seen = rate_seen(right / n, n);
    EXPECT_NEAR(p_above(seen, threshold), expected["score_p_above"].get<double>(), kClose);
    // Below, the binomial tail must say it too; scipy has it for whole rows alone.
    const double score = expected["score_p_below"].get<double>();
    if (expected.contains("exact_p_below")) {
      EXPECT_NEAR(p_below(seen, threshold), std::max(score, expected["exact_p_below"].get<double>()), kClose);
    } else {
      EXPECT_GE(p_below(seen, threshold), score);
    }
  });
}

TEST(GoldenVerdictStatistics, RowsThatPassAtBest) {
  for_each_case("threshold_power", [](const json& in, const json& expected) {
    EXPECT_EQ(rows_to_pass_at_best(in["threshold"], in["alpha"]), expected["wilson_n_all_right"].get<std::uint64_t>());
  });
}

TEST(GoldenVerdictStatistics, RowsThatDecide) {
  for_each_case("threshold_power", [](const json& in, const json& expected) {
    const json& exact = expected["wilson_n_for_80"];
    if (!exact.is_number()) return;
    const auto rows = rows_to_decide(rate_seen(in["true_rate"], 200), in["threshold"], in["alpha"], 0.8);
    ASSERT_TRUE(rows.has_value());
    // The power is a saw over n; the formula goes through its middle.
    EXPECT_NEAR(static_cast<double>(*rows), exact.get<double>(), 0.1 * exact.get<double>());
  });
}

TEST(GoldenVerdictStatistics, HolmOverAFamilyAndOverAll) {
  for_each_case("holm_families", [](const json& in, const json& expected) {
    std::vector<double> pooled;
    for (std::size_t i = 0; i < in["families"].size(); ++i) {
      const std::vector<double> family = in["families"][i], within = expected["within"][i];
      pooled.insert(pooled.end(), family.begin(), family.end());
      const auto made = holm(family);
      for (std::size_t k = 0; k < within.size(); ++k) EXPECT_NEAR(made[k], within[k], kClose);
    }
    const auto made = holm(pooled);
    for (std::size_t k = 0; k < made.size(); ++k) EXPECT_NEAR(made[k], expected["pooled"][k].get<double>(), kClose);
  });
}

TEST(GoldenVerdictStatistics, SignFlipsOfWholeConversations) {
  for_each_case("cluster_permutation", [](const json& in, const json& expected) {
    const std::vector<double> differences = in["differences"];
    const std::vector<std::uint32_t> clusters = in["clusters"];
    std::map<std::uint32_t, double> sums;
    for (std::size_t i = 0; i < differences.size(); ++i) sums[clusters[i]] += differences[i];
    std::vector<double> flips;
    for (const auto& [cluster, sum] : sums) flips.push_back(sum);
    const PermutationTest made = permutation_test(flips, 10'000, Random(1));
    EXPECT_NEAR(made.two_sided, expected["two_sided"].get<double>(), kClose);
    EXPECT_NEAR(made.greater, expected["greater"].get<double>(), kClose);
    PairedSample sample;
    for (std::size_t i = 0; i < differences.size(); ++i)
      sample.add(std::max(differences[i], 0.0), std::max(-differences[i], 0.0), 1, clusters[i]);
    const PairedEstimate whole = compare(sample, false, Random(1));
    EXPECT_NEAR(whole.difference, expected["mean"].get<double>(), kClose);
    EXPECT_GE(whole.p_value, made.two_sided) << "and what clusters that were not seen may be like";
  });
}

}  // namespace
}  // namespace fw::evals
