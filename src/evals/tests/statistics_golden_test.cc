#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "evals/statistics/adjusted_p.h"
#include "evals/statistics/correlation.h"
#include "evals/statistics/distributions.h"
#include "evals/statistics/estimate.h"
#include "evals/statistics/kappa.h"
#include "evals/statistics/mcnemar.h"
#include "evals/statistics/mean.h"
#include "evals/statistics/noninferiority.h"
#include "evals/statistics/paired_difference.h"
#include "evals/statistics/percentile.h"
#include "evals/statistics/permutation.h"
#include "evals/statistics/power.h"
#include "evals/statistics/proportion.h"
#include "evals/tests/golden.h"

namespace fw::evals {
namespace {

using nlohmann::json;

/// One recorded case: its inputs, and comparisons within its own tolerance.
class Case {
 public:
  explicit Case(const json& entry) : entry_(entry) {}

  [[nodiscard]] const json& in(const char* name) const {
    return entry_["inputs"].contains(name) ? entry_["inputs"][name] : kAbsent;
  }
  [[nodiscard]] double real(const char* name) const { return number(in(name)); }
  [[nodiscard]] std::int64_t count(const char* name) const { return in(name).get<std::int64_t>(); }
  [[nodiscard]] std::vector<double> reals(const char* name) const {
    std::vector<double> out;
    for (const json& value : in(name)) out.push_back(number(value));
    return out;
  }
  template <class T>
  [[nodiscard]] std::vector<T> list(const char* name) const {
    return in(name).get<std::vector<T>>();
  }
  [[nodiscard]] bool has(const char* name) const { return entry_["expected"].contains(name); }

  void expect(const char* name, double made) const { compare(name, entry_["expected"][name], made); }
  void expect(const char* name, Interval made) const {
    compare(name, entry_["expected"][name][0], made.low);
    compare(name, entry_["expected"][name][1], made.high);
  }
  void expect(const char* name, const std::vector<double>& made) const {
    ASSERT_EQ(made.size(), entry_["expected"][name].size()) << name;
    for (std::size_t i = 0; i < made.size(); ++i) compare(name, entry_["expected"][name][i], made[i]);
  }

 private:
  void compare(const char* name, const json& expected, double made) const {
    const json& tolerance = entry_["tolerance"];
    EXPECT_TRUE(is_close(made, number(expected), number(tolerance["absolute"]), number(tolerance["relative"])))
        << name << ": " << made << " instead of " << expected;
  }

  inline static const json kAbsent;
  const json& entry_;
};

void for_each_case(const std::string& file, const std::function<void(const Case&)>& check) {
  const json cases = golden_json("statistics/" + file + ".json");
  ASSERT_FALSE(cases.empty());
  for (const json& entry : cases) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    check(Case(entry));
  }
}

TEST(GoldenStatistics, ProportionIntervals) {
  for_each_case("proportion_interval", [](const Case& c) {
    c.expect("wilson", wilson_interval(c.count("successes"), c.count("n"), c.real("alpha")));
  });
}

TEST(GoldenStatistics, McNemar) {
  for_each_case("mcnemar", [](const Case& c) {
    const Discordant pairs{c.count("b"), c.count("c")};
    const McNemarTest exact = mcnemar_exact(pairs);
    c.expect("exact_two_sided", exact.two_sided);
    c.expect("exact_candidate_better", exact.candidate_better);
    c.expect("exact_candidate_worse", exact.candidate_worse);
  });
}

TEST(GoldenStatistics, PairedDifferences) {
  for_each_case("paired_difference", [](const Case& c) {
    const PairedCounts t{c.count("both"), c.count("candidate_only"), c.count("baseline_only"), c.count("neither")};
    c.expect("difference", t.difference());
    c.expect("phi", newcombe_phi(t));
    c.expect("newcombe", newcombe_interval(t, c.real("alpha")));
  });
}

TEST(GoldenStatistics, NonInferiority) {
  for_each_case("noninferiority", [](const Case& c) {
    const auto test =
        noninferiority_score(c.count("candidate_only"), c.count("baseline_only"), c.count("n"), c.real("margin"));
    c.expect("z", test.z);
    c.expect("score_p", test.score_p);
    if (!c.has("exact_p")) return;
    c.expect("exact_p", noninferiority_exact_p(c.count("candidate_only"), c.count("baseline_only"), c.count("n"),
                                               c.real("margin")));
  });
}

TEST(GoldenStatistics, Permutation) {
  for_each_case("permutation", [](const Case& c) {
    const PermutationTest test = permutation_exact(c.reals("differences"));
    c.expect("mean", test.mean);
    c.expect("two_sided", test.two_sided);
    c.expect("greater", test.greater);
    c.expect("less", test.less);
  });
}

TEST(GoldenStatistics, ClusterMeans) {
  for_each_case("cluster_mean", [](const Case& c) {
    Sample sample;
    const auto values = c.reals("values");
    const auto clusters = c.list<long>("clusters");
    const auto [low, high] = std::ranges::minmax(values);  // estimates are of values in [0, 1]
    for (std::size_t i = 0; i < values.size(); ++i)
      sample.add((values[i] - low) / (high - low), 1, static_cast<std::uint32_t>(clusters[i]));
    const Estimate made = estimate(sample, false);
    const double mean = low + made.mean * (high - low), error = made.standard_error * (high - low);
    c.expect("mean", mean);
    c.expect("se_corrected", error);
    const double t = student_t_quantile((1 + c.real("confidence")) / 2, static_cast<double>(made.clusters - 1));
    c.expect("interval_t", Interval{mean - t * error, mean + t * error});
  });
}

TEST(GoldenStatistics, AdjustedP) {
  for_each_case("adjusted_p", [](const Case& c) {
    const auto p = c.reals("p");
    c.expect("holm", holm(p));
    std::vector<double> rejected;
    for (const double adjusted : holm(p)) rejected.push_back(adjusted <= 0.05 ? 1 : 0);
    c.expect("holm_reject", rejected);
  });
}

TEST(GoldenStatistics, PowerOfMcNemar) {
  for_each_case("power_mcnemar", [](const Case& c) {
    const PairedDesign design{c.real("p10"), c.real("p01")};
    c.expect("n_for_80", mcnemar_rows(design, 0.8, c.real("alpha")));
  });
}

TEST(GoldenStatistics, PowerOfNonInferiority) {
  for_each_case("power_noninferiority", [](const Case& c) {
    const PairedDesign design{c.real("p10"), c.real("p01")};
    c.expect("n_for_80", noninferiority_rows(design, c.real("margin"), 0.8, c.real("alpha")));
    c.expect("n_for_90", noninferiority_rows(design, c.real("margin"), 0.9, c.real("alpha")));
    c.expect("power_at_200", noninferiority_power(design, c.real("margin"), 200, c.real("alpha")));
  });
}

TEST(GoldenStatistics, Kappa) {
  for_each_case("kappa", [](const Case& c) {
    const auto a = c.list<int>("a"), b = c.list<int>("b");
    c.expect("kappa", cohen_kappa(a, b));
    c.expect("agreement", agreement(a, b));
  });
}

TEST(GoldenStatistics, Correlations) {
  for_each_case("correlation", [](const Case& c) {
    const auto x = c.reals("x"), y = c.reals("y");
    c.expect("pearson", pearson(x, y));
    c.expect("spearman", spearman(x, y).coefficient);
    c.expect("spearman_p", spearman(x, y).p_value);
  });
}

TEST(GoldenStatistics, Percentiles) {
  for_each_case("percentile", [](const Case& c) {
    std::vector<double> made;
    auto values = c.reals("values");
    std::ranges::sort(values);
    for (const double q : c.reals("q")) made.push_back(percentile_of_sorted(values, q));
    c.expect("linear", made);
  });
}

using Function = std::function<double(double)>;
std::vector<double> mapped(const std::vector<double>& xs, const Function& f) {
  std::vector<double> out;
  for (const double x : xs) out.push_back(f(x));
  return out;
}

TEST(GoldenStatistics, Distributions) {
  for_each_case("distributions", [](const Case& c) {
    if (c.has("x")) return c.expect("x", mapped(c.reals("p"), normal_quantile));
    if (c.has("sf")) {
      c.expect("cdf", mapped(c.reals("x"), normal_cdf));
      return c.expect("sf", mapped(c.reals("x"), normal_sf));
    }
    if (c.has("pmf")) {
      const auto n = c.count("n");
      const double rate = c.real("p");
      const auto k = [](double x) { return static_cast<std::int64_t>(x); };
      c.expect("cdf", mapped(c.reals("k"), [&](double x) { return binomial_cdf(k(x), n, rate); }));
      return c.expect("pmf", mapped(c.reals("k"), [&](double x) { return binomial_pmf(k(x), n, rate); }));
    }
    const bool is_t = !c.in("degrees").is_null();
    const double a = is_t ? c.real("degrees") : c.real("a"), b = is_t ? 0 : c.real("b");
    c.expect("quantiles",
             mapped(c.reals("p"), [&](double p) { return is_t ? student_t_quantile(p, a) : beta_quantile(p, a, b); }));
    c.expect("cdf", mapped(c.reals("x"), [&](double x) { return is_t ? student_t_cdf(x, a) : beta_cdf(x, a, b); }));
  });
}

}  // namespace
}  // namespace fw::evals
