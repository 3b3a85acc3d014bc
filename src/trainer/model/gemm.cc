#include "trainer/model/gemm.h"

#include <climits>

#include "base/assert.h"
#include "trainer/model/parallel.h"

extern "C" void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

namespace fw::trainer {
namespace {

int narrow(std::int64_t value) {
  FW_ASSERT(value >= 0 && value <= INT_MAX);
  return static_cast<int>(value);
}

// Below this much work a second thread costs more than it brings.
constexpr std::int64_t kSplitWork = 1 << 20;
constexpr std::int64_t kSplitRows = 16;

}  // namespace

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand a, Operand b, float beta, float* c,
          std::int64_t c_stride) {
  if (m == 0 || n == 0) return;
  // BLAS is column-major: it computes the transposed product out of the same memory.
  const int rows = narrow(n), columns = narrow(m), depth = narrow(k);
  const int lda = narrow(b.stride), ldb = narrow(a.stride), ldc = narrow(c_stride);
  sgemm_(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &rows, &columns, &depth, &alpha, b.data, &lda, a.data,
         &ldb, &beta, c, &ldc);
}

void gemm_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand a, Operand b, float beta, float* c,
                std::int64_t c_stride) {
  if (m * n * k < kSplitWork) return gemm(m, n, k, alpha, a, b, beta, c, c_stride);
  if (m >= n) {
    for_ranges(m, kSplitRows, [&](std::int64_t begin, std::int64_t end) {
      Operand part = a;
      part.data += a.transposed ? begin : begin * a.stride;
      gemm(end - begin, n, k, alpha, part, b, beta, c + begin * c_stride, c_stride);
    });
  } else {
    for_ranges(n, kSplitRows, [&](std::int64_t begin, std::int64_t end) {
      Operand part = b;
      part.data += b.transposed ? begin * b.stride : begin;
      gemm(m, end - begin, k, alpha, a, part, beta, c + begin, c_stride);
    });
  }
}

}  // namespace fw::trainer
