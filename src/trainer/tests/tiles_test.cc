// Products out of bfloat16 tiles against sums in double precision: every kernel of this processor, every form of
// factor.
#include "trainer/model/tiles.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "trainer/model/kernels.h"
#include "trainer/model/parallel.h"

namespace fw::trainer {
namespace {

float number(Bf16 x) { return std::bit_cast<float>(std::uint32_t{x} << 16); }

// A factor in both types, its lines longer than they need be.
struct Matrix {
  Matrix(std::int64_t rows, std::int64_t columns, bool across, Random& random)
      : transposed(across), stride((across ? rows : columns) + 3) {
    floats.resize(static_cast<std::size_t>(stride * (across ? columns : rows)));
    for (float& x : floats) x = static_cast<float>(random.uniform() * 2 - 1);
    halves.resize(floats.size());
    kernels::round_to_bf16(floats.data(), static_cast<std::int64_t>(floats.size()), halves.data());
  }
  [[nodiscard]] Operand<float> as_floats() const { return {floats.data(), stride, transposed}; }
  [[nodiscard]] Operand<Bf16> as_halves() const { return {halves.data(), stride, transposed}; }
  [[nodiscard]] double at(std::int64_t i, std::int64_t j) const {
    return number(halves[static_cast<std::size_t>(transposed ? j * stride + i : i * stride + j)]);
  }

  bool transposed;
  std::int64_t stride;
  std::vector<float> floats;
  std::vector<Bf16> halves;
};

struct Shape {
  std::int64_t m, n, k;
};
// Less than a tile, whole blocks, one more than a block, deeper than what is packed at a time.
const std::vector<Shape> kShapes{{1, 1, 1}, {5, 70, 33}, {32, 32, 32}, {33, 65, 64}, {64, 17, 0}, {70, 40, 3100}};

std::vector<tiles::Kernel> kernels_here() {
  std::vector<tiles::Kernel> all;
  for (const auto kernel : {tiles::Kernel::kPortable, tiles::Kernel::kAvx512, tiles::Kernel::kAmx})
    if (kernel <= tiles::best_kernel()) all.push_back(kernel);
  return all;
}

double expected(const Matrix& a, const Matrix& b, std::int64_t k, std::int64_t i, std::int64_t j) {
  double sum = 0;
  for (std::int64_t l = 0; l < k; ++l) sum += a.at(i, l) * b.at(l, j);
  return sum;
}

class Tiles : public testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(Tiles, AreMultipliedRightByEveryKernel) {
  const auto [a_across, b_across] = GetParam();
  Random random(1);
  const std::int64_t k = 70, steps = tiles::steps(k);
  const Matrix a(tiles::kBlock, k, a_across, random), b(k, tiles::kBlock, b_across, random);
  const auto numbers = static_cast<std::size_t>(2 * steps * tiles::kNumbers);
  std::vector<Bf16> rows(numbers), columns(numbers), rows_of_floats(numbers), columns_of_floats(numbers);
  tiles::pack_rows(a.as_halves(), 0, tiles::kBlock, 0, k, rows.data());
  tiles::pack_columns(b.as_halves(), 0, tiles::kBlock, 0, k, columns.data());
  tiles::pack_rows(a.as_floats(), 0, tiles::kBlock, 0, k, rows_of_floats.data());
  tiles::pack_columns(b.as_floats(), 0, tiles::kBlock, 0, k, columns_of_floats.data());
  EXPECT_EQ(rows, rows_of_floats);
  EXPECT_EQ(columns, columns_of_floats);
  for (const auto kernel : kernels_here()) {
    constexpr std::int64_t kStride = tiles::kBlock + 1;
    std::vector<float> out(tiles::kBlock * kStride, 2);
    const tiles::Multiplier multiplier(kernel);
    multiplier.multiply(rows.data(), columns.data(), steps, false, out.data(), kStride);
    multiplier.multiply(rows.data(), columns.data(), steps, true, out.data(), kStride);
    for (std::int64_t i = 0; i < tiles::kBlock; ++i) {
      for (std::int64_t j = 0; j < tiles::kBlock; ++j)
        EXPECT_NEAR(out[static_cast<std::size_t>(i * kStride + j)], 2 * expected(a, b, k, i, j), 1e-4)
            << "kernel " << static_cast<int>(kernel) << " at " << i << ", " << j;
      EXPECT_EQ(out[static_cast<std::size_t>(i * kStride + tiles::kBlock)], 2);
    }
  }
}

TEST_P(Tiles, MakeProductsOfAnyShapeAndType) {
  const auto [a_across, b_across] = GetParam();
  set_threads(2);
  Random random(2);
  for (const auto& [m, n, k] : kShapes) {
    const Matrix a(m, k, a_across, random), b(k, n, b_across, random);
    const std::int64_t stride = n + 2;
    for (const auto& [alpha, beta] : {std::pair{1.0F, 0.0F}, {1.0F, 1.0F}, {0.5F, 0.25F}}) {
      const auto check = [&](const char* what, auto product) {
        // What is not read may be anything.
        std::vector<float> c(static_cast<std::size_t>(m * stride), beta == 0 ? NAN : 4.0F);
        product(c.data());
        for (std::int64_t i = 0; i < m; ++i)
          for (std::int64_t j = 0; j < n; ++j)
            ASSERT_NEAR(c[static_cast<std::size_t>(i * stride + j)],
                        alpha * expected(a, b, k, i, j) + (beta == 0 ? 0 : beta * 4), 1e-3)
                << what << ' ' << m << " x " << n << " x " << k << " at " << i << ", " << j;
      };
      check("floats", [&](float* c) { gemm_bf16(m, n, k, alpha, a.as_floats(), b.as_floats(), beta, c, stride); });
      check("halves, split",
            [&](float* c) { gemm_bf16_split(m, n, k, alpha, a.as_halves(), b.as_halves(), beta, c, stride); });
      check("floats and halves",
            [&](float* c) { gemm_bf16_split(m, n, k, alpha, a.as_floats(), b.as_halves(), beta, c, stride); });
      check("halves and floats",
            [&](float* c) { gemm_bf16(m, n, k, alpha, a.as_halves(), b.as_floats(), beta, c, stride); });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(FactorsAlongAndAcross, Tiles, testing::Combine(testing::Bool(), testing::Bool()));

}  // namespace
}  // namespace fw::trainer
