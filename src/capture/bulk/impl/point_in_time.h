#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "capture/bulk/impl/json_body.h"

namespace fw::capture::elastic {

/// Scrolls and points in time hold nothing in memory: their ids say all that is needed to go on, so there may be any
/// number of them, and they outlive a restart.
///
/// A point in time is the names of its indexes: traffic never changes, and what comes in meanwhile has its place in
/// time.
[[nodiscard]] std::string make_point_in_time(std::string_view index);
/// kInvalidArgument for what make_point_in_time did not make.
[[nodiscard]] Result<std::string> index_of_point_in_time(std::string_view id);

/// A scroll is its search and how far it has come.
struct ScrollState {
  std::string index;
  std::string body;  ///< of the search, JSON
  Timestamp now;     ///< that the search's `now` means
  std::size_t size = 10;
  std::uint64_t total = 0;
  bool is_exact = true;
  std::string cursor;  ///< of the log store; empty: at the end
};
[[nodiscard]] std::string make_scroll_id(const ScrollState& state);
/// kInvalidArgument for what make_scroll_id did not make. Takes any bytes.
[[nodiscard]] Result<ScrollState> parse_scroll_id(std::string_view id);

}  // namespace fw::capture::elastic
