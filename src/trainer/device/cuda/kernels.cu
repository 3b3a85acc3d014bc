#include "trainer/device/cuda/kernels.h"
#include "trainer/device/cuda/vectors.cuh"

namespace fw::trainer::cuda {
namespace {

constexpr int kBlock = 256;

unsigned blocks(std::int64_t threads) { return static_cast<unsigned>((threads + kBlock - 1) / kBlock); }

__global__ void embed_kernel(const int* tokens, Rows<const Half> table, Rows<float> out, long count, int eights,
                             float scale) {
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  if (i >= count * eights) return;
  const long row = i / eights, at = i % eights * 8;
  Eight x = load(table.row(tokens[row]) + at);
#pragma unroll
  for (float& v : x.at) v *= scale;
  store(out.row(row) + at, x);
}

// A row is held by Threads threads, up to Chunks times eight elements in each.
template <int Threads, int Chunks>
__global__ void norm_kernel(Rows<const float> residual, Rows<const Half> delta, Rows<float> residual_out,
                            const float* weight, float eps, Rows<Half> out, float* inverse, long count, int width) {
  const long row = static_cast<long>(blockIdx.x) * (kBlock / Threads) + threadIdx.x / Threads;
  if (Threads == 32 && row >= count) return;
  const int lane = threadIdx.x % Threads;
  Eight x[Chunks];
  float sum = 0;
#pragma unroll
  for (int c = 0; c < Chunks; ++c) {
    const int at = (c * Threads + lane) * 8;
    if (at >= width) break;
    x[c] = load(residual.row(row) + at);
    if (delta.data != nullptr) {
      const Eight d = load(delta.row(row) + at);
#pragma unroll
      for (int i = 0; i < 8; ++i) x[c].at[i] += d.at[i];
      store(residual_out.row(row) + at, x[c]);
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) sum += x[c].at[i] * x[c].at[i];
  }
  const float scale = rsqrtf(sum_of_row<Threads>(sum) / static_cast<float>(width) + eps);
  if (lane == 0) inverse[row] = scale;
#pragma unroll
  for (int c = 0; c < Chunks; ++c) {
    const int at = (c * Threads + lane) * 8;
    if (at >= width) break;
    const Eight w = load(weight + at);
#pragma unroll
    for (int i = 0; i < 8; ++i) x[c].at[i] *= scale * w.at[i];
    store(out.row(row) + at, x[c]);
  }
}

template <int Threads, int Chunks>
__global__ void norm_gradient_kernel(Rows<const Half> d_out, Rows<const float> input, const float* weight,
                                     const float* inverse, Rows<float> d_residual, Rows<Half> rounded, bool replaces,
                                     long count, int width) {
  const long row = static_cast<long>(blockIdx.x) * (kBlock / Threads) + threadIdx.x / Threads;
  if (Threads == 32 && row >= count) return;
  const int lane = threadIdx.x % Threads;
  Eight x[Chunks], d[Chunks];
  float dot = 0;
#pragma unroll
  for (int c = 0; c < Chunks; ++c) {
    const int at = (c * Threads + lane) * 8;
    if (at >= width) break;
    x[c] = load(input.row(row) + at);
    d[c] = load(d_out.row(row) + at);
    const Eight w = load(weight + at);
#pragma unroll
    for (int i = 0; i < 8; ++i) dot += (d[c].at[i] *= w.at[i]) * x[c].at[i];
  }
  const float scale = inverse[row];
  dot = sum_of_row<Threads>(dot) * scale * scale / static_cast<float>(width);
#pragma unroll
  for (int c = 0; c < Chunks; ++c) {
    const int at = (c * Threads + lane) * 8;
    if (at >= width) break;
    Eight sum;
    if (!replaces) sum = load(d_residual.row(row) + at);
#pragma unroll
    for (int i = 0; i < 8; ++i) sum.at[i] = (replaces ? 0 : sum.at[i]) + scale * (d[c].at[i] - x[c].at[i] * dot);
    store(d_residual.row(row) + at, sum);
    store(rounded.row(row) + at, sum);
  }
}

// Calls launch<Threads, Chunks>(grid) with what holds a row of `width`.
template <class Launch>
void by_width(std::int64_t rows, std::int64_t width, Launch launch) {
  const auto each = static_cast<unsigned>(rows);
  if (width <= 32 * 8 * 4) return launch.template operator()<32, 4>((each + 7) / 8);
  if (width <= 256 * 8) return launch.template operator()<256, 1>(each);
  if (width <= 256 * 8 * 2) return launch.template operator()<256, 2>(each);
  if (width <= 256 * 8 * 4) return launch.template operator()<256, 4>(each);
  launch.template operator()<256, 8>(each);
}

struct Activated {
  float value, slope;
};
template <bool IsGelu>
__device__ Activated activated(float x) {
  if constexpr (IsGelu) {
    constexpr float kRoot = 0.7978845608F, kCube = 0.044715F;
    const float t = tanhf(kRoot * (x + kCube * x * x * x));
    return {0.5F * x * (1 + t), 0.5F * (1 + t) + 0.5F * x * (1 - t * t) * kRoot * (1 + 3 * kCube * x * x)};
  } else {
    const float s = 1 / (1 + __expf(-x));
    return {x * s, s * (1 + x * (1 - s))};
  }
}

template <bool IsGelu>
__global__ void gate_kernel(Rows<const Half> gate_up, Rows<Half> out, long count, int width) {
  const int eights = width / 8;
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  if (i >= count * eights) return;
  const long row = i / eights, at = i % eights * 8;
  Eight gate = load(gate_up.row(row) + at);
  const Eight up = load(gate_up.row(row) + width + at);
#pragma unroll
  for (int j = 0; j < 8; ++j) gate.at[j] = activated<IsGelu>(gate.at[j]).value * up.at[j];
  store(out.row(row) + at, gate);
}

template <bool IsGelu>
__global__ void gate_gradient_kernel(Rows<const Half> gate_up, Rows<const Half> d_out, Rows<Half> d_gate_up, long count,
                                     int width) {
  const int eights = width / 8;
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  if (i >= count * eights) return;
  const long row = i / eights, at = i % eights * 8;
  Eight gate = load(gate_up.row(row) + at), up = load(gate_up.row(row) + width + at);
  const Eight d = load(d_out.row(row) + at);
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    const Activated a = activated<IsGelu>(gate.at[j]);
    gate.at[j] = d.at[j] * up.at[j] * a.slope;
    up.at[j] = d.at[j] * a.value;
  }
  store(d_gate_up.row(row) + at, gate);
  store(d_gate_up.row(row) + width + at, up);
}

// As model/kernels.cc draws.
__device__ unsigned mix(unsigned x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  return x ^ (x >> 16);
}

__global__ void drop_kernel(Rows<const Half> in, Rows<Half> out, const int* keys, const unsigned* seed,
                            unsigned threshold, float scale, bool adds, long count, int eights) {
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  if (i >= count * eights) return;
  const long row = i / eights, at = i % eights * 8;
  const unsigned key = mix(static_cast<unsigned>(keys[row]) ^ mix(*seed));
  Eight x = load(in.row(row) + at), before = {};
  if (adds) before = load(out.row(row) + at);
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    const unsigned draw = mix((static_cast<unsigned>(at) + j + 1) * 0x9e3779b9U ^ key);
    x.at[j] = before.at[j] + (draw >= threshold ? x.at[j] * scale : 0.0F);
  }
  store(out.row(row) + at, x);
}

template <class T>
__global__ void take_kernel(Rows<const T> in, const int* index, Rows<T> out, long count, int eights) {
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  if (i >= count * eights) return;
  const long row = i / eights, at = i % eights * 8;
  store(out.row(row) + at, load(in.row(index == nullptr ? row : index[row]) + at));
}

template <class T>
__global__ void sum_kernel(Rows<const T> in, const int* starts, Rows<T> out, long count, int eights) {
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  if (i >= count * eights) return;
  const long row = i / eights, at = i % eights * 8;
  Eight sum = {};
  for (int from = starts[row]; from < starts[row + 1]; ++from) {
    const Eight x = load(in.row(from) + at);
#pragma unroll
    for (int j = 0; j < 8; ++j) sum.at[j] += x.at[j];
  }
  store(out.row(row) + at, sum);
}

}  // namespace

void drop(const Drop& op, cudaStream_t stream) {
  const std::int64_t eights = op.in.columns / 8;
  const auto threshold = static_cast<unsigned>(static_cast<double>(op.probability) * 4294967295.0);
  drop_kernel<<<blocks(op.in.rows * eights), kBlock, 0, stream>>>(rows<const Half>(op.in), rows<Half>(op.out), op.keys,
                                                                  op.seed, threshold, 1 / (1 - op.probability), op.adds,
                                                                  op.in.rows, static_cast<int>(eights));
}

void embed(const Embedding& op, cudaStream_t stream) {
  const std::int64_t eights = op.out.columns / 8;
  embed_kernel<<<blocks(op.out.rows * eights), kBlock, 0, stream>>>(
      op.tokens, rows<const Half>(op.table), rows<float>(op.out), op.out.rows, static_cast<int>(eights), op.scale);
}

void norm(const Norm& op, cudaStream_t stream) {
  const auto width = static_cast<int>(op.out.columns);
  by_width(op.out.rows, width, [&]<int Threads, int Chunks>(unsigned grid) {
    norm_kernel<Threads, Chunks><<<grid, kBlock, 0, stream>>>(
        rows<const float>(op.residual), rows<const Half>(op.delta), rows<float>(op.residual_out), op.weight, op.eps,
        rows<Half>(op.out), op.inverse, op.out.rows, width);
  });
}

void norm_gradient(const NormGradient& op, cudaStream_t stream) {
  const auto width = static_cast<int>(op.input.columns);
  by_width(op.input.rows, width, [&]<int Threads, int Chunks>(unsigned grid) {
    norm_gradient_kernel<Threads, Chunks><<<grid, kBlock, 0, stream>>>(
        rows<const Half>(op.d_out), rows<const float>(op.input), op.weight, op.inverse, rows<float>(op.d_residual),
        rows<Half>(op.rounded), op.replaces, op.input.rows, width);
  });
}

void gate(const Gate& op, cudaStream_t stream) {
  const auto kernel = op.is_gelu ? gate_kernel<true> : gate_kernel<false>;
  kernel<<<blocks(op.out.rows * op.out.columns / 8), kBlock, 0, stream>>>(
      rows<const Half>(op.gate_up), rows<Half>(op.out), op.out.rows, static_cast<int>(op.out.columns));
}

void gate_gradient(const GateGradient& op, cudaStream_t stream) {
  const auto kernel = op.is_gelu ? gate_gradient_kernel<true> : gate_gradient_kernel<false>;
  kernel<<<blocks(op.d_out.rows * op.d_out.columns / 8), kBlock, 0, stream>>>(
      rows<const Half>(op.gate_up), rows<const Half>(op.d_out), rows<Half>(op.d_gate_up), op.d_out.rows,
      static_cast<int>(op.d_out.columns));
}

void take_rows(const View& in, const std::int32_t* index, const View& out, cudaStream_t stream) {
  const std::int64_t eights = out.columns / 8;
  if (in.element == Element::kBf16) {
    take_kernel<Half><<<blocks(out.rows * eights), kBlock, 0, stream>>>(rows<const Half>(in), index, rows<Half>(out),
                                                                        out.rows, static_cast<int>(eights));
  } else {
    take_kernel<float><<<blocks(out.rows * eights), kBlock, 0, stream>>>(rows<const float>(in), index, rows<float>(out),
                                                                         out.rows, static_cast<int>(eights));
  }
}

void copy_rows(const View& in, const View& out, cudaStream_t stream) { take_rows(in, nullptr, out, stream); }

void sum_rows(const View& in, const std::int32_t* starts, const View& out, cudaStream_t stream) {
  const std::int64_t eights = out.columns / 8;
  if (in.element == Element::kBf16) {
    sum_kernel<Half><<<blocks(out.rows * eights), kBlock, 0, stream>>>(rows<const Half>(in), starts, rows<Half>(out),
                                                                       out.rows, static_cast<int>(eights));
  } else {
    sum_kernel<float><<<blocks(out.rows * eights), kBlock, 0, stream>>>(rows<const float>(in), starts, rows<float>(out),
                                                                        out.rows, static_cast<int>(eights));
  }
}

}  // namespace fw::trainer::cuda
