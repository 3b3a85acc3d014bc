#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace fw::capture {

/// So many tokens a minute: a bucket that holds a minute's worth, full at first. What is known only afterwards may be
/// taken beyond its bottom; then it is empty for longer. Not thread-safe.
class TokenAllowance final {
 public:
  TokenAllowance(std::uint64_t tokens_a_minute, Instant now)
      : most_(static_cast<double>(tokens_a_minute)), left_(most_), at_(now) {}

  /// Whether `tokens` are left; they are taken then.
  [[nodiscard]] bool take(std::uint64_t tokens, Instant now) {
    refill(now);
    if (left_ < static_cast<double>(tokens)) return false;
    left_ -= static_cast<double>(tokens);
    return true;
  }
  void charge(std::uint64_t tokens) { left_ -= static_cast<double>(tokens); }

 private:
  void refill(Instant now) {
    left_ = std::min(most_, left_ + most_ * to_seconds(now - at_) / 60);
    at_ = now;
  }

  double most_;
  double left_;
  Instant at_;
};

}  // namespace fw::capture
