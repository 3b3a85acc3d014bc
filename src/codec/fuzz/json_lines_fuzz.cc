#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/gzip_source.h"
#include "codec/line_reader.h"

namespace {

/// All lines with their numbers, read in pieces of one size.
std::string read_all(std::string_view bytes, std::size_t piece) {
  fw::codec::StringSource text(bytes, piece);
  fw::codec::GzipSource unpacked(text);
  fw::codec::ByteSource* source = &text;
  if (fw::codec::is_gzip(bytes)) source = &unpacked;
  fw::codec::LineReader reader(*source, 50);
  std::string out;
  while (out.size() < (1 << 20)) {
    const auto line = reader.next();
    if (!line.ok()) return out + "error";
    if (!*line) break;
    out.append((*line)->bytes).append("|" + std::to_string((*line)->length) + "\n");
  }
  return out;
}

}  // namespace

/// Plain or gzip: the lines do not depend on how the bytes arrive.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (read_all(bytes, 1) != read_all(bytes, SIZE_MAX)) std::abort();
  return 0;
}
