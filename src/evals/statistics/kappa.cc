#include "evals/statistics/kappa.h"

#include <limits>
#include <map>

#include "base/assert.h"

namespace fw::evals {

double cohen_kappa(std::span<const int> a, std::span<const int> b) {
  FW_ASSERT(a.size() == b.size() && !a.empty());
  std::map<int, double> count_a, count_b;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ++count_a[a[i]];
    ++count_b[b[i]];
  }
  const auto n = static_cast<double>(a.size());
  double by_chance = 0;
  for (const auto& [label, count] : count_a) by_chance += count / n * (count_b[label] / n);
  if (by_chance >= 1) return std::numeric_limits<double>::quiet_NaN();
  return (agreement(a, b) - by_chance) / (1 - by_chance);
}

double agreement(std::span<const int> a, std::span<const int> b) {
  FW_ASSERT(a.size() == b.size() && !a.empty());
  std::size_t equal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

}  // namespace fw::evals
