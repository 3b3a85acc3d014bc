#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "capture/otlp/impl/content.h"

namespace fw::capture::otlp {

/// A call of a model that telemetry has told all of.
struct JoinedCall {
  std::string trace_id;
  std::string span_id;
  Content content;
  std::optional<Span> span;  ///< absent when only its events came
  Attributes attributes;     ///< of the last event
  std::shared_ptr<const Origin> origin;
  Timestamp time;
};

/// A piece of a call that waits for the others: its span, or an event.
struct Piece {
  std::optional<Span> span;
  std::optional<LogRecord> event;
  Timestamp since;         ///< when it came
  std::uint32_t copy = 0;  ///< how many equal pieces came before it in the same request: a user may say "yes" twice

  [[nodiscard]] const std::string& trace_id() const { return span ? span->trace_id : event->trace_id; }
  [[nodiscard]] const std::string& span_id() const { return span ? span->span_id : event->span_id; }
};

/// A piece as one line of JSON, and back. kDataLoss.
[[nodiscard]] std::string to_line(const Piece& piece);
[[nodiscard]] Result<Piece> parse_line(std::string_view line);

struct JoinerOptions {
  Duration window = std::chrono::minutes(5);  ///< how long a piece waits for the others
  /// How long a call made of several events waits for one that was late; 0: it is complete as soon as it may be.
  Duration settle = std::chrono::seconds(30);
  std::size_t max_calls = 20'000;  ///< that wait; the oldest are given up beyond it
  std::size_t max_bytes = std::size_t{64} << 20;
};

struct JoinerStats {
  std::uint64_t spans_without_content = 0;  ///< whose window ended; counters only grow
  std::uint64_t incomplete_events = 0;      ///< calls of which events came, and not all
  std::size_t waiting = 0;
};

/// Joins spans and the log events of their content by trace and span id, whichever comes first. A call is complete when
/// its span is there and as many answers as were asked for; or when its window ends with a question and an answer.
/// Where each message is an event of its own, nothing says how many there are, and one that an exporter had to send
/// again comes last: such a call is complete when nothing came of it for a while. The same piece again changes nothing,
/// also soon after its call was complete. Plain, without clock; any thread.
class Joiner final {
 public:
  explicit Joiner(const JoinerOptions& options) : options_(options) {}

  using Key = std::pair<std::string, std::string>;  ///< trace and span id

  /// Takes a piece; the call that it completes, if it does. `line` is to_line(piece). A complete call stays until it is
  /// settled.
  [[nodiscard]] std::optional<JoinedCall> add(Piece piece, std::string line);
  /// What became complete by waiting long enough.
  [[nodiscard]] std::vector<JoinedCall> expire(Timestamp now);
  /// The call is stored, or was whole without its pieces: it is done, and what else comes of it is passed over.
  void settle(const Key& key);
  /// The call could not be stored: a piece that comes again completes it again, or the end of its window.
  void unsettle(const Key& key);

  /// The lines of all pieces of calls that are not settled.
  [[nodiscard]] std::vector<std::string> waiting_lines() const;
  [[nodiscard]] std::size_t waiting_bytes() const;
  [[nodiscard]] JoinerStats stats() const;

 private:
  struct Call {
    std::optional<Span> span;
    std::vector<LogRecord> events;
    std::vector<std::string> lines;
    std::set<std::uint64_t> seen;  // hashes of lines without their time of arrival
    Timestamp since;
    Timestamp latest;
    std::size_t bytes = 0;
    bool has_all = false;      // as far as one can tell
    bool is_complete = false;  // and not settled yet
  };

  [[nodiscard]] static Content content_of(const Call& call);
  [[nodiscard]] static bool has_all(const Call& call, const Content& content);
  [[nodiscard]] static JoinedCall joined(const Key& key, Call& call, Content content);
  void erase(std::map<Key, Call>::iterator at);
  /// Drops a call, or completes it with what there is.
  void give_up(std::map<Key, Call>::iterator at, std::vector<JoinedCall>& out);

  const JoinerOptions options_;
  mutable std::mutex mutex_;
  std::map<Key, Call> calls_;
  std::deque<Key> order_;  // of arrival; may name calls that are gone
  std::set<Key> done_;     // lately
  std::deque<Key> done_order_;
  std::vector<JoinedCall> pushed_out_;  // for the next expire()
  std::size_t bytes_ = 0;
  JoinerStats stats_;
};

}  // namespace fw::capture::otlp
