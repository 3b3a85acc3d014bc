#include "dataset/impl/allocation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fw::dataset {

std::uint64_t rows_of_ratio(double ratio, std::uint64_t rows) {
  return static_cast<std::uint64_t>(std::ceil(ratio * static_cast<double>(rows)));
}

Result<std::vector<std::uint64_t>> allocate(std::span<const std::uint64_t> counts, std::uint64_t taken,
                                            Random& random) {
  const std::uint64_t total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (taken == 0 || taken >= total) return invalid_argument("a split needs rows on both sides");
  const std::uint64_t left = total - taken;
  if (taken < counts.size() || left < counts.size()) return invalid_argument("fewer rows on a side than classes");
  if (*std::min_element(counts.begin(), counts.end()) < 2) return invalid_argument("a class of one row");

  std::vector<std::uint64_t> out(counts.size());
  std::vector<unsigned __int128> remainder(counts.size());
  std::uint64_t places = left;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto share = static_cast<unsigned __int128>(counts[i]) * left;
    remainder[i] = share % total;
    const auto floor = static_cast<std::uint64_t>(share / total);
    out[i] = counts[i] - floor;
    places -= floor;
  }
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::size_t> lot = order;
  random.shuffle(lot);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    return remainder[a] != remainder[b] ? remainder[a] > remainder[b] : lot[a] < lot[b];
  });
  for (std::uint64_t i = 0; i < places; ++i) --out[order[i]];
  return out;
}

ClassSizes count_classes(std::span<const std::string> classes) {
  ClassSizes sizes;
  for (const std::string& name : classes) ++sizes[name];
  return sizes;
}

std::vector<std::string> merge_singles(std::span<const std::string> labels) {
  const ClassSizes sizes = count_classes(labels);
  std::vector<std::string> classes;
  classes.reserve(labels.size());
  for (const std::string& label : labels) classes.push_back(sizes.at(label) > 1 ? label : "others");
  return classes;
}

std::string why_not_stratified(const ClassSizes& classes, std::uint64_t taken) {
  std::uint64_t total = 0;
  std::uint64_t smallest = UINT64_MAX;
  for (const auto& [name, size] : classes) {
    total += size;
    smallest = std::min(smallest, size);
  }
  if (taken >= total) return "no rows left";
  if (classes.size() < 2) return "one class";
  if (taken < classes.size()) return "fewer rows to take than classes";
  if (total - taken < classes.size()) return "fewer rows left than classes";
  return smallest < 2 ? "a class of one row" : "";
}

}  // namespace fw::dataset
