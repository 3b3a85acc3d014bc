#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/body.h"

namespace fw::net {

/// One server-sent event.
struct SseEvent {
  std::string event;  ///< empty: `message`
  std::string data;   ///< lines joined by `\n`
  std::string id;     ///< as written: empty leaves the reader's last id; as read: the last id seen
  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

/// The event on the wire, blank line included. A line break in `event` or `id` ends the value there.
[[nodiscard]] std::string encode_sse(const SseEvent& event);

/// Turns the bytes of an event stream into events, whatever the pieces they come in (WHATWG HTML, 9.2.6: byte order
/// mark, all three line ends, comments, unknown fields). Plain and synchronous. Not for more than one thread.
class SseReader final {
 public:
  explicit SseReader(std::size_t max_event_bytes = std::size_t{16} << 20) : limit_(max_event_bytes) {}

  /// The events that `bytes` complete. kTooLarge when one event exceeds the limit, once all before it have been given
  /// out (then the next push says so); the reader is spent from there on.
  [[nodiscard]] Result<std::vector<SseEvent>> push(std::string_view bytes);
  /// The stream ended: the event that lacked only its blank line, which many servers leave out, if it has data. The
  /// standard would drop it; a caller that relays what was received wants it.
  [[nodiscard]] std::optional<SseEvent> finish();
  /// The last `retry` field, in milliseconds.
  [[nodiscard]] std::optional<std::uint32_t> retry_ms() const { return retry_ms_; }

 private:
  void end_line(std::vector<SseEvent>& out);
  void take_field(std::string_view line);
  void dispatch(std::vector<SseEvent>& out);

  std::size_t limit_;
  std::string line_;
  SseEvent pending_;
  bool has_data_ = false;
  bool at_start_ = true;
  bool after_cr_ = false;
  bool is_spent_ = false;
  std::optional<std::uint32_t> retry_ms_;
};

/// Writes events as an answer: `text/event-stream`, not cached, each event at once.
class SseWriter final {
 public:
  /// `out` must outlive the writer.
  explicit SseWriter(ResponseWriter& out) : out_(out) {}

  [[nodiscard]] Task<Status> start(Deadline deadline);
  [[nodiscard]] Task<Status> send(SseEvent event, Deadline deadline);
  /// A comment line that keeps proxies from hanging up; also how a gone client is noticed in a quiet stream.
  [[nodiscard]] Task<Status> heartbeat(Deadline deadline);
  [[nodiscard]] Task<Status> finish(Deadline deadline);
  /// Ends a stream without an end of its own because the service does: tells the reader, who comes again.
  [[nodiscard]] Task<void> end_with_stopping();

 private:
  ResponseWriter& out_;
};

}  // namespace fw::net
