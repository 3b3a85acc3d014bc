#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "capture/completions/stream_rebuild.h"

namespace fw::capture {

/// Holds back the end of an event stream that is relayed piece by piece, so that its record can be stored first: from
/// the line on that begins the dialect's last event (`data: [DONE]`, `message_stop`, `response.completed` and its
/// like), however the pieces cut it. Only lines count: an answer whose text speaks of `[DONE]` passes, since JSON has
/// no line breaks within texts. What is held is bounded: of a longer end all but its last byte goes on, which is
/// enough, because a client acts on an event only when the empty line behind it has come.
class StreamEnd final {
 public:
  /// A longer end is not held whole.
  static constexpr std::size_t kMostHeld = std::size_t{256} << 10;

  explicit StreamEnd(Dialect dialect) : dialect_(dialect) {}

  /// What of the stream may go on now that `piece` has come; empty where all of it is held.
  [[nodiscard]] std::string release(std::string_view piece);

  /// What is held, when the stream is over and its record is stored.
  [[nodiscard]] std::string take() { return std::exchange(held_, {}); }

 private:
  Dialect dialect_;
  std::string held_;             ///< begins with a line, unless `is_within_line_`
  bool is_within_line_ = false;  ///< of which enough is known: it does not begin the last event
  bool has_begun_ = false;       ///< the last event, with `held_`
};

}  // namespace fw::capture
