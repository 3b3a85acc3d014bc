#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fw::logstore::layout {

inline void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

[[nodiscard]] inline std::uint64_t parse_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace fw::logstore::layout
