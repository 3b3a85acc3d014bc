#pragma once

#include "trainer/device/device.h"

// As cuda_runtime_api.h declares it.
typedef struct CUstream_st* cudaStream_t;  // NOLINT(modernize-use-using): must be the same declaration

namespace fw::trainer::cuda {

// Launches of the kernels in kernels.cu and head_kernels.cu. Activations are bfloat16; widths are multiples of eight
// elements and rows begin at multiples of 16 bytes.

void drop(const Drop& op, cudaStream_t stream);
void embed(const Embedding& op, cudaStream_t stream);
void norm(const Norm& op, cudaStream_t stream);
void norm_gradient(const NormGradient& op, cudaStream_t stream);
void gate(const Gate& op, cudaStream_t stream);
void gate_gradient(const GateGradient& op, cudaStream_t stream);
void cross_entropy(const CrossEntropy& op, cudaStream_t stream);
void take_rows(const View& in, const std::int32_t* index, const View& out, cudaStream_t stream);
void sum_rows(const View& in, const std::int32_t* starts, const View& out, cudaStream_t stream);
/// Rows of bfloat16 from one stride to another.
void copy_rows(const View& in, const View& out, cudaStream_t stream);

/// q, k and v out of their joined product: normalised, rotated, keys and values gathered.
void form_heads(const Attention& op, const AttentionState& state, cudaStream_t stream);
/// Gradients of these, whose heads take `width` elements, back to the product; dk and dv have a head for every query
/// head.
void spread_heads(const AttentionGradient& op, std::int64_t width, const void* dq, const void* dk, const void* dv,
                  cudaStream_t stream);
/// k and v [keys, kv_heads * width] with every head repeated for the query heads that it serves.
void repeat_heads(const View& k, const View& v, void* all_k, void* all_v, std::int64_t kv_heads, std::int64_t group,
                  cudaStream_t stream);
/// Rows of heads from one width of a head to another: cut, or filled up with zeros.
void copy_heads(const View& in, const View& out, std::int64_t heads, cudaStream_t stream);

/// A piece of one parameter, what one block of threads updates.
struct Tile {
  std::int32_t parameter;
  std::int32_t begin;  ///< in kTileElements of it
};
constexpr std::int64_t kTileElements = 1024;
struct Parameters {
  const Parameter* parameters;
  const Tile* tiles;
  std::int64_t tile_count;
  float *values, *means, *variances;
  float* partial_sums;  ///< [tile_count]
};
void spread(const Parameters& set, cudaStream_t stream);
void adamw(const Parameters& set, const AdamWStep& step, float* norm, cudaStream_t stream);

}  // namespace fw::trainer::cuda
