#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace fw::dataset {

/// What a draw looks at of a row.
struct SplitRow {
  std::uint32_t label = 0;
  std::uint32_t conversation = 0;
  std::uint32_t unit = 0;     ///< what should stay on one side (units.h); a conversation has one
  bool is_newest = false;     ///< of the newest part, which is kept out of training
  std::uint32_t repeats = 1;  ///< records that ask its request
  bool is_held = false;       ///< an evaluation row by the hold-out set
  bool was_seen = false;      ///< held, and training had its template when the set was drawn
  bool is_added = false;      ///< may train; neither evaluated nor a validation row
};

struct DrawRequest {
  std::span<const SplitRow> rows;
  std::vector<std::size_t> from;  ///< indices of the rows to draw from, ascending
  std::uint64_t count = 0;        ///< rows to draw; at most from.size()
  /// Rows that may be left out of every side so that a drawn row's unit has none on another; absent units: only
  /// conversations stay together.
  std::uint64_t budget = 0;
  bool keep_units = false;
  std::uint64_t seed = 0;
  std::string_view purpose;  ///< of Random
};

struct Drawn {
  std::vector<std::size_t> rows;    ///< ascending
  std::vector<std::uint32_t> held;  ///< units that no other side may have, ascending
};

/// Draws exactly `count` rows that mirror those they come from.
///
/// 1. Conversations are drawn whole, by lot, among those of like length (1, 2-3, 4-7, 8-15, ... rows); each such cell
///    gives its share of the rows, rounded by lot. Of the conversation that is longer than what its cell has still to
///    give, as many rows are taken by lot; where the cell has many conversations, a few rows each of several.
/// 2. Classes: of single rows each class gives what allocate() says, less what conversations brought. Conversations
/// have
///    the classes that they have: of eight draws the one nearest to the classes' shares is taken.
/// 3. Units (keep_units): a drawn conversation's unit is held, as long as the rows that this keeps from other sides are
///    within the budget. Once it is used up, the rest comes from units that are held already, and where those gave less
///    than half (few templates are most of the traffic), every other row from units that stay on both sides.
[[nodiscard]] Drawn draw(const DrawRequest& request);

}  // namespace fw::dataset
