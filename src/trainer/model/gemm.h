#pragma once

#include <cstdint>

namespace fw::trainer {

/// A bfloat16 number as it lies in memory: the upper half of an fp32 number.
using Bf16 = std::uint16_t;

/// A row-major matrix operand: element (i, j) stands at data[i * stride + j], or at data[j * stride + i] when
/// transposed.
template <class Number>
struct Operand {
  const Number* data;
  std::int64_t stride;
  bool transposed = false;
};
template <class Number>
[[nodiscard]] Operand<Number> plain(const Number* data, std::int64_t stride) {
  return {data, stride, false};
}
template <class Number>
[[nodiscard]] Operand<Number> transposed(const Number* data, std::int64_t stride) {
  return {data, stride, true};
}

/// c[m, n] = alpha * a[m, k] b[k, n] + beta * c, by the BLAS inside libtorch (MKL on x86), on its own threads unless
/// called inside run_parallel.
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<float> a, Operand<float> b, float beta,
          float* c, std::int64_t c_stride);
/// The same of bfloat16 operands, summed in fp32; only where has_bf16_gemm().
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<Bf16> a, Operand<Bf16> b, float beta,
          float* c, std::int64_t c_stride);
/// Whether this build's BLAS has products of bfloat16; MKL has, on x86 only. It computes them on any processor, fast on
/// those with the instructions.
[[nodiscard]] bool has_bf16_gemm();

/// The same, cut by us into one piece a thread along the longer side of c: for thin products, which BLAS runs on one
/// thread.
void gemm_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<float> a, Operand<float> b,
                float beta, float* c, std::int64_t c_stride);
void gemm_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<Bf16> a, Operand<Bf16> b,
                float beta, float* c, std::int64_t c_stride);

}  // namespace fw::trainer
