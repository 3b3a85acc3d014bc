#include "dataset/impl/relevance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fw::dataset {

Nearest best_of(const std::vector<double>& scores, std::size_t count) {
  const auto rounded = [&](std::uint32_t i) { return std::llround(scores[i] * 1e6); };
  Nearest order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto x = rounded(a), y = rounded(b);
    return x != y ? x > y : a < b;
  });
  order.erase(end, order.end());
  return order;
}

}  // namespace fw::dataset
