#include "trainer/model/gemm.h"

#include <algorithm>
#include <climits>
#include <memory>
#include <new>

#include "base/assert.h"
#include "trainer/model/kernels.h"
#include "trainer/model/parallel.h"
#include "trainer/model/tiles.h"

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

// A matrix that starts `rows` rows and `columns` columns into x.
template <class Number>
Operand<Number> from(Operand<Number> x, std::int64_t rows, std::int64_t columns) {
  x.data = x.at(rows, columns);
  return x;
}

// Calls piece(m, n, a, b, c) on one thread's share of c each, cut along its longer side.
template <class A, class B, class Piece>
void split(std::int64_t m, std::int64_t n, std::int64_t k, Operand<A> a, Operand<B> b, float* c, std::int64_t c_stride,
           Piece piece) {
  if (m * n * k < kSplitWork) return piece(m, n, a, b, c);
  if (m >= n) {
    for_ranges(m, kSplitRows, [&](std::int64_t begin, std::int64_t end) {
      piece(end - begin, n, from(a, begin, 0), b, c + begin * c_stride);
    });
  } else {
    for_ranges(n, kSplitRows,
               [&](std::int64_t begin, std::int64_t end) { piece(m, end - begin, a, from(b, 0, begin), c + begin); });
  }
}

// A thread packs a block of the left factor that stays in its second-level cache (at most kRowsNumbers, kDepthBlock
// deep) while the right factor passes by, packed block by block.
constexpr std::int64_t kDepthBlock = 1536;
constexpr std::int64_t kRowsNumbers = 384 * 1024;

// Memory for tiles, which grows and never shrinks.
class PackBuffer {
 public:
  Bf16* of(std::int64_t numbers) {
    if (numbers > size_) {
      memory_.reset(static_cast<Bf16*>(::operator new(static_cast<std::size_t>(numbers) * sizeof(Bf16), kAlignment)));
      size_ = numbers;
    }
    return memory_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(Bf16* memory) const { ::operator delete(memory, kAlignment); }
  };
  std::unique_ptr<Bf16, Free> memory_;
  std::int64_t size_ = 0;
};
thread_local PackBuffer row_buffer, column_buffer;

// What part of a product, `steps` tiles deep, does with a block of c: c = alpha * part + beta * c.
struct BlockProduct {
  const tiles::Multiplier& multiplier;
  std::int64_t steps;
  float alpha, beta;

  void operator()(const Bf16* rows, const Bf16* columns, std::int64_t height, std::int64_t width, float* c,
                  std::int64_t c_stride) const {
    if (alpha == 1 && (beta == 0 || beta == 1) && height == tiles::kBlock && width == tiles::kBlock)
      return multiplier.multiply(rows, columns, steps, beta == 1, c, c_stride);
    alignas(64) float block[tiles::kBlock * tiles::kBlock];
    multiplier.multiply(rows, columns, steps, false, block, tiles::kBlock);
    kernels::merge_block(block, tiles::kBlock, height, width, alpha, beta, c, c_stride);
  }
};

}  // namespace

// BLAS is column-major: it computes the transposed product out of the same memory.
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<float> a, Operand<float> b, float beta,
          float* c, std::int64_t c_stride) {
  if (m == 0 || n == 0) return;
  const int rows = narrow(n), columns = narrow(m), depth = narrow(k);
  const int lda = narrow(b.stride), ldb = narrow(a.stride), ldc = narrow(c_stride);
  sgemm_(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &rows, &columns, &depth, &alpha, b.data, &lda, a.data,
         &ldb, &beta, c, &ldc);
}

void gemm_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<float> a, Operand<float> b,
                float beta, float* c, std::int64_t c_stride) {
  split(m, n, k, a, b, c, c_stride,
        [&](std::int64_t rows, std::int64_t columns, Operand<float> a_part, Operand<float> b_part, float* c_part) {
          gemm(rows, columns, k, alpha, a_part, b_part, beta, c_part, c_stride);
        });
}

template <class A, class B>
void gemm_bf16(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<A> a, Operand<B> b, float beta,
               float* c, std::int64_t c_stride) {
  using tiles::kBlock;
  const tiles::Multiplier multiplier(tiles::best_kernel());
  for (std::int64_t k0 = 0; k0 < std::max<std::int64_t>(k, 1); k0 += kDepthBlock) {
    const std::int64_t depth = std::min(kDepthBlock, k - k0), steps = tiles::steps(depth);
    const BlockProduct multiply{multiplier, steps, alpha, k0 == 0 ? beta : 1};
    const std::int64_t lane = steps * tiles::kDepth;  // packed numbers of a row or a column
    const std::int64_t most_rows = std::max(kBlock, kRowsNumbers / std::max<std::int64_t>(lane, 1) / kBlock * kBlock);
    for (std::int64_t m0 = 0; m0 < m; m0 += most_rows) {
      const std::int64_t rows = std::min(most_rows, m - m0);
      Bf16* packed_rows = row_buffer.of(tiles::padded(rows) * lane);
      tiles::pack_rows(a, m0, rows, k0, depth, packed_rows);
      for (std::int64_t n0 = 0; n0 < n; n0 += kBlock) {
        const std::int64_t columns = std::min(kBlock, n - n0);
        Bf16* packed_columns = column_buffer.of(kBlock * lane);
        tiles::pack_columns(b, n0, columns, k0, depth, packed_columns);
        for (std::int64_t i = 0; i < rows; i += kBlock)
          multiply(packed_rows + i * lane, packed_columns, std::min(kBlock, rows - i), columns,
                   c + (m0 + i) * c_stride + n0, c_stride);
      }
    }
  }
}

template <class A, class B>
void gemm_bf16_split(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Operand<A> a, Operand<B> b,
                     float beta, float* c, std::int64_t c_stride) {
  split(m, n, k, a, b, c, c_stride,
        [&](std::int64_t rows, std::int64_t columns, Operand<A> a_part, Operand<B> b_part, float* c_part) {
          gemm_bf16(rows, columns, k, alpha, a_part, b_part, beta, c_part, c_stride);
        });
}

#define FW_GEMM_BF16(A, B)                                                                                        \
  template void gemm_bf16(std::int64_t, std::int64_t, std::int64_t, float, Operand<A>, Operand<B>, float, float*, \
                          std::int64_t);                                                                          \
  template void gemm_bf16_split(std::int64_t, std::int64_t, std::int64_t, float, Operand<A>, Operand<B>, float,   \
                                float*, std::int64_t);
FW_GEMM_BF16(float, float)
FW_GEMM_BF16(float, Bf16)
FW_GEMM_BF16(Bf16, float)
FW_GEMM_BF16(Bf16, Bf16)
#undef FW_GEMM_BF16

}  // namespace fw::trainer
