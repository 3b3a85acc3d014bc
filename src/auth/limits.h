#pragma once

#include <optional>

#include "base/clock.h"

namespace fw::auth {

/// A token bucket: `rate` a second, at most a second's worth at once. Not thread-safe.
class TokenBucket final {
 public:
  /// A rate of 0 is no limit.
  explicit TokenBucket(double rate);

  /// How long until one more may be taken; nothing: now.
  [[nodiscard]] std::optional<Duration> wait(Instant now);
  /// Takes what has already happened; what goes beyond the bucket is a debt that is waited for.
  void charge(double count, Instant now);

 private:
  void fill(Instant now);

  double rate_;
  double most_;
  double tokens_;
  Instant filled_{};
};

}  // namespace fw::auth
