#include "evals/statistics/kappa.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "base/assert.h"

namespace fw::evals {
namespace {

/// Place of each category in the order of labels.
std::map<int, std::size_t> places(std::span<const int> a, std::span<const int> b, std::span<const int> labels) {
  std::map<int, std::size_t> out;
  if (labels.empty()) {
    std::set<int> seen(a.begin(), a.end());
    seen.insert(b.begin(), b.end());
    for (const int label : seen) out.emplace(label, out.size());
  } else {
    for (const int label : labels) out.emplace(label, out.size());
  }
  return out;
}

double weight(std::size_t i, std::size_t j, KappaWeights weights) {
  const double distance = std::fabs(static_cast<double>(i) - static_cast<double>(j));
  switch (weights) {
    case KappaWeights::kNone: return distance == 0 ? 0 : 1;
    case KappaWeights::kLinear: return distance;
    case KappaWeights::kQuadratic: return distance * distance;
  }
  return 0;
}

}  // namespace

double cohen_kappa(std::span<const int> a, std::span<const int> b, KappaWeights weights, std::span<const int> labels) {
  FW_ASSERT(a.size() == b.size() && !a.empty());
  const auto place = places(a, b, labels);
  std::vector<double> count_a(place.size()), count_b(place.size());
  double observed = 0, expected = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t x = place.at(a[i]), y = place.at(b[i]);
    ++count_a[x];
    ++count_b[y];
    observed += weight(x, y, weights);
  }
  for (std::size_t i = 0; i < place.size(); ++i)
    for (std::size_t j = 0; j < place.size(); ++j)
      expected += weight(i, j, weights) * count_a[i] * count_b[j] / static_cast<double>(a.size());
  if (expected == 0) return std::numeric_limits<double>::quiet_NaN();
  return 1 - observed / expected;
}

double agreement(std::span<const int> a, std::span<const int> b) {
  FW_ASSERT(a.size() == b.size() && !a.empty());
  std::size_t equal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

}  // namespace fw::evals
