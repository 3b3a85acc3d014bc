#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fw::logstore::layout {

inline void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  std::array<char, sizeof value> big_endian;
  for (std::size_t i = 0; i < sizeof value; ++i) big_endian[i] = static_cast<char>(value >> (56 - 8 * i));
  out.append(big_endian.end() - bytes, big_endian.end());
}

[[nodiscard]] inline std::uint64_t parse_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace fw::logstore::layout
