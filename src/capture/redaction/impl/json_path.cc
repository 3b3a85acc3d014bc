#include "capture/redaction/impl/json_path.h"

#include <algorithm>
#include <charconv>

namespace fw::capture {
namespace {

bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

/// Takes a name off the front of `text`; empty when there is none.
std::string take_name(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_name_byte);
  std::string name(text.begin(), end);
  text.remove_prefix(name.size());
  return name;
}

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) {
  const std::string all(text);
  const auto wrong = [&](const char* why) { return invalid_argument("\"" + all + "\" is no path: " + why); };
  if (!text.starts_with('$')) return wrong("it begins with $");
  text.remove_prefix(1);
  JsonPath out;
  while (!text.empty()) {
    Segment segment;
    segment.is_descendant = text.starts_with("..");
    if (segment.is_descendant)
      text.remove_prefix(2);
    else if (text.starts_with('.'))
      text.remove_prefix(1);
    else if (!text.starts_with('['))
      return wrong("a step begins with . or [");
    if (text.starts_with('[')) {
      const auto close = text.find(']');
      if (close == std::string_view::npos) return wrong("a bracket is not closed");
      const std::string_view inside = text.substr(1, close - 1);
      text.remove_prefix(close + 1);
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
      if (inside == "*") {
        segment.is_wildcard = true;
      } else if (inside.size() > 2 && (inside.front() == '\'' || inside.front() == '"') &&
                 inside.back() == inside.front()) {
        segment.name = inside.substr(1, inside.size() - 2);
      } else if (error == std::errc{} && end == inside.data() + inside.size()) {
        segment.index = index;
      } else {
        return wrong("in brackets stand a number, a name in quotes, or *");
      }
    } else if (text.starts_with('*')) {
      segment.is_wildcard = true;
      text.remove_prefix(1);
    } else {
      segment.name = take_name(text);
      if (segment.name.empty()) return wrong("a name is missing");
    }
    out.segments_.push_back(std::move(segment));
  }
  if (out.segments_.empty()) return wrong("it names the whole document");
  constexpr std::size_t kMostDescendants = 4;  // each may stand for any number of steps
  if (std::ranges::count(out.segments_, true, &Segment::is_descendant) >
      static_cast<std::ptrdiff_t>(kMostDescendants)) {
    return wrong("more than four ..");
  }
  return out;
}

bool JsonPath::fits(const Segment& segment, const Step& step) {
  if (segment.is_wildcard) return true;
  if (segment.index) return step.index == segment.index;
  return !step.index && step.name == segment.name;
}

bool JsonPath::matches(const std::vector<Step>& steps, std::size_t at, std::size_t segment) const {
  if (segment == segments_.size()) return at == steps.size();
  if (at == steps.size()) return false;
  const Segment& wanted = segments_[segment];
  if (fits(wanted, steps[at]) && matches(steps, at + 1, segment + 1)) return true;
  return wanted.is_descendant && matches(steps, at + 1, segment);
}

}  // namespace fw::capture
