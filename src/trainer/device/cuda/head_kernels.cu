// Query, key and value heads on their way between the joined product and attention.
#include "trainer/device/cuda/kernels.h"
#include "trainer/device/cuda/vectors.cuh"

namespace fw::trainer::cuda {
namespace {

constexpr int kBlock = 256;

// What both directions need; by value, as a kernel's argument.
struct Heads {
  int heads, kv_heads, head_dim, width, half;  // width: a head's own in q, k and v; half: rotated elements / 2
  float eps;
  long tokens, gathered;
  const float *cosine, *sine, *q_norm, *k_norm;
  const int *positions, *key_positions, *sources, *key_starts, *first_users, *last_users;
};

Heads heads_of(const Attention& op, int width) {
  const auto& r = *op.rows;
  const auto& s = op.sizes;
  return {static_cast<int>(s.heads),
          static_cast<int>(s.kv_heads),
          static_cast<int>(s.head_dim),
          width,
          static_cast<int>(s.rotated / 2),
          s.eps,
          r.tokens,
          r.gathered,
          op.cosine,
          op.sine,
          op.q_norm,
          op.k_norm,
          r.positions,
          r.key_positions,
          r.sources,
          r.key_starts,
          r.first_users,
          r.last_users};
}

// A head's vector, half of it eight elements at a time with their partners: a thread has both. Sums run over the
// Threads neighbours that hold a head together, a power of two.
struct Pair {
  Eight low, high;
};

template <class T>
__device__ Pair load_pair(const T* head, int at, int half) {
  return {load(head + at), load(head + half + at)};
}

__device__ void turn(Pair& x, const float* cosine, const float* sine, float sign) {
  const Eight c = load(cosine), s = load(sine);
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const float a = x.low.at[i], b = x.high.at[i], t = sign * s.at[i];
    x.low.at[i] = a * c.at[i] - b * t;
    x.high.at[i] = b * c.at[i] + a * t;
  }
}

__device__ float sum_of_neighbours(float x, int threads) {
  for (int lane = threads / 2; lane > 0; lane /= 2) x += __shfl_xor_sync(0xffffffffU, x, lane);
  return x;
}

__device__ float inverse_rms(const Pair& x, int threads, int head_dim, float eps) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i) sum += x.low.at[i] * x.low.at[i] + x.high.at[i] * x.high.at[i];
  return rsqrtf(sum_of_neighbours(sum, threads) / static_cast<float>(head_dim) + eps);
}

__device__ void scale_by(Pair& x, float factor, const float* norm, int at, int half) {
  const Eight low = load(norm + at), high = load(norm + half + at);
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    x.low.at[i] *= factor * low.at[i];
    x.high.at[i] *= factor * high.at[i];
  }
}

// All of a head is rotated and has a power of two of elements, 16 at least. Threads: head_dim / 16.
__global__ void form_kernel(Heads h, Rows<const Half> qkv, Rows<Half> q, Rows<Half> k, Rows<Half> v) {
  const int half = h.head_dim / 2, threads = half / 8;
  const long of_q = h.tokens * h.heads * threads, of_kv = h.gathered * h.kv_heads * threads;
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  const int at = static_cast<int>(i % threads) * 8;
  const long unit = i / threads;
  // Threads behind the end go on with a copy of some head: their neighbours may need them for sums.
  const bool is_q = i < of_q, is_k = !is_q && i < of_q + of_kv, is_v = !is_q && !is_k && i < of_q + 2 * of_kv;
  long row = 0, head = 0, token = 0;
  int position = 0, column = 0;
  if (is_q) {
    row = token = unit / h.heads;
    head = unit % h.heads;
    column = static_cast<int>(head) * h.head_dim;
    position = h.positions[row];
  } else if (is_k || is_v) {
    const long kv_unit = unit - h.tokens * h.heads - (is_v ? h.gathered * h.kv_heads : 0);
    row = kv_unit / h.kv_heads;
    head = kv_unit % h.kv_heads;
    token = h.sources[row];
    column = (h.heads + static_cast<int>(head) + (is_v ? h.kv_heads : 0)) * h.head_dim;
    position = h.key_positions[row];
  }
  Pair x = load_pair(qkv.row(token) + column, at, half);
  if (h.q_norm != nullptr) {
    const float inverse = inverse_rms(x, threads, h.head_dim, h.eps);
    if (is_q || is_k) scale_by(x, inverse, is_q ? h.q_norm : h.k_norm, at, half);
  }
  if ((is_q || is_k) && h.half > 0)
    turn(x, h.cosine + static_cast<long>(position) * half + at, h.sine + static_cast<long>(position) * half + at, 1);
  if (!is_q && !is_k && !is_v) return;
  Half* to = (is_q ? q.row(row) : is_k ? k.row(row) : v.row(row)) + head * h.head_dim;
  store(to + at, x.low);
  store(to + half + at, x.high);
}

// Sum of a token's copies among the gathered rows, and over the query heads that its head serves.
__device__ Pair summed(const Heads& h, const Half* from, long token, int column, int at, int half) {
  Pair sum = {};
  const long width = static_cast<long>(h.heads) * h.head_dim;
  const int position = h.positions[token], last = h.last_users[token], group = h.heads / h.kv_heads;
  for (int member = 0; member < group; ++member) {
    const Half* head = from + position * width + column * group + member * h.head_dim;
    // Loads of several users are on their way at once.
#pragma unroll 4
    for (int user = h.first_users[token]; user < last; ++user) {
      const Pair x = load_pair(head + h.key_starts[user] * width, at, half);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        sum.low.at[i] += x.low.at[i];
        sum.high.at[i] += x.high.at[i];
      }
    }
  }
  return sum;
}

// d: gradient of the normalised vector; becomes that of x.
__device__ void norm_back(Pair& d, const Pair& x, const float* norm, int at, int half, int threads, int head_dim,
                          float eps) {
  const float inverse = inverse_rms(x, threads, head_dim, eps);
  scale_by(d, 1, norm, at, half);
  float dot = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i) dot += d.low.at[i] * x.low.at[i] + d.high.at[i] * x.high.at[i];
  dot = sum_of_neighbours(dot, threads) * inverse * inverse / static_cast<float>(head_dim);
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    d.low.at[i] = inverse * (d.low.at[i] - x.low.at[i] * dot);
    d.high.at[i] = inverse * (d.high.at[i] - x.high.at[i] * dot);
  }
}

__global__ void spread_kernel(Heads h, Rows<const Half> qkv, const Half* dq, const Half* dk, const Half* dv,
                              Rows<Half> d_qkv) {
  const int half = h.head_dim / 2, threads = half / 8, all = h.heads + 2 * h.kv_heads;
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  const int at = static_cast<int>(i % threads) * 8;
  const long unit = min(i / threads, h.tokens * all - 1);
  const long token = unit / all;
  const int head = static_cast<int>(unit % all);
  Pair d;
  if (head < h.heads) {
    d = load_pair(dq + (token * h.heads + head) * h.head_dim, at, half);
  } else if (head < h.heads + h.kv_heads) {
    d = summed(h, dk, token, (head - h.heads) * h.head_dim, at, half);
  } else {
    d = summed(h, dv, token, (head - h.heads - h.kv_heads) * h.head_dim, at, half);
  }
  const bool is_value = head >= h.heads + h.kv_heads;
  if (!is_value && h.half > 0) {
    const long from = static_cast<long>(h.positions[token]) * half + at;
    turn(d, h.cosine + from, h.sine + from, -1);
  }
  if (h.q_norm != nullptr) {
    const Pair x = load_pair(qkv.row(token) + head * h.head_dim, at, half);
    Pair through = d;
    norm_back(through, x, head < h.heads ? h.q_norm : h.k_norm, at, half, threads, h.head_dim, h.eps);
    if (!is_value) d = through;
  }
  if (i / threads >= h.tokens * all) return;
  Half* to = d_qkv.row(token) + head * h.head_dim;
  store(to + at, d.low);
  store(to + half + at, d.high);
}

// Any head size and any share of it that is rotated: a warp for a head, its vector in shared memory.
constexpr int kWarps = kBlock / 32;
constexpr int kLargestHead = 256;

__device__ float warp_inverse_rms(const float* x, const Heads& h) {
  float sum = 0;
  for (int i = threadIdx.x % 32; i < h.head_dim; i += 32) sum += x[i] * x[i];
  return rsqrtf(sum_of_warp(sum) / static_cast<float>(h.head_dim) + h.eps);
}

__device__ float turned(const float* x, int i, const Heads& h, int position, float sign) {
  if (i >= 2 * h.half) return x[i];
  const bool is_low = i < h.half;
  const int at = is_low ? i : i - h.half;
  const float c = h.cosine[static_cast<long>(position) * h.half + at];
  const float s = sign * h.sine[static_cast<long>(position) * h.half + at];
  return is_low ? x[at] * c - x[at + h.half] * s : x[at + h.half] * c + x[at] * s;
}

__global__ void form_any_kernel(Heads h, Rows<const Half> qkv, Rows<Half> q, Rows<Half> k, Rows<Half> v) {
  __shared__ float vectors[kWarps][kLargestHead];
  float* x = vectors[threadIdx.x / 32];
  const int lane = threadIdx.x % 32;
  long unit = static_cast<long>(blockIdx.x) * kWarps + threadIdx.x / 32;
  const long of_q = h.tokens * h.heads, of_kv = h.gathered * h.kv_heads;
  if (unit >= of_q + 2 * of_kv) return;
  const bool is_q = unit < of_q, is_k = !is_q && unit < of_q + of_kv;
  if (!is_q) unit -= is_k ? of_q : of_q + of_kv;
  const int count = is_q ? h.heads : h.kv_heads;
  const long row = unit / count;
  const int head = static_cast<int>(unit % count);
  const int column = head + (is_q ? 0 : is_k ? h.heads : h.heads + h.kv_heads);
  const int position = is_q ? h.positions[row] : h.key_positions[row];
  const Half* from = qkv.row(is_q ? row : h.sources[row]) + column * h.head_dim;
  for (int i = lane; i < h.head_dim; i += 32) x[i] = __bfloat162float(from[i]);
  __syncwarp();
  const float* norm = is_q ? h.q_norm : is_k ? h.k_norm : nullptr;
  if (norm != nullptr) {
    const float inverse = warp_inverse_rms(x, h);
    for (int i = lane; i < h.head_dim; i += 32) x[i] *= inverse * norm[i];
    __syncwarp();
  }
  Half* to = (is_q ? q.row(row) : is_k ? k.row(row) : v.row(row)) + head * h.width;
  for (int i = lane; i < h.head_dim; i += 32)
    to[i] = __float2bfloat16(is_q || is_k ? turned(x, i, h, position, 1) : x[i]);
}

__global__ void spread_any_kernel(Heads h, Rows<const Half> qkv, const Half* dq, const Half* dk, const Half* dv,
                                  Rows<Half> d_qkv) {
  __shared__ float vectors[kWarps][2][kLargestHead];
  float *d = vectors[threadIdx.x / 32][0], *x = vectors[threadIdx.x / 32][1];
  const int lane = threadIdx.x % 32, all = h.heads + 2 * h.kv_heads;
  const long unit = static_cast<long>(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (unit >= h.tokens * all) return;
  const long token = unit / all;
  const int head = static_cast<int>(unit % all), position = h.positions[token];
  const bool is_q = head < h.heads, is_k = !is_q && head < h.heads + h.kv_heads;
  const int group = h.heads / h.kv_heads;
  const long width = static_cast<long>(h.heads) * h.width;
  for (int i = lane; i < h.head_dim; i += 32) {
    if (is_q) {
      d[i] = __bfloat162float(dq[(token * h.heads + head) * h.width + i]);
      continue;
    }
    const int column = (head - h.heads - (is_k ? 0 : h.kv_heads)) * group * h.width + i;
    float sum = 0;
    for (int user = h.first_users[token]; user < h.last_users[token]; ++user)
      for (int member = 0; member < group; ++member)
        sum += __bfloat162float((is_k ? dk : dv)[(h.key_starts[user] + position) * width + column + member * h.width]);
    d[i] = sum;
  }
  __syncwarp();
  Half* to = d_qkv.row(token) + head * h.head_dim;
  const float* norm = is_q ? h.q_norm : is_k ? h.k_norm : nullptr;
  if (norm == nullptr) {
    for (int i = lane; i < h.head_dim; i += 32)
      to[i] = __float2bfloat16(is_q || is_k ? turned(d, i, h, position, -1) : d[i]);
    return;
  }
  for (int i = lane; i < h.head_dim; i += 32) x[i] = __bfloat162float(qkv.row(token)[head * h.head_dim + i]);
  __syncwarp();
  const float inverse = warp_inverse_rms(x, h);
  float dot = 0;
  for (int i = lane; i < h.head_dim; i += 32) dot += turned(d, i, h, position, -1) * norm[i] * x[i];
  dot = sum_of_warp(dot) * inverse * inverse / static_cast<float>(h.head_dim);
  for (int i = lane; i < h.head_dim; i += 32)
    to[i] = __float2bfloat16(inverse * (turned(d, i, h, position, -1) * norm[i] - x[i] * dot));
}

__global__ void repeat_kernel(Rows<const Half> k, Rows<const Half> v, Half* all_k, Half* all_v, long count, int columns,
                              int width, int group) {
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  const int eights = columns / 8;
  if (i >= 2 * count * eights) return;
  const bool is_k = i < count * eights;
  const long row = (is_k ? i : i - count * eights) / eights;
  const int column = static_cast<int>(i % eights) * 8, head = column / width;
  const Eight x = load((is_k ? k : v).row(row) + column);
  Half* to = (is_k ? all_k : all_v) + row * columns * group + head * group * width + column % width;
  for (int member = 0; member < group; ++member) store(to + member * width, x);
}

// Heads of one width into heads of another; what is more is zero.
__global__ void copy_heads_kernel(Rows<const Half> in, Rows<Half> out, long count, int heads, int in_width,
                                  int out_width) {
  const long i = static_cast<long>(blockIdx.x) * kBlock + threadIdx.x;
  const int columns = heads * out_width;
  if (i >= count * columns) return;
  const long row = i / columns;
  const int column = static_cast<int>(i % columns), head = column / out_width, at = column % out_width;
  out.row(row)[column] = at < in_width ? in.row(row)[head * in_width + at] : __float2bfloat16(0.0F);
}

bool is_even(const Heads& h) {
  const bool is_power = (h.head_dim & (h.head_dim - 1)) == 0;
  return is_power && h.width == h.head_dim && h.head_dim >= 16 && h.head_dim <= 512 &&
         (h.half == 0 || 2 * h.half == h.head_dim);
}

unsigned blocks(long threads) { return static_cast<unsigned>((threads + kBlock - 1) / kBlock); }

}  // namespace

void form_heads(const Attention& op, const AttentionState& state, cudaStream_t stream) {
  const Heads h = heads_of(op, static_cast<int>(state.q.columns / op.sizes.heads));
  const long units = h.tokens * h.heads + 2 * h.gathered * h.kv_heads;
  const auto qkv = rows<const Half>(op.qkv);
  const auto q = rows<Half>(state.q), k = rows<Half>(state.k), v = rows<Half>(state.v);
  if (is_even(h)) {
    form_kernel<<<blocks(units * (h.head_dim / 16)), kBlock, 0, stream>>>(h, qkv, q, k, v);
  } else {
    form_any_kernel<<<blocks(units * 32), kBlock, 0, stream>>>(h, qkv, q, k, v);
  }
}

void spread_heads(const AttentionGradient& op, std::int64_t width, const void* dq, const void* dk, const void* dv,
                  cudaStream_t stream) {
  const Heads h = heads_of(op.forward, static_cast<int>(width));
  const long units = h.tokens * (h.heads + 2 * h.kv_heads);
  const auto qkv = rows<const Half>(op.forward.qkv);
  const auto* q = static_cast<const Half*>(dq);
  const auto* k = static_cast<const Half*>(dk);
  const auto* v = static_cast<const Half*>(dv);
  if (is_even(h)) {
    spread_kernel<<<blocks(units * (h.head_dim / 16)), kBlock, 0, stream>>>(h, qkv, q, k, v, rows<Half>(op.d_qkv));
  } else {
    spread_any_kernel<<<blocks(units * 32), kBlock, 0, stream>>>(h, qkv, q, k, v, rows<Half>(op.d_qkv));
  }
}

void repeat_heads(const View& k, const View& v, void* all_k, void* all_v, std::int64_t kv_heads, std::int64_t group,
                  cudaStream_t stream) {
  repeat_kernel<<<blocks(2 * k.rows * k.columns / 8), kBlock, 0, stream>>>(
      rows<const Half>(k), rows<const Half>(v), static_cast<Half*>(all_k), static_cast<Half*>(all_v), k.rows,
      static_cast<int>(k.columns), static_cast<int>(k.columns / kv_heads), static_cast<int>(group));
}

void copy_heads(const View& in, const View& out, std::int64_t heads, cudaStream_t stream) {
  copy_heads_kernel<<<blocks(out.rows * out.columns), kBlock, 0, stream>>>(
      rows<const Half>(in), rows<Half>(out), out.rows, static_cast<int>(heads), static_cast<int>(in.columns / heads),
      static_cast<int>(out.columns / heads));
}

}  // namespace fw::trainer::cuda
