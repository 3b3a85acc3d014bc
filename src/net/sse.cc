#include "net/sse.h"

#include <algorithm>
#include <charconv>

namespace fw::net {
namespace {

constexpr Duration kLastEvent = std::chrono::seconds(1);

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\n");
}

/// Finds line ends, LF or CR, from the front to the back of a text, each byte once.
class LineEnds final {
 public:
  explicit LineEnds(std::string_view text) : line_feed_(text.find('\n')), text_(text) {}
  /// The first at or behind `begin`; the text's end where there is none.
  std::size_t next(std::size_t begin) {
    if (line_feed_ < begin) line_feed_ = text_.find('\n', begin);
    const std::string_view line = text_.substr(begin, line_feed_ - begin);
    return begin + std::min(line.find('\r'), line.size());
  }

 private:
  std::size_t line_feed_;
  std::string_view text_;
};

/// The next line of `text`, which loses it and its line end (LF, CR or CRLF).
std::string_view take_line(std::string_view& text) {
  const auto end = text.find_first_of("\r\n");
  const std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos) {
    text = {};
  } else {
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return line;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find_first_of("\r\n")); }

}  // namespace

std::string encode_sse(const SseEvent& event) {
  std::string out;
  out.reserve(event.data.size() + event.event.size() + event.id.size() + 32);
  if (!event.event.empty()) append_field(out, "event", first_line(event.event));
  if (!event.id.empty()) append_field(out, "id", first_line(event.id));
  std::string_view rest = event.data;
  const bool ends_with_break = !rest.empty() && (rest.back() == '\n' || rest.back() == '\r');
  do append_field(out, "data", take_line(rest));
  while (!rest.empty());
  if (ends_with_break) append_field(out, "data", "");
  out += '\n';
  return out;
}

Result<std::vector<SseEvent>> SseReader::push(std::string_view bytes) {
  std::vector<SseEvent> out;
  const auto spent = [&] {
    return too_large("an event of the stream is larger than " + std::to_string(limit_) + " bytes");
  };
  if (is_spent_) return spent();
  LineEnds line_ends(bytes);
  std::size_t begin = 0;
  while (begin < bytes.size()) {
    if (after_cr_ && bytes[begin] == '\n') ++begin;
    after_cr_ = false;
    const std::size_t end = line_ends.next(begin);
    const std::string_view part = bytes.substr(begin, end - begin);
    if (line_.size() + part.size() + pending_.data.size() + pending_.event.size() > limit_) {
      is_spent_ = true;
      if (!out.empty()) break;  // what was complete before is the caller's; the next push says why it ends
      return spent();
    }
    line_ += part;
    if (end == bytes.size()) break;
    after_cr_ = bytes[end] == '\r';
    begin = end + 1;
    end_line(out);
  }
  return out;
}

std::optional<SseEvent> SseReader::finish() {
  std::vector<SseEvent> out;
  if (is_spent_) return std::nullopt;
  if (!line_.empty()) end_line(out);
  dispatch(out);
  is_spent_ = true;
  if (out.empty()) return std::nullopt;
  return std::move(out.back());
}

void SseReader::end_line(std::vector<SseEvent>& out) {
  std::string_view line = line_;
  if (at_start_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  at_start_ = false;
  if (line.empty()) {
    dispatch(out);
  } else if (line.front() != ':') {
    take_field(line);
  }
  line_.clear();
}

void SseReader::take_field(std::string_view line) {
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (has_data_) pending_.data += '\n';
    pending_.data += value;
    has_data_ = true;
  } else if (name == "event") {
    pending_.event = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) pending_.id = value;
  } else if (name == "retry") {
    std::uint32_t ms = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (error == std::errc{} && end == value.data() + value.size()) retry_ms_ = ms;
  }
}

void SseReader::dispatch(std::vector<SseEvent>& out) {
  if (has_data_) out.push_back(pending_);
  pending_.data.clear();
  pending_.event.clear();
  has_data_ = false;
}

Task<Status> SseWriter::start(Deadline deadline) {
  ResponseHead head{
      .status = 200,
      .headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}};
  co_return co_await out_.start(std::move(head), std::move(deadline));
}

Task<Status> SseWriter::send(SseEvent event, Deadline deadline) {
  co_return co_await out_.write(encode_sse(event), std::move(deadline));
}

Task<Status> SseWriter::heartbeat(Deadline deadline) { co_return co_await out_.write(":\n\n", std::move(deadline)); }

Task<Status> SseWriter::finish(Deadline deadline) { co_return co_await out_.finish(std::move(deadline)); }

Task<void> SseWriter::end_with_stopping() {
  const Deadline last = Deadline::after(kLastEvent);
  SseEvent stopping;
  stopping.event = "stopping";
  stopping.data = "{}";
  if ((co_await send(std::move(stopping), last)).ok()) (void)co_await finish(last);
}

}  // namespace fw::net
