#include "trainer/loop/schedule.h"

#include <cmath>
#include <numbers>

namespace fw::trainer {

double LearningRate::at(std::int64_t step) const {
  const auto warmup = static_cast<std::int64_t>(std::ceil(warmup_ratio * static_cast<double>(total_steps)));
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const std::int64_t first = warmup > 0 ? warmup - 1 : 0;  // the step that has the peak
  const std::int64_t span = total_steps - 1 - first;
  const double done = span > 0 ? static_cast<double>(step - first) / static_cast<double>(span) : 0;
  switch (decay) {
    case Decay::kConstant: return peak;
    case Decay::kLinear: return peak * (1 - (1 - final_ratio) * done);
    case Decay::kCosine:
      return peak * (final_ratio + (1 - final_ratio) * 0.5 * (1 + std::cos(std::numbers::pi * done)));
  }
  return peak;
}

}  // namespace fw::trainer
