#include "trainer/model/tiles.h"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "trainer/model/vector_code.h"

namespace fw::trainer::tiles {
namespace {

constexpr int kPairs = kDepth / 2;
// A pair of numbers of one lane, the first in the lower half.
using Pairs = std::array<std::array<std::uint32_t, 16>, 16>;
using Words = std::uint32_t __attribute__((vector_size(64), aligned(4)));

FW_INLINE std::uint32_t rounded(float x) { return bf16_bits(x); }
FW_INLINE std::uint32_t rounded(Bf16 x) { return x; }

// tile[lane][pair]; numbers of a lane lie side by side.
template <class Number>
FW_INLINE void read_along_depth(const Number* source, std::int64_t stride, Pairs& tile) {
  for (std::size_t lane = 0; lane < 16; ++lane) {
    const Number* row = source + static_cast<std::int64_t>(lane) * stride;
    if constexpr (std::is_same_v<Number, Bf16>) {
      std::memcpy(tile[lane].data(), row, sizeof tile[lane]);
    } else {
      for (std::size_t p = 0; p < kPairs; ++p) tile[lane][p] = rounded(row[2 * p]) | (rounded(row[2 * p + 1]) << 16);
    }
  }
}

// tile[pair][lane]; a number of all lanes lies side by side.
template <class Number>
FW_INLINE void read_along_lanes(const Number* source, std::int64_t stride, Pairs& tile) {
  for (std::size_t p = 0; p < kPairs; ++p) {
    const Number* first = source + static_cast<std::int64_t>(2 * p) * stride;
    const Number* second = first + stride;
    for (std::size_t lane = 0; lane < 16; ++lane) tile[p][lane] = rounded(first[lane]) | (rounded(second[lane]) << 16);
  }
}

FW_INLINE void transpose(const Pairs& in, Pairs& out) {
  Words r[16], t[16];
  std::memcpy(r, in.data(), sizeof r);
  // Four rounds, each exchanging halves of pairs of rows at half the distance of the round before.
  for (int i = 0; i < 8; ++i) {
    t[i] = __builtin_shufflevector(r[i], r[i + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    t[i + 8] = __builtin_shufflevector(r[i], r[i + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
  for (int b = 0; b < 16; b += 8)
    for (int i = b; i < b + 4; ++i) {
      r[i] = __builtin_shufflevector(t[i], t[i + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
      r[i + 4] = __builtin_shufflevector(t[i], t[i + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    }
  for (int b = 0; b < 16; b += 4)
    for (int i = b; i < b + 2; ++i) {
      t[i] = __builtin_shufflevector(r[i], r[i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
      t[i + 2] = __builtin_shufflevector(r[i], r[i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
  for (int i = 0; i < 16; i += 2) {
    r[i] = __builtin_shufflevector(t[i], t[i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    r[i + 1] = __builtin_shufflevector(t[i], t[i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
  }
  std::memcpy(out.data(), r, sizeof r);
}

// Lanes side by side in `source`, or the numbers along the depth.
enum class Along : std::uint8_t { kDepth, kLanes };

// One tile of `lanes` lanes and `depth` numbers, at most 16 and 32, as [lane][pair] or as [pair][lane].
template <class Number, Along along, Along wanted>
FW_INLINE void pack_tile(const Number* source, std::int64_t stride, std::int64_t lanes, std::int64_t depth, Bf16* out) {
  alignas(64) Number edge[kNumbers];
  if (lanes < kLanes || depth < kDepth) {
    std::memset(edge, 0, sizeof edge);
    const std::int64_t lines = along == Along::kDepth ? lanes : depth;
    const std::int64_t width = along == Along::kDepth ? depth : lanes;
    const std::int64_t edge_stride = along == Along::kDepth ? kDepth : kLanes;
    for (std::int64_t i = 0; i < lines; ++i)
      std::memcpy(edge + i * edge_stride, source + i * stride, static_cast<std::size_t>(width) * sizeof(Number));
    source = edge;
    stride = edge_stride;
  }
  alignas(64) Pairs tile;
  if constexpr (along == Along::kDepth) {
    read_along_depth(source, stride, tile);
  } else {
    read_along_lanes(source, stride, tile);
  }
  if constexpr (along != wanted) transpose(tile, tile);
  std::memcpy(out, tile.data(), sizeof tile);
}

template <class Number, Along along, Along wanted>
FW_INLINE void pack(const Number* source, std::int64_t stride, std::int64_t lanes, std::int64_t depth, Bf16* out) {
  const std::int64_t groups = padded(lanes) / kLanes, tiles = steps(depth);
  for (std::int64_t g = 0; g < groups; ++g)
    for (std::int64_t s = 0; s < tiles; ++s, out += kNumbers) {
      const std::int64_t lane = g * kLanes, at = s * kDepth;
      if (lane >= lanes) {
        std::memset(out, 0, kNumbers * sizeof(Bf16));
        continue;
      }
      const std::int64_t offset = along == Along::kDepth ? lane * stride + at : at * stride + lane;
      pack_tile<Number, along, wanted>(source + offset, stride, lanes - lane < kLanes ? lanes - lane : kLanes,
                                       depth - at < kDepth ? depth - at : kDepth, out);
    }
}

// How a factor's numbers lie, and what they become: one function for each, of either type.
#define FW_PACK(name, Number, along, wanted)                                                                          \
  FW_CLONES void name(const Number* source, std::int64_t stride, std::int64_t lanes, std::int64_t depth, Bf16* out) { \
    pack<Number, along, wanted>(source, stride, lanes, depth, out);                                                   \
  }
FW_PACK(along_to_rows, float, Along::kDepth, Along::kDepth)
FW_PACK(across_to_rows, float, Along::kLanes, Along::kDepth)
FW_PACK(along_to_columns, float, Along::kDepth, Along::kLanes)
FW_PACK(across_to_columns, float, Along::kLanes, Along::kLanes)
FW_PACK(along_to_rows, Bf16, Along::kDepth, Along::kDepth)
FW_PACK(across_to_rows, Bf16, Along::kLanes, Along::kDepth)
FW_PACK(along_to_columns, Bf16, Along::kDepth, Along::kLanes)
FW_PACK(across_to_columns, Bf16, Along::kLanes, Along::kLanes)
#undef FW_PACK

}  // namespace

template <class Number>
void pack_rows(Operand<Number> a, std::int64_t first, std::int64_t lanes, std::int64_t start, std::int64_t depth,
               Bf16* out) {
  const Number* source = a.at(first, start);
  a.transposed ? across_to_rows(source, a.stride, lanes, depth, out)
               : along_to_rows(source, a.stride, lanes, depth, out);
}

template <class Number>
void pack_columns(Operand<Number> b, std::int64_t first, std::int64_t lanes, std::int64_t start, std::int64_t depth,
                  Bf16* out) {
  const Number* source = b.at(start, first);
  b.transposed ? along_to_columns(source, b.stride, lanes, depth, out)
               : across_to_columns(source, b.stride, lanes, depth, out);
}

template void pack_rows(Operand<float>, std::int64_t, std::int64_t, std::int64_t, std::int64_t, Bf16*);
template void pack_rows(Operand<Bf16>, std::int64_t, std::int64_t, std::int64_t, std::int64_t, Bf16*);
template void pack_columns(Operand<float>, std::int64_t, std::int64_t, std::int64_t, std::int64_t, Bf16*);
template void pack_columns(Operand<Bf16>, std::int64_t, std::int64_t, std::int64_t, std::int64_t, Bf16*);

}  // namespace fw::trainer::tiles
