#include "evals/statistics/sequential.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "evals/statistics/distributions.h"

namespace fw::evals {
namespace {

/// Odds of what is bet on, beside the limit's.
constexpr std::array<double, 6> kOddsRatios = {1.25, 1.5, 2, 3, 5, 10};
constexpr std::uint64_t kMostValues = 10'000'000;

double log_mean_exp(const std::array<double, 6>& logs) {
  const double top = std::ranges::max(logs);
  double sum = 0;
  for (const double each : logs) sum += std::exp(each - top);
  return top + std::log(sum / static_cast<double>(logs.size()));
}

double log_evidence_of(double limit, std::uint64_t bad, std::uint64_t count) {
  SequentialMeanTest test(limit, 0.5);
  test.add(1, bad);
  test.add(0, count - bad);
  return test.log_evidence();
}

/// Chance that the capital stands at 1 / alpha after `count` values: a little less than that it has ever stood there.
double chance_of_rejection(double limit, double rate, double alpha, std::uint64_t count) {
  std::uint64_t low = 0, high = count + 1;  // the fewest bad ones that reject lie in (low, high]
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (log_evidence_of(limit, middle, count) >= -std::log(alpha) ? high : low) = middle;
  }
  if (high > count) return 0;
  return binomial_sf(static_cast<std::int64_t>(high) - 1, static_cast<std::int64_t>(count), rate);
}

}  // namespace

SequentialMeanTest::SequentialMeanTest(double limit, double alpha) : limit_(limit), log_needed_(-std::log(alpha)) {
  FW_ASSERT(limit > 0 && limit < 1 && alpha > 0 && alpha < 1);
  for (std::size_t i = 0; i < kBets; ++i) {
    const double odds = kOddsRatios[i] * limit / (1 - limit);
    const double mean = odds / (1 + odds);
    stakes_[i] = (mean / limit - 1) / (1 - limit);  // the growth-optimal stake for 0 and 1 with that mean
    if_zero_[i] = std::log1p(-stakes_[i] * limit);
    if_one_[i] = std::log1p(stakes_[i] * (1 - limit));
  }
}

void SequentialMeanTest::add(double value, std::uint64_t times) {
  FW_ASSERT(value >= 0 && value <= 1);
  for (std::size_t i = 0; i < kBets; ++i) {
    const double gain = value == 0 ? if_zero_[i] : value == 1 ? if_one_[i] : std::log1p(stakes_[i] * (value - limit_));
    capital_[i] += static_cast<double>(times) * gain;
  }
  count_ += times;
  sum_ += value * static_cast<double>(times);
  // The mean of the capitals is at most the largest of them.
  if (!is_rejected_ && std::ranges::max(capital_) >= log_needed_) is_rejected_ = log_evidence() >= log_needed_;
}

void SequentialMeanTest::restore(const State& state) {
  count_ = state.count;
  sum_ = state.sum;
  capital_ = state.capital;
  is_rejected_ = log_evidence() >= log_needed_;
}

double SequentialMeanTest::log_evidence() const { return log_mean_exp(capital_); }

std::uint64_t values_to_reject(double limit, double rate, double alpha, double power) {
  FW_ASSERT(rate > limit && rate <= 1 && power > 0 && power < 1);
  std::uint64_t low = 0, high = 16;
  while (high < kMostValues && chance_of_rejection(limit, rate, alpha, high) < power) {
    low = high;
    high *= 2;
  }
  while (high - low > std::max<std::uint64_t>(1, high / 128)) {
    const std::uint64_t middle = low + (high - low) / 2;
    (chance_of_rejection(limit, rate, alpha, middle) >= power ? high : low) = middle;
  }
  return std::min(high, kMostValues);
}

}  // namespace fw::evals
