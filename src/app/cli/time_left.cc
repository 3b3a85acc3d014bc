#include "app/cli/time_left.h"

#include <algorithm>
#include <cmath>

namespace fw::app {
namespace {

/// The first rows of an evaluation wait for one another: what is measured then is several times too long.
constexpr double kLeastFraction = 0.05;
/// Seconds after which two thirds of a difference to the measurements have gone.
constexpr double kCorrection = 15;

}  // namespace

std::optional<double> TimeLeft::update(Instant now, double measured, double fraction) {
  if (fraction < kLeastFraction || !std::isfinite(measured)) return std::nullopt;
  if (!shown_) {
    shown_ = measured;
  } else {
    const double passed = to_seconds(now - at_);
    const double expected = std::max(*shown_ - passed, 0.0);
    shown_ = expected + (measured - expected) * (1 - std::exp(-passed / kCorrection));
  }
  at_ = now;
  return std::round(std::max(*shown_, 0.0));
}

}  // namespace fw::app
