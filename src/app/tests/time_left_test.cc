#include "app/cli/time_left.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fw::app {
namespace {

TEST(TimeLeft, SaysNothingBeforeAFigureMeansAnything) {
  TimeLeft left;
  EXPECT_FALSE(left.update(Instant{}, 900, 0.01).has_value());
  EXPECT_TRUE(left.update(Instant{}, 100, 0.1).has_value());
}

TEST(TimeLeft, DoesNotJumpWhenMeasurementsDo) {
  TimeLeft left;
  Instant now{};
  double shown = *left.update(now, 100, 0.1);
  for (int second = 1; second <= 60; ++second) {
    now += std::chrono::seconds(1);
    const double truth = 100 - second;
    const double measured = second % 2 == 0 ? truth * 1.5 : truth * 0.6;
    const double next = *left.update(now, measured, 0.2);
    EXPECT_LE(std::abs(next - (shown - 1)), 5) << "second " << second;
    shown = next;
  }
  EXPECT_NEAR(shown, 40, 12);
}

TEST(TimeLeft, FollowsATrueChange) {
  TimeLeft left;
  Instant now{};
  (void)left.update(now, 100, 0.1);
  std::optional<double> shown;
  for (int second = 1; second <= 60; ++second) {
    now += std::chrono::seconds(1);
    shown = left.update(now, 500 - second, 0.2);
  }
  EXPECT_NEAR(*shown, 440, 10);
}

}  // namespace
}  // namespace fw::app
