#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace fw::app {

/// Whether a terminal would obey the character, or show what follows it in another order, instead of showing it:
/// control characters (but line feed and tab), line separators, marks and overrides of direction, invisible tags.
[[nodiscard]] bool is_unsafe_to_show(char32_t character);

/// Outside text made harmless: each unsafe character becomes its escape as JSON writes it (`\u202e`; lossless within
/// JSON), bytes that are no UTF-8 become U+FFFD. An incomplete character at the end stays out; returns its length.
std::size_t append_safe(std::string& out, std::string_view text);
[[nodiscard]] std::string safe_text(std::string_view text);

/// Puts append_safe() between a stream and where it writes, as long as it lives: main() holds one for standard output
/// and one for standard error, so that no command can forget it. Not thread-safe, as the stream.
class SafeStream final : private std::streambuf {
 public:
  explicit SafeStream(std::ostream& stream);
  ~SafeStream() override;
  SafeStream(const SafeStream&) = delete;
  SafeStream& operator=(const SafeStream&) = delete;

 private:
  int_type overflow(int_type character) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override;

  std::ostream& stream_;
  std::streambuf* target_;
  std::string incomplete_;  // the begin of a character whose rest has not come
};

}  // namespace fw::app
