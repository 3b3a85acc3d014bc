#pragma once

#include <cuda_bf16.h>

#include "trainer/device/device.h"

namespace fw::trainer::cuda {

using Half = __nv_bfloat16;

// Eight consecutive elements at a time: 16 bytes of bfloat16, 32 of fp32.
struct Eight {
  float at[8];
};

__device__ inline Eight load(const Half* from) {
  const uint4 bits = *reinterpret_cast<const uint4*>(from);
  const unsigned words[4] = {bits.x, bits.y, bits.z, bits.w};
  Eight out;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    out.at[2 * i] = __uint_as_float(words[i] << 16);
    out.at[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000U);
  }
  return out;
}
__device__ inline Eight load(const float* from) {
  const float4 a = *reinterpret_cast<const float4*>(from), b = *reinterpret_cast<const float4*>(from + 4);
  return {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
}
__device__ inline void store(Half* to, const Eight& x) {
  __nv_bfloat162 pairs[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) pairs[i] = __floats2bfloat162_rn(x.at[2 * i], x.at[2 * i + 1]);
  *reinterpret_cast<uint4*>(to) = *reinterpret_cast<uint4*>(pairs);
}
__device__ inline void store(float* to, const Eight& x) {
  *reinterpret_cast<float4*>(to) = make_float4(x.at[0], x.at[1], x.at[2], x.at[3]);
  *reinterpret_cast<float4*>(to + 4) = make_float4(x.at[4], x.at[5], x.at[6], x.at[7]);
}

template <class T>
struct Rows {
  T* data;
  long stride;
  __device__ T* row(long i) const { return data + i * stride; }
};
template <class T>
Rows<T> rows(const View& view) {
  return {static_cast<T*>(view.data), view.stride};
}

__device__ inline float sum_of_warp(float x) {
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) x += __shfl_xor_sync(0xffffffffU, x, lane);
  return x;
}

// The sum over the threads of a row: Threads of them, a warp or several; with several a block holds one row.
template <int Threads>
__device__ float sum_of_row(float x) {
  x = sum_of_warp(x);
  if constexpr (Threads > 32) {
    __shared__ float parts[Threads / 32];
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    x = 0;
#pragma unroll
    for (int i = 0; i < Threads / 32; ++i) x += parts[i];
  }
  return x;
}

}  // namespace fw::trainer::cuda
