#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/output_file.h"

namespace fw::app {

/// Where exported log documents go: a file that is there once all of it is (gzip, where its name ends in .gz), or
/// standard output, byte for byte where that is no terminal. Counts them.
class ExportedLines final {
 public:
  /// `-` is standard output.
  explicit ExportedLines(std::string to);

  /// Some bytes of them; kCancelled where the reader of standard output went away.
  [[nodiscard]] Status append(std::string_view piece);
  [[nodiscard]] Status commit();

  [[nodiscard]] std::uint64_t records() const { return records_; }
  /// Of these, those whose content has expired.
  [[nodiscard]] std::uint64_t expired() const { return expired_; }

 private:
  void count(std::string_view piece);
  [[nodiscard]] Status write();
  [[nodiscard]] Status write_to_file(std::string_view piece);

  const std::string to_;
  const bool is_packed_;
  std::string waiting_;
  std::optional<io::OutputFile> file_;
  std::string end_of_line_;  // the last bytes of the line that is being counted
  std::uint64_t records_ = 0;
  std::uint64_t expired_ = 0;
};

}  // namespace fw::app
