// The file of pieces that wait, as a damaged disk may give it: whatever is read as a piece, is written the same again.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "capture/otlp/impl/joiner.h"
#include "capture/otlp/impl/pending_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw::capture::otlp;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const PendingLines found = pending_lines(text);
  std::size_t bytes = found.torn.size();
  Joiner joiner({});
  for (const std::string& line : found.lines) {
    bytes += line.size() + 1;
    auto piece = parse_line(line);
    if (!piece.ok()) continue;
    const std::string written = to_line(*piece);
    const auto again = parse_line(written);
    if (!again.ok() || to_line(*again) != written) std::abort();
    (void)joiner.add(std::move(piece).value(), line);
  }
  if (bytes != size) std::abort();
  (void)parse_line(found.torn);
  (void)joiner.expire(fw::from_epoch_seconds(4'000'000'000));
  return 0;
}
