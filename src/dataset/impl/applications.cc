#include "dataset/impl/applications.h"

#include <algorithm>
#include <array>

namespace fw::dataset {
namespace {

constexpr double kLeastOwn = 0.7;
constexpr std::array<std::uint64_t, 1> kBare{0};  // the mark of rows that have none

std::span<const std::uint64_t> marks_of(std::span<const std::uint64_t> marks) {
  return marks.empty() ? std::span<const std::uint64_t>(kBare) : marks;
}

/// `rows`: by row its application.
bool goes_on_beside(std::span<const std::uint32_t> rows, std::uint32_t own) {
  std::vector<std::size_t> strays;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != own) strays.push_back(i);
  }
  if (strays.empty()) return false;
  const std::size_t middle = strays[strays.size() / 2];
  const auto is_mostly_own = [&](std::span<const std::uint32_t> part) {
    return 2 * std::ranges::count(part, own) > std::ssize(part);
  };
  return is_mostly_own(rows.first(middle)) && is_mostly_own(rows.subspan(middle + 1));
}

}  // namespace

void Applications::add(std::span<const std::uint64_t> marks) {
  auto& row = rows_.emplace_back();
  for (const std::uint64_t mark : marks_of(marks)) {
    row.push_back(numbers_.try_emplace(mark, static_cast<std::uint32_t>(numbers_.size())).first->second);
  }
}

void Applications::finish() {
  UnionFind sets(numbers_.size());
  for (const auto& row : rows_) {
    for (const std::uint32_t mark : row) sets.join(row.front(), mark);
  }
  std::vector<std::uint32_t> of_row;
  std::vector<std::size_t> sizes(numbers_.size(), 0);
  for (const auto& row : rows_) {
    of_row.push_back(sets.find(row.front()));
    ++sizes[of_row.back()];
  }
  if (sizes.empty()) return;
  const auto own = static_cast<std::uint32_t>(std::ranges::max_element(sizes) - sizes.begin());
  if (static_cast<double>(sizes[own]) < kLeastOwn * static_cast<double>(rows_.size())) return;
  if (const auto bare = numbers_.find(kBare.front()); bare != numbers_.end() && sets.find(bare->second) == own) return;
  if (!goes_on_beside(of_row, own)) return;
  for (const auto& [mark, number] : numbers_) {
    if (sets.find(number) == own) own_.insert(mark);
  }
}

bool Applications::is_stray(std::span<const std::uint64_t> marks) const {
  return !own_.empty() && std::ranges::none_of(marks, [&](std::uint64_t mark) { return own_.contains(mark); });
}

}  // namespace fw::dataset
