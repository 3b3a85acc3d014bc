#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fw::logstore {

[[nodiscard]] inline std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  return number;
}

inline void append_little_endian(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i, number >>= 8) out.push_back(static_cast<char>(number & 0xff));
}

}  // namespace fw::logstore
