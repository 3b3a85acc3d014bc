// How blocks of bfloat16 tiles are multiplied: by AMX, by AVX512-BF16, or by what any processor has.
#include <algorithm>
#include <bit>
#include <cstring>

#include "trainer/model/tiles.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fw::trainer::tiles {
namespace {

// The tiles of a lane group's neighbour lie behind all of its own.
const Bf16* neighbour(const Bf16* group, std::int64_t steps) { return group + steps * kNumbers; }

float number(std::uint32_t bits) { return std::bit_cast<float>(bits); }

void multiply_portable(const Bf16* rows, const Bf16* columns, std::int64_t steps, bool add, float* out,
                       std::int64_t stride) {
  for (std::int64_t i = 0; i < kBlock; ++i)
    for (std::int64_t group = 0; group < 2; ++group) {
      float* sums = out + i * stride + group * kLanes;
      if (!add) std::fill(sums, sums + kLanes, 0.0F);
      for (std::int64_t s = 0; s < steps; ++s) {
        const Bf16* row = rows + (i / kLanes * steps + s) * kNumbers + i % kLanes * kDepth;
        const Bf16* tile = columns + (group * steps + s) * kNumbers;
        for (std::int64_t k = 0; k < kDepth; ++k) {
          const float factor = number(std::uint32_t{row[k]} << 16);
          const Bf16* numbers = tile + k / 2 * 2 * kLanes + k % 2;
          for (std::int64_t j = 0; j < kLanes; ++j) sums[j] += factor * number(std::uint32_t{numbers[2 * j]} << 16);
        }
      }
    }
}

#if defined(__x86_64__)

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void multiply_avx512(const Bf16* rows,
                                                                                     const Bf16* columns,
                                                                                     std::int64_t steps, bool add,
                                                                                     float* out, std::int64_t stride) {
  constexpr int kRows = 8;  // at a time: with two columns' groups 16 sums, which hide the instruction's latency
  const Bf16* right = neighbour(columns, steps);
  for (std::int64_t top = 0; top < kBlock; top += kRows) {
    const Bf16* left = rows + top / kLanes * steps * kNumbers + top % kLanes * kDepth;
    __m512 sums[2][kRows];
    for (int i = 0; i < kRows; ++i)
      for (int group = 0; group < 2; ++group)
        sums[group][i] = add ? _mm512_loadu_ps(out + (top + i) * stride + group * kLanes) : _mm512_setzero_ps();
    for (std::int64_t s = 0; s < steps; ++s)
      for (std::int64_t pair = 0; pair < kDepth / 2; ++pair) {
        const std::int64_t at = s * kNumbers + pair * 2 * kLanes;
        const auto first = __m512bh(_mm512_loadu_si512(columns + at));
        const auto second = __m512bh(_mm512_loadu_si512(right + at));
        const Bf16* factors = left + s * kNumbers + pair * 2;
#pragma clang loop unroll(full)
        for (int i = 0; i < kRows; ++i) {
          std::int32_t factor;
          std::memcpy(&factor, factors + i * kDepth, sizeof factor);
          const auto spread = __m512bh(_mm512_set1_epi32(factor));
          sums[0][i] = _mm512_dpbf16_ps(sums[0][i], spread, first);
          sums[1][i] = _mm512_dpbf16_ps(sums[1][i], spread, second);
        }
      }
    for (int i = 0; i < kRows; ++i) {
      _mm512_storeu_ps(out + (top + i) * stride, sums[0][i]);
      _mm512_storeu_ps(out + (top + i) * stride + kLanes, sums[1][i]);
    }
  }
}

__attribute__((target("amx-tile,amx-bf16"))) void multiply_amx(const Bf16* rows, const Bf16* columns,
                                                               std::int64_t steps, bool add, float* out,
                                                               std::int64_t stride) {
  constexpr int kTileBytes = 64;  // of a row
  const auto out_bytes = static_cast<std::size_t>(stride) * sizeof(float);
  float* lower = out + kLanes * stride;
  if (add) {
    _tile_loadd(0, out, out_bytes);
    _tile_loadd(1, out + kLanes, out_bytes);
    _tile_loadd(2, lower, out_bytes);
    _tile_loadd(3, lower + kLanes, out_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const Bf16* below = neighbour(rows, steps);
  const Bf16* right = neighbour(columns, steps);
  for (std::int64_t s = 0; s < steps; ++s) {
    const std::int64_t at = s * kNumbers;
    _tile_loadd(4, rows + at, kTileBytes);
    _tile_loadd(6, columns + at, kTileBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + at, kTileBytes);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, below + at, kTileBytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, out, out_bytes);
  _tile_stored(1, out + kLanes, out_bytes);
  _tile_stored(2, lower, out_bytes);
  _tile_stored(3, lower + kLanes, out_bytes);
}

// All eight tile registers: 16 rows of 64 bytes.
__attribute__((target("amx-tile"))) void hold_tile_registers() {
  struct {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
  } config;
  static_assert(sizeof config == 64);
  for (int i = 0; i < 8; ++i) {
    config.row_bytes[i] = 64;
    config.rows[i] = 16;
  }
  _tile_loadconfig(&config);
}
__attribute__((target("amx-tile"))) void release_tile_registers() { _tile_release(); }

// Linux gives a process the tile registers' state only when it asks.
bool system_allows_tiles() {
#if defined(__linux__)
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

Kernel find_best() {
  if (__builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && system_allows_tiles())
    return Kernel::kAmx;
  if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return Kernel::kAvx512;
  return Kernel::kPortable;
}

#endif

}  // namespace

#if defined(__x86_64__)

Kernel best_kernel() {
  static const Kernel best = find_best();
  return best;
}

Multiplier::Multiplier(Kernel kernel)
    : run_(kernel == Kernel::kAmx      ? multiply_amx
           : kernel == Kernel::kAvx512 ? multiply_avx512
                                       : multiply_portable),
      holds_tiles_(kernel == Kernel::kAmx) {
  if (holds_tiles_) hold_tile_registers();
}
Multiplier::~Multiplier() {
  if (holds_tiles_) release_tile_registers();
}

#else

Kernel best_kernel() { return Kernel::kPortable; }
Multiplier::Multiplier(Kernel) : run_(multiply_portable), holds_tiles_(false) {}
Multiplier::~Multiplier() = default;

#endif

}  // namespace fw::trainer::tiles
