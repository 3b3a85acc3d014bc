#pragma once

#include <cstdint>

namespace fw::trainer {

/// What the factors of matrix products are rounded to: frozen weights, activations, their gradients, the adapter's
/// matrices. Sums, norms, softmax, and what the optimiser keeps of the adapter are fp32 in either.
enum class Precision : std::uint8_t { kFp32, kBf16 };

/// kBf16 on processors that multiply bfloat16 themselves (AMX, AVX512-BF16), else kFp32.
[[nodiscard]] Precision fastest_precision();

}  // namespace fw::trainer
