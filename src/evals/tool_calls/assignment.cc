#include "evals/tool_calls/assignment.h"

#include <algorithm>
#include <limits>

namespace fw::evals {
namespace {

/// The square problem, grown by one row at a time along the cheapest path of alternations. Index 0 of columns is the
/// place of the row that is being added.
class Assignment {
 public:
  explicit Assignment(const std::vector<std::vector<int>>& costs)
      : costs_(costs), size_(std::max(costs.size(), costs.front().size())) {
    row_price_.assign(size_ + 1, 0);
    column_price_.assign(size_ + 1, 0);
    row_of_.assign(size_ + 1, 0);
  }

  std::vector<std::optional<std::size_t>> solve() {
    for (std::size_t row = 1; row <= size_; ++row) add(row);
    std::vector<std::optional<std::size_t>> columns(costs_.size());
    for (std::size_t column = 1; column <= costs_.front().size(); ++column)
      if (row_of_[column] <= costs_.size()) columns[row_of_[column] - 1] = column - 1;
    return columns;
  }

 private:
  /// Rows and columns that fill up the square cost nothing.
  [[nodiscard]] int cost(std::size_t row, std::size_t column) const {
    return row > costs_.size() || column > costs_.front().size() ? 0 : costs_[row - 1][column - 1];
  }

  void add(std::size_t row) {
    constexpr int kFar = std::numeric_limits<int>::max();
    std::vector<int> distance(size_ + 1, kFar);
    std::vector<std::size_t> before(size_ + 1, 0);
    std::vector<bool> seen(size_ + 1, false);
    row_of_[0] = row;
    std::size_t column = 0;
    do {
      seen[column] = true;
      std::size_t next = 0;
      int least = kFar;
      for (std::size_t j = 1; j <= size_; ++j) {
        if (seen[j]) continue;
        const int reduced = cost(row_of_[column], j) - row_price_[row_of_[column]] - column_price_[j];
        if (reduced < distance[j]) distance[j] = reduced, before[j] = column;
        if (distance[j] < least) least = distance[j], next = j;
      }
      for (std::size_t j = 0; j <= size_; ++j) {
        if (seen[j]) {
          row_price_[row_of_[j]] += least;
          column_price_[j] -= least;
        } else if (distance[j] != kFar) {
          distance[j] -= least;
        }
      }
      column = next;
    } while (row_of_[column] != 0);
    for (; column != 0; column = before[column]) row_of_[column] = row_of_[before[column]];
  }

  const std::vector<std::vector<int>>& costs_;
  std::size_t size_;
  std::vector<int> row_price_, column_price_;
  std::vector<std::size_t> row_of_;  ///< of a column; 0: none yet
};

}  // namespace

std::vector<std::optional<std::size_t>> cheapest_pairs(const std::vector<std::vector<int>>& costs) {
  if (costs.empty() || costs.front().empty()) return std::vector<std::optional<std::size_t>>(costs.size());
  return Assignment(costs).solve();
}

}  // namespace fw::evals
