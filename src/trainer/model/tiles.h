#pragma once

#include <cstdint>

#include "trainer/model/gemm.h"

/// Matrix products of bfloat16 factors out of tiles: what the processor's matrix unit (AMX) multiplies, and what its
/// vector units (AVX512-BF16) multiply well. A tile holds 16 lanes (rows of the left factor or columns of the right
/// one) of 32 numbers along the summed dimension.
namespace fw::trainer::tiles {

constexpr std::int64_t kLanes = 16;
constexpr std::int64_t kDepth = 32;
constexpr std::int64_t kNumbers = kLanes * kDepth;
/// A kernel multiplies two tiles' lanes by two tiles' lanes: a block of the result has kBlock rows and columns.
constexpr std::int64_t kBlock = 2 * kLanes;

/// Tiles along a summed dimension of k numbers.
constexpr std::int64_t steps(std::int64_t k) { return (k + kDepth - 1) / kDepth; }
/// Lanes that `count` of them take, filled up to whole blocks.
constexpr std::int64_t padded(std::int64_t count) { return (count + kBlock - 1) / kBlock * kBlock; }

/// Rounds `lanes` rows of a left factor (from row `first`, `depth` numbers of each from `start`) to bfloat16 and lays
/// them out in tiles: [padded(lanes) / 16, steps(depth), 16 rows, 32 numbers]. What is beyond the matrix is zero.
/// Number is float or Bf16.
template <class Number>
void pack_rows(Operand<Number> a, std::int64_t first, std::int64_t lanes, std::int64_t start, std::int64_t depth,
               Bf16* out);
/// The same of columns of a right factor: [padded(lanes) / 16, steps(depth), 16 pairs of numbers, 16 columns, 2].
template <class Number>
void pack_columns(Operand<Number> b, std::int64_t first, std::int64_t lanes, std::int64_t start, std::int64_t depth,
                  Bf16* out);

/// Ways to multiply tiles, the slowest first.
enum class Kernel : std::uint8_t { kPortable, kAvx512, kAmx };

/// The fastest that this processor and system have.
[[nodiscard]] Kernel best_kernel();

/// Multiplies blocks on the calling thread. Of AMX it holds the thread's tile registers while it lives.
class Multiplier {
 public:
  explicit Multiplier(Kernel kernel);
  ~Multiplier();
  Multiplier(const Multiplier&) = delete;
  Multiplier& operator=(const Multiplier&) = delete;

  /// The product of two lanes' tiles of `rows` and of `columns`, as pack_rows and pack_columns lay them, 32 rows and
  /// columns: put to `out`, or added to what is there.
  void multiply(const Bf16* rows, const Bf16* columns, std::int64_t steps, bool add, float* out,
                std::int64_t out_stride) const {
    run_(rows, columns, steps, add, out, out_stride);
  }

 private:
  void (*run_)(const Bf16*, const Bf16*, std::int64_t, bool, float*, std::int64_t);
  bool holds_tiles_;
};

}  // namespace fw::trainer::tiles
