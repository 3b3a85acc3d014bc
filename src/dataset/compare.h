#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "async/deadline.h"
#include "base/result.h"

namespace fw::dataset {

enum class Side : std::uint8_t { kEvaluation, kTraining, kValidation };
inline constexpr std::array kSides{Side::kEvaluation, Side::kTraining, Side::kValidation};
[[nodiscard]] std::string_view to_string(Side side);

/// The files of one dataset as they are compared; empty where one is not there.
struct SideFiles {
  std::array<std::string_view, 3> rows;  ///< by Side
  std::string_view lineage;              ///< from which record each row of training and validation is
};

/// What two datasets have on one side.
struct SideDifference {
  std::uint64_t in_first = 0;
  std::uint64_t in_second = 0;
  /// On this side in both, with other bytes. Of evaluation rows `template_in_training` and `newest` do not count: they
  /// tell of training.
  std::uint64_t changed = 0;
  std::vector<std::string> only_first;   ///< on no side of the second
  std::vector<std::string> only_second;  ///< on no side of the first
};

/// A row that is on another side now.
struct MovedRow {
  std::string row;
  Side from{};
  Side to{};
};

/// Rows are told by their record's id, those without one by their bytes: `row:` and a hash. A row that stands on a side
/// several times counts once where rows are told apart.
struct Comparison {
  std::array<SideDifference, 3> sides;  ///< by Side
  std::vector<MovedRow> moved;
  /// Rows by class, on each side of the first and of the second.
  std::map<std::string, std::array<std::array<std::uint64_t, 2>, 3>> classes;

  [[nodiscard]] bool is_same() const;
  /// The same rows on this side.
  [[nodiscard]] bool is_same(Side side) const;
};

/// Errors as for_each_row(), with the side.
[[nodiscard]] Result<Comparison> compare(const SideFiles& first, const SideFiles& second, const Deadline& deadline);

}  // namespace fw::dataset
