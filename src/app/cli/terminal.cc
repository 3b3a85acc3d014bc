#include "app/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>

#include "app/cli/safe_text.h"

namespace fw::app {
namespace {

std::atomic<bool> lost_output{false};

bool wants_no_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color != nullptr && *no_color != '\0') || term == nullptr || std::string_view(term) == "dumb";
}

std::size_t columns_of(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string_view code(char mark) {
  switch (mark) {
    case '1': return "\x1b[1m";
    case '2': return "\x1b[2m";
    case '3': return "\x1b[32m";
    case '4': return "\x1b[31m";
    case '5': return "\x1b[36m";
    default: return "\x1b[0m";
  }
}

/// How styled() marks a style within a text: an escape, a number that outside text cannot know, the style's digit.
const std::string& mark() {
  static const std::string kMark = [] {
    std::random_device random;
    return '\x1b' + std::to_string(random()) + '/' + std::to_string(random()) + ':';
  }();
  return kMark;
}

std::string marked(Style style) { return mark() + static_cast<char>('0' + static_cast<int>(style)); }

/// A text taken apart: what it shows, and its marks.
struct Part {
  std::string_view text;
  std::optional<char> style;
};

Part next_part(std::string_view& rest) {
  const std::string& begin = mark();
  const std::size_t at = rest.find(begin);
  if (at == 0 && rest.size() > begin.size()) {
    const char style = rest[begin.size()];
    rest.remove_prefix(begin.size() + 1);
    return {{}, style};
  }
  const Part part{rest.substr(0, at == 0 ? rest.size() : at), std::nullopt};
  rest.remove_prefix(part.text.size());
  return part;
}

/// The first `width` characters of a text as a terminal may get it; marks have no width and are never cut.
std::string rendered(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t shown = 0;
  while (!text.empty()) {
    const Part part = next_part(text);
    if (part.style) out += code(*part.style);
    for (const char c : safe_text(part.text)) {
      const bool begins_character = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
      if (begins_character) ++shown;
      if (shown <= width) out += c;
    }
  }
  return out;
}

}  // namespace

Terminal::Terminal(int fd) : fd_(fd), interactive_(::isatty(fd) == 1 && !wants_no_colour()) {
  if (interactive_) columns_ = columns_of(fd);
}
Terminal::Terminal(std::string& sink, std::size_t columns)
    : sink_(&sink), interactive_(columns > 0), columns_(columns) {}

void Terminal::write(std::string_view bytes) {
  if (sink_ != nullptr) {
    sink_->append(bytes);
    return;
  }
  while (!bytes.empty() && !is_closed_) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {  // nobody reads any more; what the command does is not what it prints
      is_closed_ = true;
      if (n < 0 && errno != EPIPE && fd_ == STDOUT_FILENO) lost_output = true;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool has_lost_output() { return lost_output; }

void Terminal::line(std::string_view text) {
  end_live();
  write(rendered(text, SIZE_MAX) + '\n');
}

void Terminal::live(std::string_view text) {
  if (!interactive_) return;
  write("\r\x1b[K" + rendered(text, columns_ > 1 ? columns_ - 1 : 1) + "\x1b[0m");
  has_live_ = true;
}

void Terminal::end_live() {
  if (has_live_) write("\r\x1b[K");
  has_live_ = false;
}

std::string Terminal::styled(Style style, std::string_view text) const {
  if (!interactive_ || style == Style::kPlain) return std::string(text);
  return marked(style) + std::string(text) + marked(Style::kPlain);
}

std::string Terminal::bar(double fraction, std::size_t width) const {
  const double clamped = std::clamp(fraction, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::lround(clamped * static_cast<double>(width)));
  return '[' + std::string(full, '#') + std::string(width - full, '-') + ']';
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::string_view shown = next_part(text).text;
    width += static_cast<std::size_t>(
        std::count_if(shown.begin(), shown.end(), [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out = safe_text(text);
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

std::vector<std::string> align(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::vector<std::string> out;
  for (const auto& row : rows) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - display_width(row[i]), ' ');
      const bool is_right = i < right.size() && right[i];
      text += (i == 0 ? "" : "  ") + (is_right ? pad + row[i] : row[i] + pad);
    }
    while (text.ends_with(' ')) text.pop_back();
    out.push_back(std::move(text));
  }
  return out;
}

std::string format_seconds(double seconds) {
  char buffer[48];
  if (seconds < 90) {
    std::snprintf(buffer, sizeof buffer, "%.1f s", std::max(seconds, 0.0));
  } else if (seconds < 5400) {
    const auto whole = static_cast<long>(seconds);
    std::snprintf(buffer, sizeof buffer, "%ld min %ld s", whole / 60, whole % 60);
  } else {
    const auto minutes = static_cast<long>(seconds / 60);
    std::snprintf(buffer, sizeof buffer, "%ld h %ld min", minutes / 60, minutes % 60);
  }
  return buffer;
}

std::string format_time_left(double seconds) {
  const double whole = seconds < 60 ? std::round(std::max(seconds, 0.0)) : 5 * std::ceil(seconds / 5);
  return whole < 90 ? std::to_string(std::lround(whole)) + " s" : format_seconds(whole);
}

}  // namespace fw::app
