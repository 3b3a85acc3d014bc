#include "trainer/model/gemm.h"

#include <climits>

#include "base/assert.h"
#include "trainer/model/parallel.h"

extern "C" void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);
// Weak: other BLAS libraries than MKL do not have it.
extern "C" __attribute__((weak)) void gemm_bf16bf16f32_(const char* transa, const char* transb, const int* m,
                                                        const int* n, const int* k, const float* alpha,
                                                        const fw::trainer::Bf16* a, const int* lda,
                                                        const fw::trainer::Bf16* b, const int* ldb, const float* beta,
                                                        float* c, const int* ldc);

namespace fw::trainer {
namespace {

int narrow(std::int64_t value) {
  FW_ASSERT(value >= 0 && value <= INT_MAX);
  return static_cast<int>(value);
}

// Below this much work a second thread costs more than it brings.
constexpr std::int64_t kSplitWork = 1 << 20;
constexpr std::int64_t kSplitRows = 16;

// BLAS is column-major: it computes the transposed product out of the same memory.
template <class Number, class Blas>
void call(Blas* blas, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<Number> a, Operand<Number> b,
          float beta, float* c, std::int64_t c_stride) {
  if (m == 0 || n == 0) return;
  const int rows = narrow(n), columns = narrow(m), depth = narrow(k);
  const int lda = narrow(b.stride), ldb = narrow(a.stride), ldc = narrow(c_stride);
  blas(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &rows, &columns, &depth, &alpha, b.data, &lda, a.data, &ldb,
       &beta, c, &ldc);
}

template <class Number>
void split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<Number> a, Operand<Number> b,
           float beta, float* c, std::int64_t c_stride) {
  if (m * n * k < kSplitWork) return gemm(m, n, k, alpha, a, b, beta, c, c_stride);
  if (m >= n) {
    for_ranges(m, kSplitRows, [&](std::int64_t begin, std::int64_t end) {
      auto part = a;
      part.data += a.transposed ? begin : begin * a.stride;
      gemm(end - begin, n, k, alpha, part, b, beta, c + begin * c_stride, c_stride);
    });
  } else {
    for_ranges(n, kSplitRows, [&](std::int64_t begin, std::int64_t end) {
      auto part = b;
      part.data += b.transposed ? begin * b.stride : begin;
      gemm(m, end - begin, k, alpha, a, part, beta, c + begin, c_stride);
    });
  }
}

}  // namespace

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<float> a, Operand<float> b, float beta,
          float* c, std::int64_t c_stride) {
  call(sgemm_, m, n, k, alpha, a, b, beta, c, c_stride);
}

bool has_bf16_gemm() { return gemm_bf16bf16f32_ != nullptr; }

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<Bf16> a, Operand<Bf16> b, float beta,
          float* c, std::int64_t c_stride) {
  FW_ASSERT(has_bf16_gemm());
  call(gemm_bf16bf16f32_, m, n, k, alpha, a, b, beta, c, c_stride);
}

void gemm_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<float> a, Operand<float> b,
                float beta, float* c, std::int64_t c_stride) {
  split(m, n, k, alpha, a, b, beta, c, c_stride);
}
void gemm_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<Bf16> a, Operand<Bf16> b,
                float beta, float* c, std::int64_t c_stride) {
  split(m, n, k, alpha, a, b, beta, c, c_stride);
}

}  // namespace fw::trainer
