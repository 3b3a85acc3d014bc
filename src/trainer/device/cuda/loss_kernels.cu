// The loss over the vocabulary, and the optimiser.
#include "trainer/device/cuda/kernels.h"
#include "trainer/device/cuda/vectors.cuh"

namespace fw::trainer::cuda {
namespace {

constexpr int kLossBlock = 512;
constexpr int kBlock = 256;

// The largest of some logits, the first place that has it, and the sum of their exponentials less the largest.
struct Summary {
  float largest, sum;
  int best;
};

__device__ Summary joined(const Summary& a, const Summary& b) {
  const bool a_first = a.largest > b.largest || (a.largest == b.largest && a.best < b.best);
  const float largest = fmaxf(a.largest, b.largest);
  return {largest, a.sum * __expf(a.largest - largest) + b.sum * __expf(b.largest - largest),
          a_first ? a.best : b.best};
}

__device__ Summary joined_by_block(Summary x) {
  __shared__ Summary parts[kLossBlock / 32];
  for (int lane = 16; lane > 0; lane /= 2)
    x = joined(x, {__shfl_xor_sync(0xffffffffU, x.largest, lane), __shfl_xor_sync(0xffffffffU, x.sum, lane),
                   __shfl_xor_sync(0xffffffffU, x.best, lane)});
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  x = parts[0];
  for (int i = 1; i < kLossBlock / 32; ++i) x = joined(x, parts[i]);
  return x;
}

__device__ float capped(float x, float cap) { return cap > 0 ? cap * tanhf(x / cap) : x; }

constexpr float kLowest = -3.0e38F;

__global__ void cross_entropy_kernel(Rows<const float> logits, const int* targets, float cap, const float* scale,
                                     Rows<Half> d_logits, float* losses, unsigned char* hits, int vocab) {
  const long row = blockIdx.x;
  const float* x = logits.row(row);
  const int target = targets[row];
  Summary mine = {kLowest, 0, 0x7fffffff};
  bool is_number = true;
  for (int at = threadIdx.x * 4; at < vocab; at += kLossBlock * 4) {
    float part[4];
    if (at + 4 <= vocab && logits.stride % 4 == 0) {
      *reinterpret_cast<float4*>(part) = *reinterpret_cast<const float4*>(x + at);
    } else {
      for (int i = 0; i < 4; ++i) part[i] = at + i < vocab ? x[at + i] : kLowest;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float value = capped(part[i], cap);
      is_number = is_number && value == value;
      if (value > mine.largest) {
        mine.sum *= __expf(mine.largest - value);
        mine.largest = value;
        mine.best = at + i;
      }
      mine.sum += at + i < vocab ? __expf(value - mine.largest) : 0.0F;
    }
  }
  if (!is_number) mine.sum = __int_as_float(0x7fc00000);
  const Summary all = joined_by_block(mine);
  const float log_sum = all.largest + __logf(all.sum);
  if (threadIdx.x == 0) {
    losses[row] = target < 0 ? 0.0F : log_sum - capped(x[target], cap);
    hits[row] = target == all.best ? 1 : 0;
  }
  if (d_logits.data == nullptr) return;
  const float factor = target < 0 ? 0.0F : *scale;
  for (int at = threadIdx.x * 2; at < vocab; at += kLossBlock * 2) {
    float g[2] = {};
    for (int i = 0; i < 2 && at + i < vocab; ++i) {
      const float value = capped(x[at + i], cap);
      g[i] = __expf(value - log_sum) - (at + i == target ? 1.0F : 0.0F);
      if (cap > 0) g[i] *= 1 - value / cap * (value / cap);
      g[i] = factor == 0 ? 0.0F : g[i] * factor;
    }
    Half* to = d_logits.row(row) + at;
    to[0] = __float2bfloat16(g[0]);
    if (at + 1 < vocab) to[1] = __float2bfloat16(g[1]);
  }
}

// Calls at(index in the parameter, row, column) for what this thread has of its block's tile.
template <class Fn>
__device__ void over_tile(const Parameters& set, Fn fn) {
  const Tile tile = set.tiles[blockIdx.x];
  const Parameter& p = set.parameters[tile.parameter];
  const long size = p.rows * p.columns;
  for (int i = 0; i < kTileElements / kBlock; ++i) {
    const long at = static_cast<long>(tile.begin) * kTileElements + i * kBlock + threadIdx.x;
    if (at < size) fn(p, at, at / p.columns, at % p.columns);
  }
}

__device__ float gradient_of(const Parameter& p, long row, long column) {
  return static_cast<const float*>(p.gradient.data)[row * p.gradient.stride + column];
}
__device__ void put_copy(const Parameter& p, long row, long column, float value) {
  static_cast<Half*>(p.copy.data)[row * p.copy.stride + column] = __float2bfloat16(p.copy_scale * value);
}

__device__ float sum_of_block(float x) {
  __shared__ float parts[kBlock / 32];
  x = sum_of_warp(x);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (int i = 0; i < kBlock / 32; ++i) sum += parts[i];
  return sum;
}

__global__ void squares_kernel(Parameters set) {
  float sum = 0;
  over_tile(set, [&](const Parameter& p, long, long row, long column) {
    const float g = gradient_of(p, row, column);
    sum += g * g;
  });
  sum = sum_of_block(sum);
  if (threadIdx.x == 0) set.partial_sums[blockIdx.x] = sum;
}

__global__ void norm_of_squares_kernel(Parameters set, float* norm) {
  float sum = 0;
  for (long i = threadIdx.x; i < set.tile_count; i += kBlock) sum += set.partial_sums[i];
  sum = sum_of_block(sum);
  if (threadIdx.x == 0) *norm = sqrtf(sum);
}

__global__ void spread_parameters_kernel(Parameters set) {
  over_tile(set, [&](const Parameter& p, long at, long row, long column) {
    put_copy(p, row, column, set.values[p.offset + at]);
  });
}

__global__ void adamw_kernel(Parameters set, AdamWStep step, const float* norm) {
  const float length = *norm;
  if (!isfinite(length)) return;
  const float clip = step.clip_norm > 0 ? fminf(1.0F, step.clip_norm / (length + 1e-6F)) : 1.0F;
  over_tile(set, [&](const Parameter& p, long at, long row, long column) {
    const float g = clip * gradient_of(p, row, column);
    const long i = p.offset + at;
    const float mean = set.means[i] + step.rest1 * (g - set.means[i]);
    const float variance = step.beta2 * set.variances[i] + step.rest2 * g * g;
    set.means[i] = mean;
    set.variances[i] = variance;
    float value = set.values[i];
    value -= step.learning_rate * step.weight_decay * value;
    value -= step.learning_rate / step.correction1 * mean / (sqrtf(variance) / step.correction2 + step.eps);
    set.values[i] = value;
    put_copy(p, row, column, value);
  });
}

}  // namespace

void cross_entropy(const CrossEntropy& op, cudaStream_t stream) {
  cross_entropy_kernel<<<static_cast<unsigned>(op.logits.rows), kLossBlock, 0, stream>>>(
      rows<const float>(op.logits), op.targets, op.cap, op.scale, rows<Half>(op.d_logits), op.losses, op.hits,
      static_cast<int>(op.logits.columns));
}

void spread(const Parameters& set, cudaStream_t stream) {
  spread_parameters_kernel<<<static_cast<unsigned>(set.tile_count), kBlock, 0, stream>>>(set);
}

void adamw(const Parameters& set, const AdamWStep& step, float* norm, cudaStream_t stream) {
  const auto grid = static_cast<unsigned>(set.tile_count);
  squares_kernel<<<grid, kBlock, 0, stream>>>(set);
  norm_of_squares_kernel<<<1, kBlock, 0, stream>>>(set, norm);
  adamw_kernel<<<grid, kBlock, 0, stream>>>(set, step, norm);
}

}  // namespace fw::trainer::cuda
