#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/byte_source.h"
#include "codec/json_scanner.h"

namespace fw::codec {

/// One JSON object of a stream; or what stands where one should be, up to the end of its line.
struct JsonDocument {
  std::string_view bytes;    ///< without space around it; the first kKeptOfLong bytes when it is longer than the limit
  std::uint64_t line = 0;    ///< on which it begins, from 1
  std::uint64_t length = 0;  ///< in bytes, of the whole document
  bool is_in_array = false;  ///< an element of an array, not a document by itself
  [[nodiscard]] bool is_cut() const { return length > bytes.size(); }
};

/// Cuts a stream into JSON documents, however they are laid out: one a line (ended by LF, CR LF or CR), one after
/// another on a line or over many lines, the elements of an array. Byte order marks, zeros, record separators (RFC
/// 7464), commas and empty lines between documents do not matter. A document that breaks off costs only itself: it ends
/// with its line, or, when it is spread over lines, before the next line that is indented no deeper than its first.
///
/// Only brackets, commas and strings are followed; whether a document is JSON is for its parser. Memory stays below
/// twice the limit plus 256 KiB. Not thread-safe; the source outlives the reader.
class JsonDocumentReader final {
 public:
  static constexpr std::size_t kKeptOfLong = 64 << 10;

  JsonDocumentReader(ByteSource& source, std::size_t limit);

  /// The next document, or nothing at the end. Its bytes are valid until the next call. The source's error when it
  /// fails; a document that was not complete by then is not returned. kDataLoss at the end of a stream that ends within
  /// a document (which is not returned), or within an array, also where a line end follows the cut.
  [[nodiscard]] Result<std::optional<JsonDocument>> next();

 private:
  using Found = Result<std::optional<JsonDocument>>;

  [[nodiscard]] Result<bool> fill();
  /// Whether `count` bytes are there, read on if need be.
  [[nodiscard]] Result<bool> has(std::size_t count);
  /// Moves to the next byte that may begin a document; false at the end.
  [[nodiscard]] Result<bool> find_begin();
  [[nodiscard]] Result<bool> enter_array();
  [[nodiscard]] Found read_object();
  [[nodiscard]] Found read_long();
  /// What begins here is no document: as many lines as belong to it.
  [[nodiscard]] Found read_broken(bool is_over_lines);
  /// The document that begins here is right as far as it goes: cut, where nothing follows it.
  [[nodiscard]] Found read_cut(bool is_over_lines);
  [[nodiscard]] Result<bool> ends_cleanly(std::size_t length);
  [[nodiscard]] Result<bool> is_continued(std::size_t column);
  /// Takes bytes off the front, counting lines.
  void advance(std::size_t count);
  [[nodiscard]] bool has_line_end_at(std::size_t at) const;
  [[nodiscard]] std::string_view ahead() const { return std::string_view(buffer_).substr(begin_, end_ - begin_); }

  [[nodiscard]] std::size_t kept_of_long() const { return std::min(limit_, kKeptOfLong); }

  ByteSource& source_;
  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the bytes not returned yet
  std::size_t end_ = 0;    // of the bytes read
  std::string kept_;       // a document that is returned out of its place
  JsonScanner scanner_;
  std::uint64_t line_ = 1;
  std::size_t column_ = 0;  // bytes since the line's begin
  char previous_ = '\n';    // the byte before begin_
  std::size_t arrays_ = 0;  // how many the reader is within
  bool is_separated_ = true;
};

}  // namespace fw::codec
