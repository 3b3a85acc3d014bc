#include "evals/statistics/sequential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace fw::evals {
namespace {

/// SplitMix64 as numbers in [0, 1): the simulations below are the same everywhere.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  double next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1.0p-53;
  }

 private:
  std::uint64_t state_;
};

/// Share of `runs` in which a rate of `rate` is ever rejected within `values`, looked at after each.
double share_rejected(double limit, double rate, double alpha, int runs, int values) {
  int rejected = 0;
  Numbers numbers(7);
  for (int run = 0; run < runs; ++run) {
    SequentialMeanTest test(limit, alpha);
    for (int i = 0; i < values && !test.is_rejected(); ++i) test.add(numbers.next() < rate ? 1 : 0);
    rejected += test.is_rejected() ? 1 : 0;
  }
  return static_cast<double>(rejected) / runs;
}

TEST(SequentialMeanTest, LookingAfterEveryValueNeverRejectsTheLimitItselfTooOften) {
  for (const double limit : {0.01, 0.05, 0.3}) {
    EXPECT_LE(share_rejected(limit, limit, 0.05, 1000, 4000), 0.05) << limit;
  }
}

TEST(SequentialMeanTest, ValuesToRejectAreEnough) {
  for (const auto& [limit, rate] : {std::pair(0.02, 0.04), std::pair(0.05, 0.1), std::pair(0.05, 0.2)}) {
    const auto needed = values_to_reject(limit, rate, 0.01, 0.95);
    EXPECT_GE(share_rejected(limit, rate, 0.01, 400, static_cast<int>(needed)), 0.95) << limit << ' ' << rate;
    EXPECT_LT(share_rejected(limit, rate, 0.01, 400, static_cast<int>(needed / 4)), 0.9) << limit << ' ' << rate;
  }
}

TEST(SequentialMeanTest, TheCapitalIsThatOfTheBets) {
  // Limit 1/2, one value 1: the bet on odds of r has r / (1 + r) / (1/2) times its capital.
  SequentialMeanTest test(0.5, 0.05);
  test.add(1);
  double expected = 0;
  for (const double r : {1.25, 1.5, 2.0, 3.0, 5.0, 10.0}) expected += 2 * r / (1 + r) / 6;
  EXPECT_NEAR(test.log_evidence(), std::log(expected), 1e-12);
  test.add(0);
  expected = 0;
  for (const double r : {1.25, 1.5, 2.0, 3.0, 5.0, 10.0}) expected += 2 * r / (1 + r) * 2 / (1 + r) / 6;
  EXPECT_NEAR(test.log_evidence(), std::log(expected), 1e-12);
}

TEST(SequentialMeanTest, GradedValuesBelowTheLimitNeverReject) {
  SequentialMeanTest test(0.3, 0.05);
  test.add(0.3, 1'000'000);
  EXPECT_FALSE(test.is_rejected());
  EXPECT_NEAR(test.mean(), 0.3, 1e-9);
  test.add(1.0, 100);
  EXPECT_TRUE(test.is_rejected());
}

TEST(SequentialMeanTest, OnceRejectedStaysRejected) {
  SequentialMeanTest test(0.05, 0.05);
  test.add(1, 5);
  ASSERT_TRUE(test.is_rejected());
  test.add(0, 100'000);
  EXPECT_TRUE(test.is_rejected());
  EXPECT_EQ(test.count(), 100'005U);
}

}  // namespace
}  // namespace fw::evals
