#pragma once

#include <cstdint>
#include <optional>

#include "modelfile/gguf.h"

namespace fw::modelfile {

inline constexpr std::uint64_t kMaxKeys = 65'536;
inline constexpr std::uint64_t kMaxTensors = 262'144;
inline constexpr std::uint64_t kMaxHeaderBytes = 256ULL << 20;
inline constexpr std::uint64_t kMaxKeyBytes = 65'535;
inline constexpr std::uint64_t kMaxTensorNameBytes = 64;
inline constexpr std::uint64_t kMaxDimensions = 4;
inline constexpr std::uint32_t kMaxAlignment = 1U << 20;

/// Bytes of one element; 0 for strings and arrays, nothing for a number that is no type.
[[nodiscard]] std::optional<std::size_t> fixed_size(GgufType type);

/// Elements of the shape; nothing on overflow (2^62) or a dimension of 0.
[[nodiscard]] std::optional<std::uint64_t> count_elements(const std::vector<std::uint64_t>& shape);

/// Bytes of such a tensor; nothing on overflow or when rows are no whole blocks.
[[nodiscard]] std::optional<std::uint64_t> tensor_bytes(const GgmlType& type, const std::vector<std::uint64_t>& shape);

[[nodiscard]] constexpr std::uint64_t aligned(std::uint64_t size, std::uint32_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

/// A name out of a file, fit for a message and a terminal: quoted, without control characters, at most 80 characters.
[[nodiscard]] std::string shown(std::string_view name);

}  // namespace fw::modelfile
