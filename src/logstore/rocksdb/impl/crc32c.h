#pragma once

#include <cstdint>
#include <string_view>

namespace fw::logstore {

/// The CRC-32C of bytes that follow those of which `sum` is one; 0 for none. What RocksDB's log is checked with.
/// Source: RFC 3720, B.4.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t sum, std::string_view bytes);

/// The same without the processor's instruction.
[[nodiscard]] std::uint32_t crc32c_by_table(std::uint32_t sum, std::string_view bytes);

}  // namespace fw::logstore
