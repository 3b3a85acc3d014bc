#pragma once

#include "promotion/gates.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// How a service promotes.
struct Settings {
  Rules rules;
  GateLimits gates;
};

}  // namespace fw::promotion
