#include "trainer/model/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "trainer/model/vector_code.h"

namespace fw::trainer::kernels {
namespace {

// exp to 2 units in the last place, branch-free so that loops around it become vector code (range reduction by ln 2 in
// two parts, polynomial of degree 6; Cephes' coefficients). What is no number stays none: the bounds keep it because of
// the order of their arguments, and only the power is taken of zero instead.
FW_INLINE float fast_exp(float x) {
  x = std::min(std::max(x, -87.3F), 88.0F);
  const float n = __builtin_roundevenf(x * 1.44269504088896341F);
  const float r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const float e = p * r * r + r + 1.0F;
  const auto power = static_cast<std::uint32_t>(static_cast<std::int32_t>(n == n ? n : 0.0F) + 127) << 23;
  return e * std::bit_cast<float>(power);
}

// Near zero the exponential's form loses what is left of x: there a series, right to 1e-8 of x.
FW_INLINE float fast_tanh(float x) {
  const float square = x * x;
  const float series = x * (1.0F + square * (-0.333333333F + square * (0.133333333F + square * -0.0539682540F)));
  const float whole = 1.0F - 2.0F / (fast_exp(2.0F * x) + 1.0F);
  return square < 0.0225F ? series : whole;
}

// GELU's tanh form: x / 2 * (1 + tanh(kGeluA * (x + kGeluB * x^3))).
constexpr float kGeluA = 0.797884560802865F;
constexpr float kGeluB = 0.044715F;

// The largest of x[0, count), count > 0, in lanes: one running maximum would wait for itself at every element.
FW_INLINE float largest_of(const float* x, std::int64_t count) {
  constexpr int kLanes = 32;
  float lanes[kLanes];
  for (float& lane : lanes) lane = x[0];
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int j = 0; j < kLanes; ++j) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
  float top = x[0];
  for (const float lane : lanes) top = lane > top ? lane : top;
  for (; i < count; ++i) top = x[i] > top ? x[i] : top;
  return top;
}

FW_INLINE std::uint32_t mix(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  return x ^ (x >> 16);
}

}  // namespace

FW_CLONES void rms_norm(const float* x, const float* w, std::int64_t rows, std::int64_t width, float eps, float* y,
                        float* inverse) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* in = x + r * width;
    float* out = y + r * width;
    float sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += in[i] * in[i];
    const float scale = 1.0F / std::sqrt(sum / static_cast<float>(width) + eps);
    inverse[r] = scale;
    for (std::int64_t i = 0; i < width; ++i) out[i] = in[i] * scale * w[i];
  }
}

FW_CLONES void rms_norm_backward(const float* dy, const float* x, const float* w, const float* inverse,
                                 std::int64_t rows, std::int64_t width, float* dx, float* dw) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* in = x + r * width;
    const float* up = dy + r * width;
    float* out = dx + r * width;
    const float scale = inverse[r];
    float sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += up[i] * w[i] * in[i];
    const float shared = sum * scale * scale * scale / static_cast<float>(width);
    for (std::int64_t i = 0; i < width; ++i) out[i] = up[i] * w[i] * scale - in[i] * shared;
    if (dw != nullptr)
      for (std::int64_t i = 0; i < width; ++i) dw[i] += up[i] * in[i] * scale;
  }
}

FW_CLONES void swiglu(const float* gate_up, std::int64_t rows, std::int64_t width, float* y) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * width;
    const float* up = gate + width;
    float* out = y + r * width;
    for (std::int64_t i = 0; i < width; ++i) out[i] = gate[i] / (1.0F + fast_exp(-gate[i])) * up[i];
  }
}

FW_CLONES void swiglu_backward(const float* dy, const float* gate_up, std::int64_t rows, std::int64_t width,
                               float* d_gate_up) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * width;
    const float* up = gate + width;
    const float* in = dy + r * width;
    float* d_gate = d_gate_up + r * 2 * width;
    float* d_up = d_gate + width;
    for (std::int64_t i = 0; i < width; ++i) {
      const float sigmoid = 1.0F / (1.0F + fast_exp(-gate[i]));
      const float silu = gate[i] * sigmoid;
      d_gate[i] = in[i] * up[i] * (sigmoid + silu * (1.0F - sigmoid));
      d_up[i] = in[i] * silu;
    }
  }
}

FW_CLONES void geglu(const float* gate_up, std::int64_t rows, std::int64_t width, float* y) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * width;
    const float* up = gate + width;
    float* out = y + r * width;
    for (std::int64_t i = 0; i < width; ++i) {
      const float g = gate[i];
      out[i] = 0.5F * g * (1.0F + fast_tanh(kGeluA * g * (1.0F + kGeluB * g * g))) * up[i];
    }
  }
}

FW_CLONES void geglu_backward(const float* dy, const float* gate_up, std::int64_t rows, std::int64_t width,
                              float* d_gate_up) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * width;
    const float* up = gate + width;
    const float* in = dy + r * width;
    float* d_gate = d_gate_up + r * 2 * width;
    float* d_up = d_gate + width;
    for (std::int64_t i = 0; i < width; ++i) {
      const float g = gate[i];
      const float t = fast_tanh(kGeluA * g * (1.0F + kGeluB * g * g));
      const float slope = 0.5F * (1.0F + t) + 0.5F * g * (1.0F - t * t) * kGeluA * (1.0F + 3.0F * kGeluB * g * g);
      d_gate[i] = in[i] * up[i] * slope;
      d_up[i] = in[i] * 0.5F * g * (1.0F + t);
    }
  }
}

FW_CLONES void soft_cap(float* x, std::int64_t count, float scale, float cap) {
  const float inner = scale / cap;
  for (std::int64_t i = 0; i < count; ++i) x[i] = cap * fast_tanh(inner * x[i]);
}

FW_CLONES void soft_cap_slopes(const float* y, std::int64_t count, float cap, float* slopes) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float t = y[i] / cap;
    slopes[i] = 1.0F - t * t;
  }
}

FW_CLONES void multiply(float* x, const float* by, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) x[i] *= by[i];
}

FW_CLONES void rotate(const float* x, const float* cosine, const float* sine, float sign, std::int64_t half, float* y) {
  for (std::int64_t i = 0; i < half; ++i) {
    const float first = x[i];
    const float second = x[half + i];
    y[i] = first * cosine[i] - second * (sign * sine[i]);
    y[half + i] = second * cosine[i] + first * (sign * sine[i]);
  }
}

FW_CLONES float softmax_row(float* row, std::int64_t low, std::int64_t high, std::int64_t width, float scale) {
  const float top = largest_of(row + low, high - low);
  float sum = 0;
  for (std::int64_t i = low; i < high; ++i) {
    row[i] = fast_exp((row[i] - top) * scale);
    sum += row[i];
  }
  const float inverse = 1.0F / sum;
  for (std::int64_t i = low; i < high; ++i) row[i] *= inverse;
  for (std::int64_t i = 0; i < low; ++i) row[i] = 0;
  for (std::int64_t i = high; i < width; ++i) row[i] = 0;
  return top * scale + std::log(sum);
}

FW_CLONES void softmax_row_again(float* row, std::int64_t low, std::int64_t high, std::int64_t width, float scale,
                                 float log_sum) {
  for (std::int64_t i = low; i < high; ++i) row[i] = fast_exp(row[i] * scale - log_sum);
  for (std::int64_t i = 0; i < low; ++i) row[i] = 0;
  for (std::int64_t i = high; i < width; ++i) row[i] = 0;
}

FW_CLONES void softmax_row_backward(const float* p, float* dp, std::int64_t width, float delta, float scale) {
  for (std::int64_t i = 0; i < width; ++i) dp[i] = p[i] * (dp[i] - delta) * scale;
}

FW_CLONES float largest(const float* x, std::int64_t count) { return largest_of(x, count); }

FW_CLONES float dot(const float* a, const float* b, std::int64_t count) {
  float sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

FW_CLONES void round_to_bf16(const float* x, std::int64_t count, std::uint16_t* y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<std::uint16_t>(bf16_bits(x[i]));
}

FW_CLONES void merge_block(const float* block, std::int64_t block_stride, std::int64_t rows, std::int64_t columns,
                           float alpha, float beta, float* c, std::int64_t c_stride) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* from = block + r * block_stride;
    float* to = c + r * c_stride;
    if (beta == 0) {
      for (std::int64_t i = 0; i < columns; ++i) to[i] = alpha * from[i];
    } else {
      for (std::int64_t i = 0; i < columns; ++i) to[i] = alpha * from[i] + beta * to[i];
    }
  }
}

FW_CLONES void add(float* to, const float* from, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
}

FW_CLONES double sum_of_squares(const float* x, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

FW_CLONES bool all_finite(const float* x, std::int64_t count) {
  std::uint32_t bad = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto exponent = std::bit_cast<std::uint32_t>(x[i]) & 0x7f800000U;
    bad |= exponent == 0x7f800000U ? 1U : 0U;
  }
  return bad == 0;
}

std::uint32_t dropout_key(std::uint32_t token_key, std::uint32_t seed) { return mix(token_key ^ mix(seed)); }

FW_CLONES void dropout(const float* x, std::int64_t width, std::uint32_t key, float p, float* y) {
  const auto threshold = static_cast<std::uint32_t>(static_cast<double>(p) * 4294967295.0);
  const float scale = 1.0F / (1.0F - p);
  const auto size = static_cast<std::uint32_t>(width);
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::uint32_t draw = mix((i + 1) * 0x9e3779b9U ^ key);
    y[i] = draw >= threshold ? x[i] * scale : 0.0F;
  }
}

FW_CLONES void adamw(const AdamW& step, const float* gradient, std::int64_t count, float* parameter, float* mean,
                     float* variance) {
  const float rate = step.learning_rate / step.correction1;
  const float decay = 1.0F - step.learning_rate * step.weight_decay;
  const float inverse_root = 1.0F / step.correction2_root;
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * step.gradient_scale;
    mean[i] += (g - mean[i]) * step.rest1;
    variance[i] = variance[i] * step.beta2 + g * g * step.rest2;
    const float p = parameter[i] * decay;
    parameter[i] = p - rate * mean[i] / (std::sqrt(variance[i]) * inverse_root + step.eps);
  }
}

}  // namespace fw::trainer::kernels
