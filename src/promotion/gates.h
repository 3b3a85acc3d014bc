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

/// What a promoted model is held against: shares of what it gave that may be bad in each way, below 1. 0: this is
/// counted by nobody.
struct GateLimits {
  double errors = 0.02;         ///< answered with an error, or not at all
  double slow = 0.05;           ///< of whole answers: took longer than slow_after; 0.05 holds the 95th percentile to it
  Duration slow_after{0};       ///< to an answer's last byte; 0: no answer is slow
  double invalid_calls = 0.01;  ///< of answers with tool calls: one that the tool's schema forbids
  double disagreement = 0.1;    ///< of pairs in which a side called tools: other calls than the other side's
  double text_disagreement = 0;  ///< of pairs of texts: one less the text metric, on average
  double bad_feedback = 0.05;    ///< of answers that the application rated: rated bad
  double judged = 0;             ///< of pairs that the judge rated: one less its rating, on average
  /// Pairs that the judge must have rated before its gate may fail.
  std::uint64_t judged_least = 30;
  double alpha = 0.05;  ///< chance that a candidate within all limits is ever rolled back
};

/// What was seen of the candidate at one request, as far as it was looked at.
struct Observation {
  std::optional<bool> is_error;
  std::optional<bool> is_slow;
  std::optional<bool> is_invalid_call;
  std::optional<double> disagreement;       ///< 0 to 1
  std::optional<double> text_disagreement;  ///< 0 to 1
  std::optional<double> bad_feedback;       ///< 0 to 1
  std::optional<double> judged;             ///< 0 to 1: one less the judge's rating
  bool is_copy = false;                     ///< no client had this answer
};

enum class Gate : std::uint8_t {
  kErrors,
  kSlow,
  kInvalidCalls,
  kDisagreement,
  kTextDisagreement,
  kBadFeedback,
  kJudged
};
inline constexpr std::size_t kGates = 7;
/// For people: "slow answers". `name_of`: the key of configuration and API.
[[nodiscard]] std::string_view title_of(Gate gate);
[[nodiscard]] std::string_view name_of(Gate gate);

/// One gate: a test that may be looked at after every value (evals::SequentialMeanTest). A test that has seen long good
/// times is slow to see bad ones, so that a new one begins after every `window` values, each with a smaller part of
/// alpha; together they are wrong with a chance of alpha at most, however many there are.
class GateTest final {
 public:
  /// All that has to be kept to go on after a restart.
  struct State {
    double limit = 0;
    std::uint64_t windows = 0;  ///< that are over
    std::uint64_t earlier_count = 0;
    double earlier_sum = 0;
    bool is_failed = false;
    evals::SequentialMeanTest::State test;
  };

  /// It does not fail before it has seen `least` values.
  GateTest(double limit, double alpha, std::uint64_t window, std::uint64_t least = 0);

  void add(double value);
  [[nodiscard]] bool is_failed() const { return is_failed_; }
  [[nodiscard]] double limit() const { return test_.limit(); }
  /// Of the window in which it failed, or is.
  [[nodiscard]] double mean() const { return test_.mean(); }
  [[nodiscard]] std::uint64_t count() const { return test_.count(); }
  /// Of all windows.
  [[nodiscard]] std::uint64_t total() const { return earlier_count_ + test_.count(); }
  [[nodiscard]] double total_mean() const;

  [[nodiscard]] State state() const;
  /// Goes on from there; a state for another limit is passed over, as its bets were others.
  void restore(const State& state);

 private:
  [[nodiscard]] double alpha_of_window() const;

  double alpha_;
  std::uint64_t window_;
  std::uint64_t least_;
  std::uint64_t windows_ = 0;
  std::uint64_t earlier_count_ = 0;
  double earlier_sum_ = 0;
  bool is_failed_ = false;
  evals::SequentialMeanTest test_;
};

/// The gates of one promoted model, over all its stages and steps; those that are on share alpha evenly.
class Gates final {
 public:
  struct State {
    std::uint64_t answered = 0;
    std::array<std::optional<GateTest::State>, kGates> tests;
  };

  explicit Gates(const GateLimits& limits = {});

  void add(const Observation& seen);
  /// The first gate that failed and its figures: `errors: 7.5 % of 120, at most 2.0 % may`.
  [[nodiscard]] std::optional<std::string> failure() const;
  /// nullptr: the gate is off.
  [[nodiscard]] const GateTest* test(Gate gate) const;

  /// Requests of clients that it was asked.
  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  /// Requests that the canary must have answered before it leaves step `step` of `steps`: before the share goes beyond
  /// a quarter, enough that twice as many errors as allowed are told with a chance of 95 %.
  [[nodiscard]] std::uint64_t needed(std::size_t step, const std::vector<double>& steps) const;
  /// About how many are missing, as if every one of them were seen by all gates; never more than before while the
  /// step is the same. Counted are the requests needed, and as many as the gates on slow answers and invalid calls need
  /// to tell twice what they allow, unless they have seen nothing at all once the requests are there; the judge's in
  /// any case: nothing goes on unrated where ratings are asked for.
  [[nodiscard]] std::uint64_t missing(std::size_t step, const std::vector<double>& steps) const;

  [[nodiscard]] State state() const;
  void restore(const State& state);

 private:
  [[nodiscard]] std::uint64_t missing_of(Gate gate, double parts) const;

  std::array<std::optional<GateTest>, kGates> tests_;
  std::array<std::uint64_t, kGates> to_tell_twice_as_bad_{};  ///< of errors also where that gate is off
  std::uint64_t answered_ = 0;
};

}  // namespace fw::promotion
