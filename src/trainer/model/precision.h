#pragma once

#include <cstdint>

namespace fw::trainer {

/// What the factors of the large matrix products are rounded to: the frozen weights, and what they are multiplied with.
/// Sums, norms, attention, the adapter and its optimiser are fp32 in either.
enum class Precision : std::uint8_t { kFp32, kBf16 };

/// kBf16 on processors that multiply bfloat16 themselves (AMX, AVX512-BF16), else kFp32.
[[nodiscard]] Precision fastest_precision();

}  // namespace fw::trainer
