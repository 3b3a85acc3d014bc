#include "capture/files/impl/sniff.h"

#include <algorithm>
#include <array>

namespace fw::capture {
namespace {

using namespace std::string_view_literals;

struct Mark {
  std::string_view bytes;
  std::string_view why;
};
constexpr std::array kMarks{
    Mark{"\x28\xb5\x2f\xfd"sv, "it is zstd data; unpack it first (zstd -dc FILE | flywheel load -)"},
    Mark{"\xfd"
         "7zXZ"sv,
         "it is xz data; unpack it first (xz -dc FILE | flywheel load -)"},
    Mark{"BZh"sv, "it is bzip2 data; unpack it first (bzip2 -dc FILE | flywheel load -)"},
    Mark{"PK\x03\x04"sv, "it is a zip archive; unpack it first"},
    Mark{"PAR1"sv, "it is a Parquet file; export it as JSON lines"},
    Mark{"SQLite format 3\0"sv, "it is a SQLite database; export it as JSON lines"},
    Mark{"\xff\xfe"sv, "it is UTF-16 text; convert it to UTF-8"},
    Mark{"\xfe\xff"sv, "it is UTF-16 text; convert it to UTF-8"},
};
constexpr std::size_t kTooFewToJudge = 512;

bool is_odd_in_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && c != '\n' && c != '\r' && c != '\t';
}

}  // namespace

std::optional<std::string> why_not_json_lines(std::string_view first_bytes) {
  for (const Mark& mark : kMarks) {
    if (first_bytes.starts_with(mark.bytes)) return std::string(mark.why);
  }
  // Noise has a tenth of such bytes; text has none, and a file with one broken line few.
  const auto odd = static_cast<std::size_t>(std::ranges::count_if(first_bytes, is_odd_in_text));
  if (first_bytes.size() >= kTooFewToJudge && odd > first_bytes.size() / 32) {
    return "it is binary data, not lines of JSON";
  }
  return std::nullopt;
}

}  // namespace fw::capture
