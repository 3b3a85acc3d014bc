#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fw::app {

enum class Style { kPlain, kBold, kDim, kGood, kBad, kAccent };

/// Where a command writes. Colours, the live line and wide characters' bars appear only on a terminal that can show
/// them; a pipe or a file gets plain lines. Whatever a text holds, the terminal shows it and never obeys it
/// (safe_text.h): the only escapes that reach it are this class's own. Not thread-safe.
class Terminal final {
 public:
  /// On standard output (fd 1) or standard error (fd 2). NO_COLOR and TERM=dumb are obeyed.
  explicit Terminal(int fd);
  /// For tests: writes into a string, as a terminal of `columns` or, with 0, as a file.
  Terminal(std::string& sink, std::size_t columns);

  [[nodiscard]] bool is_interactive() const { return interactive_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  /// Whether the reader went away (`flywheel jobs watch JOB | head -1`): nothing more need be printed.
  [[nodiscard]] bool is_closed() const { return is_closed_; }

  void line(std::string_view text);
  /// Replaces the live line; on a file this does nothing.
  void live(std::string_view text);
  /// Removes the live line.
  void end_live();

  /// For a line of this process; the marks that it holds become escapes only there.
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;
  /// `[######----]` of `width` characters; fraction in [0, 1].
  [[nodiscard]] std::string bar(double fraction, std::size_t width) const;

 private:
  void write(std::string_view bytes);

  int fd_ = -1;
  std::string* sink_ = nullptr;
  bool interactive_ = false;
  bool has_live_ = false;
  bool is_closed_ = false;
  std::size_t columns_ = 0;
};

/// Whether something that a Terminal wrote to standard output could not be written, and not because its reader went
/// away. Of the process, as its standard output is: main() asks before it ends.
[[nodiscard]] bool has_lost_output();

/// Characters that a terminal shows for UTF-8 text, marks of styled() aside: code points.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Outside text for within a line: line feeds and tabs become spaces, the rest as safe_text().
[[nodiscard]] std::string printable(std::string_view text);

/// Rows of cells as aligned columns, two spaces between; `right` names the columns that are numbers.
[[nodiscard]] std::vector<std::string> align(const std::vector<std::vector<std::string>>& rows,
                                             const std::vector<bool>& right);

/// `1.5 s`, `2 min 5 s`, `1 h 4 min`.
[[nodiscard]] std::string format_seconds(double seconds);
/// The same for an estimate: whole seconds, from a minute on in fives.
[[nodiscard]] std::string format_time_left(double seconds);

}  // namespace fw::app
