#include "trainer/packing/families.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

namespace fw::trainer {
namespace {

constexpr std::int64_t kBatchTokens = 4096;
constexpr std::size_t kBatchRows = 64;

}  // namespace

std::vector<std::size_t> side_by_side(std::span<const TrainingRow* const> rows) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return std::tie(rows[a]->tokens, a) < std::tie(rows[b]->tokens, b); });
  return order;
}

std::size_t batch_end(std::span<const TrainingRow* const> rows, std::size_t begin, std::int64_t common) {
  std::int64_t tokens = 0;
  std::size_t end = begin;
  for (; end < rows.size() && end - begin < kBatchRows; ++end) {
    tokens += static_cast<std::int64_t>(rows[end]->tokens.size()) - common;
    if (end > begin && tokens > kBatchTokens) break;
  }
  return end;
}

std::vector<std::vector<std::size_t>> families(std::span<const TrainingRow* const> rows, std::int64_t shortest_shared) {
  const std::int64_t needed = common_beginning(rows) + std::max<std::int64_t>(shortest_shared, 1);
  std::vector<std::vector<std::size_t>> out;
  for (const auto row : side_by_side(rows)) {
    const bool joins = !out.empty() && common_beginning(std::array{rows[out.back().back()], rows[row]}) >= needed;
    if (!joins) out.emplace_back();
    out.back().push_back(row);
  }
  return out;
}

std::vector<std::size_t> shuffle_families(const std::vector<std::vector<std::size_t>>& families, std::size_t together,
                                          Random& random) {
  std::vector<std::vector<std::size_t>> groups;
  for (auto family : families) {
    random.shuffle(family);
    for (std::size_t begin = 0; begin < family.size(); begin += together) {
      const auto end = std::min(begin + together, family.size());
      groups.emplace_back(family.begin() + static_cast<std::ptrdiff_t>(begin),
                          family.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
  random.shuffle(groups);
  std::vector<std::size_t> order;
  for (const auto& group : groups) order.insert(order.end(), group.begin(), group.end());
  return order;
}

}  // namespace fw::trainer
