#include "trainer/model/precision.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "trainer/model/gemm.h"
#include "trainer/model/kernels.h"

namespace fw::trainer {
namespace {

// Of a layer's size: large enough to run at the rate of a training step.
constexpr std::int64_t kRows = 512, kColumns = 1536, kDepth = 576;
constexpr int kRounds = 5;
// Rounding costs time too, and an answer that noise decides would make two runs differ.
constexpr double kWorthIt = 1.5;

double best_seconds(auto fn) {
  double best = 1e9;
  for (int i = 0; i < kRounds; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    fn();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  return best;
}

bool bf16_pays() {
  const std::vector<float> a(kRows * kDepth, 0.5F), b(kColumns * kDepth, 0.25F);
  std::vector<float> c(kRows * kColumns);
  std::vector<Bf16> a16(a.size()), b16(b.size());
  kernels::round_to_bf16(b.data(), static_cast<std::int64_t>(b.size()), b16.data());
  const double fp32 = best_seconds([&] {
    gemm(kRows, kColumns, kDepth, 1, plain(a.data(), kDepth), transposed(b.data(), kDepth), 0, c.data(), kColumns);
  });
  const double bf16 = best_seconds([&] {
    kernels::round_to_bf16(a.data(), static_cast<std::int64_t>(a.size()), a16.data());
    gemm(kRows, kColumns, kDepth, 1, plain(a16.data(), kDepth), transposed(b16.data(), kDepth), 0, c.data(), kColumns);
  });
  return fp32 > kWorthIt * bf16;
}

}  // namespace

Precision fastest_precision() {
  if (!has_bf16_gemm()) return Precision::kFp32;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("amx-bf16")) return Precision::kBf16;
  if (__builtin_cpu_supports("avx512bf16") && bf16_pays()) return Precision::kBf16;
#endif
  return Precision::kFp32;
}

}  // namespace fw::trainer
