#include "dataset/impl/allocation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace fw::dataset {

std::uint64_t rows_of_ratio(double ratio, std::uint64_t rows) {
  return static_cast<std::uint64_t>(std::ceil(ratio * static_cast<double>(rows)));
}

Result<std::vector<std::uint64_t>> allocate(std::span<const std::uint64_t> counts, std::uint64_t taken,
                                            Random& random) {
  const std::uint64_t total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (taken == 0 || taken >= total) return invalid_argument("a split needs rows on both sides");
  const std::uint64_t left = total - taken;

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

std::vector<std::uint64_t> part_by_lot(std::span<const std::uint64_t> rows, std::uint64_t taken, Random& random) {
  const auto total = static_cast<double>(std::accumulate(rows.begin(), rows.end(), std::uint64_t{0}));
  const double start = random.uniform();
  std::vector<std::uint64_t> parts;
  std::uint64_t before = 0;
  double cumulated = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    cumulated += static_cast<double>(rows[i]);
    const double mark = std::floor(static_cast<double>(taken) * cumulated / total + start);
    const std::uint64_t most = std::min(taken, before + rows[i]);  // whatever doubles round to
    const std::uint64_t until = i + 1 == rows.size() ? taken : std::min(most, static_cast<std::uint64_t>(mark));
    parts.push_back(until - before);
    before = until;
  }
  return parts;
}

std::vector<std::uint32_t> merge_singles(std::span<const std::uint32_t> labels) {
  std::unordered_map<std::uint32_t, std::uint64_t> sizes;
  for (const std::uint32_t label : labels) ++sizes[label];
  std::unordered_map<std::uint32_t, std::uint32_t> numbers;
  constexpr std::uint32_t kOthers = UINT32_MAX;
  std::vector<std::uint32_t> classes;
  classes.reserve(labels.size());
  for (const std::uint32_t label : labels) {
    const std::uint32_t name = sizes.at(label) > 1 ? label : kOthers;
    classes.push_back(numbers.try_emplace(name, static_cast<std::uint32_t>(numbers.size())).first->second);
  }
  return classes;
}

}  // namespace fw::dataset
