#include "base/percent.h"

#include <cstdio>

namespace fw {
namespace {

std::string formatted(const char* format, double share) {
  char text[64];
  std::snprintf(text, sizeof text, format, 100 * share);
  return text;
}

}  // namespace

std::string percent(double share) { return formatted("%.1f %%", share); }
std::string percent_as_set(double share) { return formatted("%.3g %%", share); }

}  // namespace fw
