#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fw::codec {

/// Follows one JSON object or array through pieces of text, to find where it ends or where it stops being JSON: a
/// line that breaks off is noticed in the next line, not at the end of the file. It follows the grammar of brackets,
/// keys, commas and strings; what scalars and escapes hold is for the parser. Any bytes; memory of a bit per level.
class JsonScanner final {
 public:
  enum class State { kMore, kComplete, kBroken };

  /// Levels beyond these are broken; parsers refuse them long before.
  static constexpr std::size_t kMaxDepth = 1024;

  void reset();

  /// Takes the next piece. After kComplete or kBroken: used() bytes of all pieces belong to the value, or were right.
  [[nodiscard]] State feed(std::string_view piece);
  [[nodiscard]] std::uint64_t used() const { return used_; }

 private:
  enum class Expect : std::uint8_t { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kCommaOrEnd };

  /// One byte outside strings and scalars; false when it cannot stand there.
  [[nodiscard]] bool take(char c);
  [[nodiscard]] bool open(char bracket);
  [[nodiscard]] bool close(char bracket);
  [[nodiscard]] bool begin_string();
  [[nodiscard]] bool begin_scalar(char c);

  std::string levels_;  // '{' or '['
  Expect expect_ = Expect::kValue;
  bool is_in_string_ = false;
  bool is_escaped_ = false;
  bool is_in_scalar_ = false;
  bool is_complete_ = false;
  std::uint64_t used_ = 0;
};

}  // namespace fw::codec
