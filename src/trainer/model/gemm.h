#pragma once

#include <cstdint>

namespace fw::trainer {

/// A row-major matrix operand: element (i, j) stands at data[i * stride + j], or at data[j * stride + i] when
/// transposed.
struct Operand {
  const float* data;
  std::int64_t stride;
  bool transposed = false;
};
[[nodiscard]] inline Operand plain(const float* data, std::int64_t stride) { return {data, stride, false}; }
[[nodiscard]] inline Operand transposed(const float* data, std::int64_t stride) { return {data, stride, true}; }

/// c[m, n] = alpha * a[m, k] b[k, n] + beta * c, by the BLAS inside libtorch (MKL on x86), on its own threads unless
/// called inside run_parallel.
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand a, Operand b, float beta, float* c,
          std::int64_t c_stride);

/// The same, cut by us into one piece a thread along the longer side of c: for thin products, which BLAS runs on one
/// thread.
void gemm_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand a, Operand b, float beta, float* c,
                std::int64_t c_stride);

}  // namespace fw::trainer
