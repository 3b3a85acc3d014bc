// The first byte is the size of the pieces. Events must not depend on it.

#include <cstdint>

#include "base/assert.h"
#include "net/sse.h"

using fw::net::SseEvent;
using fw::net::SseReader;

namespace {

std::vector<SseEvent> read(std::string_view bytes, std::size_t piece) {
  SseReader reader(4096);
  std::vector<SseEvent> all;
  while (!bytes.empty()) {
    auto events = reader.push(bytes.substr(0, piece));
    if (!events.ok()) return all;
    for (auto& event : *events) all.push_back(std::move(event));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (auto last = reader.finish()) all.push_back(std::move(*last));
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto in_pieces = read(bytes, data[0] % 16U + 1);
  if (bytes.size() < 4096) FW_ASSERT(in_pieces == read(bytes, bytes.size()));
  for (const SseEvent& event : in_pieces) {
    const auto again = read(fw::net::encode_sse(event), SIZE_MAX);
    FW_ASSERT(again.size() == 1 && again[0] == event);
  }
  return 0;
}
