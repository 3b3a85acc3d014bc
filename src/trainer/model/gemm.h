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

  [[nodiscard]] const Number* at(std::int64_t row, std::int64_t column) const {
    return data + (transposed ? column * stride + row : row * stride + column);
  }
};
template <class Number>
[[nodiscard]] Operand<Number> plain(const Number* data, std::int64_t stride) {
  return {data, stride, false};
}
template <class Number>
[[nodiscard]] Operand<Number> transposed(const Number* data, std::int64_t stride) {
  return {data, stride, true};
}

/// c[m, n] = alpha * a[m, k] b[k, n] + beta * c in fp32, by the BLAS inside libtorch (MKL on x86), on its own threads
/// unless called inside run_parallel.
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<float> a, Operand<float> b, float beta,
          float* c, std::int64_t c_stride);
/// The same, cut by us into one piece a thread along the longer side of c: for thin products, which BLAS runs on one
/// thread.
void gemm_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<float> a, Operand<float> b,
                float beta, float* c, std::int64_t c_stride);

/// The same of factors rounded to bfloat16 and summed in fp32, on the calling thread. A and B are float or Bf16.
template <class A, class B>
void gemm_bf16(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<A> a, Operand<B> b, float beta,
               float* c, std::int64_t c_stride);
/// The same on all threads.
template <class A, class B>
void gemm_bf16_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<A> a, Operand<B> b,
                     float beta, float* c, std::int64_t c_stride);

}  // namespace fw::trainer
