#pragma once

#include <bit>
#include <cstdint>

// The build may not assume more than x86-64's baseline; the loader picks the best of these for the processor.
#if defined(__x86_64__) && defined(__clang__)
#define FW_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FW_CLONES
#endif
// What a function with clones calls has to become part of each clone.
#define FW_INLINE __attribute__((always_inline)) inline

namespace fw::trainer {

/// The bits of x in bfloat16, to the nearest, ties to even; branch-free, so that loops around it become vector code.
FW_INLINE std::uint32_t bf16_bits(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t nearest = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const std::uint32_t quiet_nan = (bits >> 16) | 0x40U;
  return (bits & 0x7fffffffU) > 0x7f800000U ? quiet_nan : nearest;
}

}  // namespace fw::trainer
