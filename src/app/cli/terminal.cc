#include "app/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace fw::app {
namespace {

bool wants_no_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color != nullptr && *no_color != '\0') || term == nullptr || std::string_view(term) == "dumb";
}

std::size_t columns_of(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string_view code(Style style) {
  switch (style) {
    case Style::kPlain: return "";
    case Style::kBold: return "\x1b[1m";
    case Style::kDim: return "\x1b[2m";
    case Style::kGood: return "\x1b[32m";
    case Style::kBad: return "\x1b[31m";
    case Style::kAccent: return "\x1b[36m";
  }
  return "";
}

/// The first `width` characters; an escape sequence has no width and is never cut.
std::string clip(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x1b) {
      while (i < text.size() && text[i] != 'm') out += text[i++];
      if (i < text.size()) out += 'm';
      continue;
    }
    if ((c & 0xC0U) != 0x80U && ++shown > width) continue;
    if (shown <= width) out += static_cast<char>(c);
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
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void Terminal::line(std::string_view text) {
  end_live();
  write(std::string(text) + '\n');
}

void Terminal::live(std::string_view text) {
  if (!interactive_) return;
  write("\r\x1b[K" + clip(text, columns_ > 1 ? columns_ - 1 : 1) + "\x1b[0m");
  has_live_ = true;
}

void Terminal::end_live() {
  if (has_live_) write("\r\x1b[K");
  has_live_ = false;
}

std::string Terminal::styled(Style style, std::string_view text) const {
  if (!interactive_ || style == Style::kPlain) return std::string(text);
  return std::string(code(style)) + std::string(text) + "\x1b[0m";
}

std::string Terminal::bar(double fraction, std::size_t width) const {
  const double clamped = std::clamp(fraction, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::lround(clamped * static_cast<double>(width)));
  return '[' + std::string(full, '#') + std::string(width - full, '-') + ']';
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
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
