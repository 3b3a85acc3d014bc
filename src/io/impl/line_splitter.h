#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace fw::io {

/// Cuts a stream of bytes into lines. A line longer than the limit is cut there, its rest dropped, and the mark `...`
/// set.
class LineSplitter final {
 public:
  LineSplitter(std::size_t limit, std::function<void(std::string)> on_line)
      : limit_(limit), on_line_(std::move(on_line)) {}

  void feed(std::string_view bytes);
  /// The stream has ended: what has no line break is a line too.
  void finish();

 private:
  void append(std::string_view piece);
  void emit();

  std::size_t limit_;
  std::function<void(std::string)> on_line_;
  std::string line_;
  bool is_cut_ = false;
};

}  // namespace fw::io
