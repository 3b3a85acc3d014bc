#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace fw::codec {

/// Bits that hold every number up to `largest`; 0 for 0.
[[nodiscard]] int bits_for(std::uint32_t largest);

/// Numbers of `width` bits (0 to 32) as Parquet's hybrid of runs and packed bits (parquet-format, Encodings.md, RLE),
/// without a length in front: eight equal ones or more are a run, others are packed in groups of eight from the lowest
/// bit; the last group is filled with zeros.
[[nodiscard]] std::string encode_hybrid(std::span<const std::uint32_t> values, int width);

}  // namespace fw::codec
