#pragma once

#include <optional>

#include "base/clock.h"

namespace fw::app {

/// The time that something will still take, as a person can follow it: measurements jump with every row, what is shown
/// runs down like a clock and is corrected gradually. A pure function of what it is given.
class TimeLeft final {
 public:
  /// `measured`: seconds left by the latest measurement, `fraction`: how much is done, in [0, 1]. What to show in whole
  /// seconds; nothing while too little is done for a figure to mean anything.
  [[nodiscard]] std::optional<double> update(Instant now, double measured, double fraction);
  /// Another thing begins.
  void reset() { *this = TimeLeft(); }

 private:
  std::optional<double> shown_;
  Instant at_{};
};

}  // namespace fw::app
