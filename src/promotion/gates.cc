#include "promotion/gates.h"

#include <fmt/format.h>

#include <algorithm>

namespace fw::promotion {
namespace {

constexpr double kPower = 0.95;
constexpr double kFirstPart = 0.2;    // of the requests needed before a quarter of the traffic: in the first step
constexpr double kLaterParts = 0.5;   // of them again in every step from a quarter on
constexpr double kSmallShare = 0.25;  // steps below it are where a bad candidate must be caught

constexpr std::string_view kTitles[kGates] = {"errors", "slow answers", "invalid tool calls",
                                              "answers other than production's", "bad feedback"};

}  // namespace

std::string_view title_of(Gate gate) { return kTitles[static_cast<std::size_t>(gate)]; }

Gates::Gates(const GateLimits& limits)
    : limits_(limits),
      tests_{evals::SequentialMeanTest(limits.errors, limits.alpha / kGates),
             evals::SequentialMeanTest(limits.slow, limits.alpha / kGates),
             evals::SequentialMeanTest(limits.invalid_calls, limits.alpha / kGates),
             evals::SequentialMeanTest(limits.disagreement, limits.alpha / kGates),
             evals::SequentialMeanTest(limits.bad_feedback, limits.alpha / kGates)},
      to_tell_twice_as_bad_(
          evals::values_to_reject(limits.errors, std::min(2 * limits.errors, 1.0), limits.alpha / kGates, kPower)) {}

void Gates::add(const Observation& seen) {
  tests_[static_cast<std::size_t>(Gate::kErrors)].add(seen.is_error ? 1 : 0);
  const std::optional<double> others[] = {seen.is_slow, seen.is_invalid_call, seen.disagreement, seen.bad_feedback};
  for (std::size_t i = 0; i < std::size(others); ++i) {
    if (others[i]) tests_[i + 1].add(std::clamp(*others[i], 0.0, 1.0));
  }
}

std::optional<std::string> Gates::failure() const {
  for (std::size_t i = 0; i < kGates; ++i) {
    const auto& test = tests_[i];
    if (!test.is_rejected()) continue;
    return fmt::format("{}: {:.1f} % of {}, at most {:.1f} % may", kTitles[i], 100 * test.mean(), test.count(),
                       100 * test.limit());
  }
  return std::nullopt;
}

std::uint64_t Gates::needed(std::size_t step, const std::vector<double>& steps) const {
  const auto small =
      static_cast<std::size_t>(std::ranges::count_if(steps, [](double share) { return share < kSmallShare; }));
  double parts = 1;
  if (step + 1 < small) {
    parts = kFirstPart + (1 - kFirstPart) * static_cast<double>(step) / static_cast<double>(small - 1);
  } else if (step >= small) {
    parts = 1 + kLaterParts * static_cast<double>(step + 1 - small);
  }
  return static_cast<std::uint64_t>(parts * static_cast<double>(to_tell_twice_as_bad_)) + 1;
}

std::uint64_t Gates::missing(std::size_t step, const std::vector<double>& steps) const {
  const std::uint64_t seen = test(Gate::kErrors).count(), wanted = needed(step, steps);
  return wanted > seen ? wanted - seen : 0;
}

}  // namespace fw::promotion
