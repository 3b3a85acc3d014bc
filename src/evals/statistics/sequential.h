#pragma once

#include <array>
#include <cstdint>

namespace fw::evals {

/// Tests "the mean is at most `limit`" on values in [0, 1] that come one after another, and may be looked at after
/// every one of them: by chance it is ever rejected with probability `alpha` at most, however long one looks.
///
/// A test by betting (Ville's inequality; Waudby-Smith and Ramdas 2024): capital that stakes a share of itself on each
/// value being above the limit is a fair game or worse where the mean is at most the limit, so it rarely grows 1 /
/// alpha fold. Equal capitals bet on means of 1.25 to 10 times the limit's odds. The values may depend on what came
/// before as long as their mean given that is at most the limit.
class SequentialMeanTest final {
 public:
  static constexpr std::size_t kBets = 6;

  /// What it has seen: to be kept, and to go on from with the same limit.
  struct State {
    std::uint64_t count = 0;
    double sum = 0;
    std::array<double, kBets> capital{};  ///< logarithms

    friend bool operator==(const State&, const State&) = default;
  };

  /// 0 < limit < 1, 0 < alpha < 1.
  SequentialMeanTest(double limit, double alpha);

  /// A value in [0, 1]; for rates 1 is what must not happen too often.
  void add(double value, std::uint64_t times = 1);

  [[nodiscard]] bool is_rejected() const { return is_rejected_; }
  /// Natural logarithm of the capital; log(1 / alpha) rejects.
  [[nodiscard]] double log_evidence() const;
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  [[nodiscard]] double limit() const { return limit_; }
  [[nodiscard]] State state() const { return {count_, sum_, capital_}; }
  void restore(const State& state);

 private:
  double limit_;
  double log_needed_;
  std::array<double, kBets> stakes_{};              // per unit above the limit
  std::array<double, kBets> if_zero_{}, if_one_{};  // what these values add to the logarithms
  std::array<double, kBets> capital_{};             // logarithms
  std::uint64_t count_ = 0;
  double sum_ = 0;
  bool is_rejected_ = false;
};

/// How many values with a rate of `rate` (above the limit) are enough to be told with probability `power`; not below
/// the true number. 10 million at most.
[[nodiscard]] std::uint64_t values_to_reject(double limit, double rate, double alpha, double power);

}  // namespace fw::evals
