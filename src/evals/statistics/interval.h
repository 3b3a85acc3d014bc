#pragma once

namespace fw::evals {

/// Both ends belong to it.
struct Interval {
  double low = 0;
  double high = 0;
};

}  // namespace fw::evals
