#include "codec/impl/parquet_levels.h"

#include <algorithm>
#include <bit>

#include "codec/impl/thrift_compact.h"

namespace fw::codec {
namespace {

constexpr std::size_t kGroup = 8;  // values that are packed together

void append_run(std::string& out, std::uint32_t value, std::size_t count, int width) {
  append_varint(out, count << 1U);
  for (int bit = 0; bit < width; bit += 8) out += static_cast<char>(value >> static_cast<unsigned>(bit));
}

void append_packed(std::string& out, std::span<const std::uint32_t> values, int width) {
  if (values.empty()) return;
  const std::size_t groups = (values.size() + kGroup - 1) / kGroup;
  append_varint(out, (groups << 1U) | 1U);
  std::uint64_t held = 0;
  unsigned bits = 0;
  for (std::size_t i = 0; i < groups * kGroup; ++i) {
    held |= (i < values.size() ? std::uint64_t{values[i]} : 0) << bits;
    for (bits += static_cast<unsigned>(width); bits >= 8; bits -= 8, held >>= 8U) out += static_cast<char>(held);
  }
}

}  // namespace

int bits_for(std::uint32_t largest) { return static_cast<int>(std::bit_width(largest)); }

std::string encode_hybrid(std::span<const std::uint32_t> values, int width) {
  std::string out;
  std::size_t packed_from = 0;  // values from here to `at` wait to be packed
  for (std::size_t at = 0; at < values.size();) {
    const auto end = std::find_if(values.begin() + static_cast<std::ptrdiff_t>(at), values.end(),
                                  [&](std::uint32_t value) { return value != values[at]; });
    const std::size_t run = static_cast<std::size_t>(end - values.begin()) - at;
    const std::size_t missing = (kGroup - (at - packed_from) % kGroup) % kGroup;  // of the group that is begun
    if (missing > 0 || run < kGroup) {
      at += missing > 0 ? std::min(run, missing) : run;
      continue;
    }
    append_packed(out, values.subspan(packed_from, at - packed_from), width);
    append_run(out, values[at], run, width);
    at += run;
    packed_from = at;
  }
  append_packed(out, values.subspan(packed_from), width);
  return out;
}

}  // namespace fw::codec
