#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/url.h"

namespace fw::capture::elastic {

/// A search that is read page by page, and how far it has come.
struct Scroll {
  std::string index;
  std::string body;  ///< of the search, JSON
  net::QueryParams parameters{};
  Timestamp now;  ///< that the search's `now` means
  std::size_t size = 10;
  std::uint64_t total = 0;
  bool is_exact = true;
  std::optional<std::string> cursor;  ///< of the log store; none before the first page
  bool is_at_end = false;
};

/// The scrolls that are open, by their ids. An id stays the same from page to page: clients go on with the first one.
/// Bounded in count and bytes; one that is not asked for in its time is closed. A restart closes all. Any thread.
class Scrolls final {
 public:
  static constexpr std::size_t kMost = 500;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;

  explicit Scrolls(const Clock& clock) : clock_(clock) {}

  /// Its id. kResourceExhausted when too many are open.
  [[nodiscard]] Result<std::string> open(Scroll scroll, Duration keep_alive);
  /// kNotFound.
  [[nodiscard]] Result<Scroll> find(const std::string& id);
  /// After a page: how far it has come, and how long it may wait for the next.
  void go_on(const std::string& id, const Scroll& scroll, Duration keep_alive);
  /// Whether it was open.
  bool close(const std::string& id);
  std::size_t close_all();

 private:
  struct Entry {
    Scroll scroll;
    Instant until;
  };
  void close_late();
  [[nodiscard]] static std::size_t bytes_of(const Scroll& scroll);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Entry> open_;
  std::size_t bytes_ = 0;
};

/// `2m`, `30s`, `1h`: up to a day. A minute where it is none.
[[nodiscard]] Duration keep_alive_of(std::string_view text);

}  // namespace fw::capture::elastic
