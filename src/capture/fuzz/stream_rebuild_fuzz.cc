#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/assert.h"
#include "capture/completions/stream_rebuild.h"

/// Of any bytes: the response is JSON, memory is bounded, and the pieces that the bytes come in do not matter. The
/// first byte names the dialect, the second how long pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using fw::capture::StreamRebuild;
  constexpr std::size_t kLimit = 8192;
  if (size < 2) return 0;
  const auto dialect = static_cast<fw::capture::Dialect>(data[0] % 4);
  const std::size_t piece = data[1] % 64 + 1;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  StreamRebuild whole(dialect, kLimit);
  whole.add(stream);
  StreamRebuild pieces(dialect, kLimit);
  for (std::size_t at = 0; at < stream.size(); at += piece) pieces.add(stream.substr(at, piece));
  const auto one = std::move(whole).finish(false);
  const auto other = std::move(pieces).finish(false);
  FW_ASSERT(nlohmann::json::accept(one.response));
  FW_ASSERT(one.response == other.response && one.ending == other.ending && one.note == other.note);
  return 0;
}
