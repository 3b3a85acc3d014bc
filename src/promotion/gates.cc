#include "promotion/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/percent.h"

namespace fw::promotion {
namespace {

constexpr double kPower = 0.95;
constexpr double kFirstPart = 0.2;    // of the requests needed before a quarter of the traffic: in the first step
constexpr double kLaterParts = 0.5;   // of them again in every step from a quarter on
constexpr double kSmallShare = 0.25;  // steps below it are where a bad candidate must be caught
constexpr double kFirstWindow = 0.8;  // of alpha; the later ones share the rest
// A canary ends within its first window; beyond it a window is what a sudden fault has to be seen against.
constexpr std::uint64_t kWindow = 4;  // in units of what tells twice as bad
constexpr double kErrorsWhenOff = 0.02;

constexpr std::string_view kTitles[kGates] = {"errors",
                                              "slow answers",
                                              "invalid tool calls",
                                              "other calls than the other side's",
                                              "other texts than the other side's",
                                              "bad feedback",
                                              "answers that the judge finds worse"};
constexpr std::string_view kNames[kGates] = {
    "errors", "slow", "invalid_calls", "disagreement", "text_disagreement", "bad_feedback", "judged"};

std::uint64_t to_tell_twice(double limit, double alpha) {
  return evals::values_to_reject(limit, std::min(2 * limit, (1 + limit) / 2), alpha, kPower);
}

/// Of what tells twice as bad, how much belongs before the end of a step.
double parts_of(std::size_t step, const std::vector<double>& steps) {
  const auto small =
      static_cast<std::size_t>(std::ranges::count_if(steps, [](double share) { return share < kSmallShare; }));
  if (step + 1 < small) {
    return kFirstPart + (1 - kFirstPart) * static_cast<double>(step) / static_cast<double>(small - 1);
  }
  return step >= small ? 1 + kLaterParts * static_cast<double>(step + 1 - small) : 1;
}

}  // namespace

std::string_view title_of(Gate gate) { return kTitles[static_cast<std::size_t>(gate)]; }
std::string_view name_of(Gate gate) { return kNames[static_cast<std::size_t>(gate)]; }

GateTest::GateTest(double limit, double alpha, std::uint64_t window, std::uint64_t least)
    : alpha_(alpha), window_(window), least_(least), test_(limit, kFirstWindow * alpha) {}

double GateTest::alpha_of_window() const {
  const auto k = static_cast<double>(windows_);
  return windows_ == 0 ? kFirstWindow * alpha_ : (1 - kFirstWindow) * alpha_ / (k * (k + 1));
}

void GateTest::add(double value) {
  if (test_.count() >= window_ && !is_failed_) {
    earlier_count_ += test_.count();
    earlier_sum_ += test_.mean() * static_cast<double>(test_.count());
    ++windows_;
    test_ = evals::SequentialMeanTest(test_.limit(), alpha_of_window());
  }
  test_.add(std::clamp(value, 0.0, 1.0));
  is_failed_ = is_failed_ || (test_.is_rejected() && total() >= least_);
}

double GateTest::total_mean() const {
  const double sum = earlier_sum_ + test_.mean() * static_cast<double>(test_.count());
  return total() == 0 ? 0 : sum / static_cast<double>(total());
}

GateTest::State GateTest::state() const {
  return {test_.limit(), windows_, earlier_count_, earlier_sum_, is_failed_, test_.state()};
}

void GateTest::restore(const State& state) {
  if (state.limit != test_.limit()) return;
  windows_ = state.windows;
  earlier_count_ = state.earlier_count;
  earlier_sum_ = state.earlier_sum;
  is_failed_ = state.is_failed;
  test_ = evals::SequentialMeanTest(state.limit, alpha_of_window());
  test_.restore(state.test);
}

Gates::Gates(const GateLimits& limits) {
  const double slow = limits.slow_after > Duration::zero() ? limits.slow : 0;
  const double wanted[kGates] = {
      limits.errors,       slow,         limits.invalid_calls, limits.disagreement, limits.text_disagreement,
      limits.bad_feedback, limits.judged};
  const auto on = static_cast<double>(std::ranges::count_if(wanted, [](double limit) { return limit > 0; }));
  const double alpha = limits.alpha / std::max(on, 1.0);
  if (limits.errors <= 0) to_tell_twice_as_bad_[0] = to_tell_twice(kErrorsWhenOff, kFirstWindow * alpha);
  for (std::size_t i = 0; i < kGates; ++i) {
    if (wanted[i] <= 0) continue;
    const std::uint64_t least = i == static_cast<std::size_t>(Gate::kJudged) ? limits.judged_least : 0;
    to_tell_twice_as_bad_[i] = std::max(to_tell_twice(wanted[i], kFirstWindow * alpha), least);
    tests_[i].emplace(wanted[i], alpha, kWindow * to_tell_twice_as_bad_[i], least);
  }
}

void Gates::add(const Observation& seen) {
  if (seen.is_error && !seen.is_copy) ++answered_;
  const std::optional<double> values[kGates] = {seen.is_error,     seen.is_slow,           seen.is_invalid_call,
                                                seen.disagreement, seen.text_disagreement, seen.bad_feedback,
                                                seen.judged};
  for (std::size_t i = 0; i < kGates; ++i) {
    if (values[i] && tests_[i]) tests_[i]->add(*values[i]);
  }
}

const GateTest* Gates::test(Gate gate) const {
  const auto& test = tests_[static_cast<std::size_t>(gate)];
  return test ? &*test : nullptr;
}

std::optional<std::string> Gates::failure() const {
  for (std::size_t i = 0; i < kGates; ++i) {
    const auto& test = tests_[i];
    if (!test || !test->is_failed()) continue;
    return fmt::format("{}: {} of {}, at most {} may", kTitles[i], percent(test->mean()), test->count(),
                       percent(test->limit()));
  }
  return std::nullopt;
}

std::uint64_t Gates::needed(std::size_t step, const std::vector<double>& steps) const {
  return static_cast<std::uint64_t>(parts_of(step, steps) * static_cast<double>(to_tell_twice_as_bad_[0])) + 1;
}

std::uint64_t Gates::missing(std::size_t step, const std::vector<double>& steps) const {
  const std::uint64_t wanted = needed(step, steps);
  const std::uint64_t of_errors = wanted > answered_ ? wanted - answered_ : 0;
  const double parts = parts_of(step, steps);
  std::uint64_t most = std::max(of_errors, missing_of(Gate::kJudged, parts));
  for (const Gate gate : {Gate::kSlow, Gate::kInvalidCalls}) {
    const bool is_blind = test(gate) != nullptr && test(gate)->total() == 0;
    // Many a workload calls no tools: what has seen nothing in all these requests is not waited for.
    if (!is_blind || of_errors > 0) most = std::max(most, missing_of(gate, parts));
  }
  return most;
}

std::uint64_t Gates::missing_of(Gate gate, double parts) const {
  const GateTest* test = this->test(gate);
  if (test == nullptr) return 0;
  const auto needed = to_tell_twice_as_bad_[static_cast<std::size_t>(gate)];
  const auto wanted = static_cast<std::uint64_t>(std::ceil(parts * static_cast<double>(needed) + 1));
  return wanted > test->total() ? wanted - test->total() : 0;
}

Gates::State Gates::state() const {
  State state{.answered = answered_, .tests = {}};
  for (std::size_t i = 0; i < kGates; ++i) {
    if (tests_[i]) state.tests[i] = tests_[i]->state();
  }
  return state;
}

void Gates::restore(const State& state) {
  answered_ = state.answered;
  for (std::size_t i = 0; i < kGates; ++i) {
    if (tests_[i] && state.tests[i]) tests_[i]->restore(*state.tests[i]);
  }
}

}  // namespace fw::promotion
