#pragma once

#include <cstdint>
#include <string_view>

namespace fw::trainer {

/// What the factors of matrix products are rounded to: frozen weights, activations, their gradients, the adapter's
/// matrices. Sums, norms, softmax, and what the optimiser keeps of the adapter are fp32 in either.
enum class Precision : std::uint8_t { kFp32, kBf16 };

/// kBf16 on processors that multiply bfloat16 faster than fp32 (AMX; AVX512-BF16 of AMD), else kFp32. The same on every
/// call, so that a training that goes on after a crash goes on as it began.
[[nodiscard]] Precision fastest_precision();

/// `fp32` or `bf16`.
[[nodiscard]] std::string_view to_string(Precision precision);

}  // namespace fw::trainer
