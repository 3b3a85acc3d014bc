#include "capture/gateway/stream_end.h"

#include <cstdint>
#include <span>

namespace fw::capture {
namespace {

/// A line that begins with more blanks than any server writes is none of these.
constexpr std::size_t kLongestBeginning = 256;

constexpr std::string_view kLineEnds = "\r\n";

/// How lines begin that begin the last event, without their blanks; `\n` is the line's end.
std::span<const std::string_view> beginnings(Dialect dialect) {
  static constexpr std::string_view kDone[] = {"data:[DONE]"};
  static constexpr std::string_view kMessages[] = {"event:message_stop\n", R"(data:{"type":"message_stop")"};
  static constexpr std::string_view kResponses[] = {"event:response.completed\n",
                                                    "event:response.incomplete\n",
                                                    "event:response.failed\n",
                                                    R"(data:{"type":"response.completed")",
                                                    R"(data:{"type":"response.incomplete")",
                                                    R"(data:{"type":"response.failed")"};
  switch (dialect) {
    case Dialect::kChatCompletions:
    case Dialect::kCompletions: return kDone;
    case Dialect::kMessages: return kMessages;
    case Dialect::kResponses: return kResponses;
  }
  return {};
}

enum class Line : std::uint8_t { kBeginsEnd, kDoesNot, kNotKnownYet };

/// `line` is what has come of a line, with its end where that has come.
Line judge(Dialect dialect, std::string_view line) {
  std::string squeezed;
  for (const char c : line.substr(0, kLongestBeginning)) {
    if (c != ' ' && c != '\t') squeezed += c == '\r' ? '\n' : c;
  }
  bool may_be = false;
  for (const std::string_view beginning : beginnings(dialect)) {
    if (squeezed.starts_with(beginning)) return Line::kBeginsEnd;
    may_be = may_be || beginning.starts_with(squeezed);
  }
  return may_be && line.size() < kLongestBeginning ? Line::kNotKnownYet : Line::kDoesNot;
}

}  // namespace

std::string StreamEnd::release(std::string_view piece) {
  held_ += piece;
  std::size_t passed = 0;
  while (!has_begun_ && passed < held_.size()) {
    const std::size_t end = held_.find_first_of(kLineEnds, passed);
    const std::size_t next = end == std::string::npos ? held_.size() : end + 1;
    if (!is_within_line_) {
      const Line line = judge(dialect_, std::string_view(held_).substr(passed, next - passed));
      if (line == Line::kNotKnownYet) break;
      has_begun_ = line == Line::kBeginsEnd;
      if (has_begun_) break;
    }
    is_within_line_ = end == std::string::npos;
    passed = next;
  }
  if (has_begun_ && held_.size() > kMostHeld) passed = held_.size() - 1;
  std::string released = held_.substr(0, passed);
  held_.erase(0, passed);
  return released;
}

}  // namespace fw::capture
