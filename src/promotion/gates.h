#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "evals/statistics/sequential.h"

namespace fw::promotion {

/// What a canary is held against: shares of its requests that may be bad in each way. 0 < limit < 1.
struct GateLimits {
  double errors = 0.02;         ///< answered with an error, or not at all
  double slow = 0.10;           ///< slower than `slow_after`
  double invalid_calls = 0.01;  ///< of answers with tool calls: not valid by the tool's schema
  double disagreement = 0.05;   ///< of shadowed pairs: other than production's answer by the workload's metric
  double bad_feedback = 0.05;   ///< of answers that the application rated: rated bad
  double alpha = 0.05;          ///< chance that a candidate within all limits is ever rolled back
};

/// One request that the candidate answered, as far as it was looked at.
struct Observation {
  bool is_error = false;
  std::optional<bool> is_slow;
  std::optional<bool> is_invalid_call;
  std::optional<double> disagreement;  ///< 0 to 1
  std::optional<double> bad_feedback;  ///< 0 to 1
};

enum class Gate : std::uint8_t { kErrors, kSlow, kInvalidCalls, kDisagreement, kBadFeedback };
inline constexpr std::size_t kGates = 5;
[[nodiscard]] std::string_view title_of(Gate gate);

/// The tests of one canary, over all its steps. They may be looked at after every request (evals::SequentialMeanTest),
/// each at a fifth of alpha.
class Gates final {
 public:
  explicit Gates(const GateLimits& limits = {});

  void add(const Observation& seen);
  /// The first gate that failed and its figures: `errors: 9 of 120 requests (7.5 %), at most 2 % may`.
  [[nodiscard]] std::optional<std::string> failure() const;
  [[nodiscard]] const evals::SequentialMeanTest& test(Gate gate) const {
    return tests_[static_cast<std::size_t>(gate)];
  }

  /// Requests that the canary must have answered before it leaves step `step` of `steps`: before the share goes beyond
  /// a quarter, enough that twice as many errors as allowed are told with a chance of 95 %.
  [[nodiscard]] std::uint64_t needed(std::size_t step, const std::vector<double>& steps) const;
  /// How many of them are missing.
  [[nodiscard]] std::uint64_t missing(std::size_t step, const std::vector<double>& steps) const;

 private:
  GateLimits limits_;
  std::array<evals::SequentialMeanTest, kGates> tests_;
  std::uint64_t to_tell_twice_as_bad_;
};

}  // namespace fw::promotion
