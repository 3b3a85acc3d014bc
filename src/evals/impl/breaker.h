#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace fw::evals {

/// Counts the rows that an endpoint left without an answer one after the other.
/// After so many it is open: no further rows are to be sent until it is closed. Not thread-safe.
class Breaker final {
 public:
  explicit Breaker(int rows_until_open) : limit_(static_cast<std::size_t>(rows_until_open > 0 ? rows_until_open : 1)) {}

  /// Ends the streak, unless it is open: answers to what was sent before do not close it.
  void note_answer() {
    has_answered_ = true;
    if (!is_open()) streak_.clear();
  }
  void note_failure(std::size_t row, Error reason) {
    streak_.push_back(row);
    reason_ = std::move(reason);
  }

  [[nodiscard]] bool is_open() const { return streak_.size() >= limit_; }
  /// The endpoint has answered at some time.
  [[nodiscard]] bool has_answered() const { return has_answered_; }
  /// The latest failure.
  [[nodiscard]] const Error& reason() const { return reason_; }
  /// Closes it; gives back the rows of the streak.
  [[nodiscard]] std::vector<std::size_t> close() { return std::exchange(streak_, {}); }

 private:
  std::size_t limit_;
  bool has_answered_ = false;
  std::vector<std::size_t> streak_;
  Error reason_;
};

}  // namespace fw::evals
