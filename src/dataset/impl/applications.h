#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dataset/impl/conversation.h"

namespace fw::dataset {

/// Tells the rows of another application from those of the workload's own, by marks: hashes of the names of a row's
/// tools, of its system message's beginning and end. Rows are of one application if they share a mark through any chain
/// of rows. The largest is the workload's own where it has seven tenths of the rows at least; the others are strays
/// where its rows are most of those before and of those after the middle stray, too. So a prompt that is new from some
/// day on is none, nor are requests that each bring tools of their own. Rows without marks, which have neither tools
/// nor system message, are one application; where they are the most they are told from nobody.
class Applications final {
 public:
  /// A row in order of time.
  void add(std::span<const std::uint64_t> marks);
  /// Once, after all rows.
  void finish();
  /// Of any row.
  [[nodiscard]] bool is_stray(std::span<const std::uint64_t> marks) const;

 private:
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;  // of marks
  std::vector<std::vector<std::uint32_t>> rows_;              // numbers of their marks
  std::unordered_set<std::uint64_t> own_;                     // empty: no row is a stray
};

}  // namespace fw::dataset
