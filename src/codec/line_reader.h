#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/byte_source.h"

namespace fw::codec {

struct Line {
  std::string_view bytes;    ///< without its end (`\n` or `\r\n`); the first `limit` bytes when it is longer
  std::uint64_t number = 0;  ///< from 1
  std::uint64_t length = 0;  ///< in bytes, of the whole line
  [[nodiscard]] bool is_cut() const { return length > bytes.size(); }
};

/// The lines of a stream. A line longer than the limit is read to its end, but only its beginning is kept: memory stays
/// below twice the limit plus 256 KiB. The last line may lack its `\n`. Not thread-safe; the source outlives the
/// reader.
class LineReader final {
 public:
  LineReader(ByteSource& source, std::size_t limit);

  /// The next line, or nothing at the end. Its bytes are valid until the next call. The source's error when it fails; a
  /// line that was not complete by then is not returned.
  [[nodiscard]] Result<std::optional<Line>> next();

 private:
  [[nodiscard]] Result<bool> fill();
  [[nodiscard]] Line take(std::size_t length, std::size_t end_bytes);
  [[nodiscard]] Result<std::optional<Line>> skip_rest_of_long_line();

  ByteSource& source_;
  std::size_t limit_;
  std::string buffer_;
  std::string kept_;       // the beginning of a line that is longer than the limit
  std::size_t begin_ = 0;  // of the bytes not returned yet
  std::size_t end_ = 0;    // of the bytes read
  std::uint64_t number_ = 0;
};

}  // namespace fw::codec
