#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "logstore/rocksdb/impl/big_endian.h"

/// What stands behind a record's content: fields of a letter, a size of 4 bytes and bytes (docs/formats/log_store.md).
namespace fw::logstore::layout {

inline constexpr std::size_t kSizeBytes = 4;
inline constexpr std::size_t kFieldHeadBytes = 1 + kSizeBytes;

[[nodiscard]] inline Error damaged_fields() {
  return data_loss("the log store holds a record with damaged fields; restore its folder from a backup");
}

inline void append_field(std::string& out, char letter, std::string_view bytes) {
  out.push_back(letter);
  append_big_endian(out, bytes.size(), kSizeBytes);
  out.append(bytes);
}

inline void append_number(std::string& out, char letter, std::uint64_t value, int bytes) {
  out.push_back(letter);
  append_big_endian(out, static_cast<std::uint64_t>(bytes), kSizeBytes);
  append_big_endian(out, value, bytes);
}

/// Calls `read(letter, bytes)` for each field; ends early with its error. kDataLoss for bytes that are no fields.
template <class Read>
[[nodiscard]] Status for_each_field(std::string_view fields, Read read) {
  while (!fields.empty()) {
    if (fields.size() < kFieldHeadBytes) return damaged_fields();
    const std::uint64_t size = parse_big_endian(fields.substr(1, kSizeBytes));
    if (size > fields.size() - kFieldHeadBytes) return damaged_fields();
    FW_TRY(read(fields.front(), fields.substr(kFieldHeadBytes, size)));
    fields.remove_prefix(kFieldHeadBytes + size);
  }
  return {};
}

}  // namespace fw::logstore::layout
