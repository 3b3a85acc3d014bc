#include "auth/limits.h"

#include <algorithm>

namespace fw::auth {

TokenBucket::TokenBucket(double rate) : rate_(rate), most_(std::max(rate, 1.0)), tokens_(most_) {}

void TokenBucket::fill(Instant now) {
  if (now <= filled_) return;
  tokens_ = std::min(most_, tokens_ + rate_ * to_seconds(now - filled_));
  filled_ = now;
}

std::optional<Duration> TokenBucket::wait(Instant now) {
  if (rate_ <= 0) return std::nullopt;
  fill(now);
  if (tokens_ >= 1) return std::nullopt;
  const double seconds = std::min((1 - tokens_) / rate_, 3600.0);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void TokenBucket::charge(double count, Instant now) {
  if (rate_ <= 0) return;
  fill(now);
  tokens_ -= count;
}

}  // namespace fw::auth
