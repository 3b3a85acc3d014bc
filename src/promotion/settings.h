#pragma once

#include "evals/metric.h"
#include "promotion/gates.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// How a service promotes.
struct Settings {
  Rules rules;
  GateLimits gates;
  evals::ScoringSettings scoring;  ///< of pairs; the judge is not asked
};

}  // namespace fw::promotion
