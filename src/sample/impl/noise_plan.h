#pragma once

#include <vector>

#include "sample/sample.h"

namespace fw::sample {

/// What becomes of a line.
enum class Fate : unsigned char {
  kGood,
  kDuplicate,
  kMissingResponse,
  kBrokenArguments,
  kEmptyMessages,
  kTruncatedLine,
};

/// One fate per line, planned_noise() of them not good. The first lines and the last are good, so that what is left
/// after cleaning spans the same time and there is always something to repeat.
[[nodiscard]] std::vector<Fate> plan_fates(const SampleSettings& settings);

}  // namespace fw::sample
