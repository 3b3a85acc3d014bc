#pragma once

#include <cstdint>

namespace fw::trainer::kernels {

// Loops over rows of floats, compiled for several instruction sets and chosen at load time. All run on the caller's
// thread.

/// y = x / rms(x) * w for `rows` rows of `width`; keeps 1 / rms in `inverse` (one a row).
void rms_norm(const float* x, const float* w, std::int64_t rows, std::int64_t width, float eps, float* y,
              float* inverse);
/// dx of the same. `dw` (width) is added to when not null.
void rms_norm_backward(const float* dy, const float* x, const float* w, const float* inverse, std::int64_t rows,
                       std::int64_t width, float* dx, float* dw);

/// y = silu(gate) * up, rows of [gate | up], each `width` wide.
void swiglu(const float* gate_up, std::int64_t rows, std::int64_t width, float* y);
void swiglu_backward(const float* dy, const float* gate_up, std::int64_t rows, std::int64_t width, float* d_gate_up);

/// The same with GELU's tanh form instead of SiLU.
void geglu(const float* gate_up, std::int64_t rows, std::int64_t width, float* y);
void geglu_backward(const float* dy, const float* gate_up, std::int64_t rows, std::int64_t width, float* d_gate_up);

/// x = cap * tanh(scale * x / cap), in place.
void soft_cap(float* x, std::int64_t count, float scale, float cap);
/// Its derivative by scale * x, from what it has made: 1 - (y / cap)^2.
void soft_cap_slopes(const float* y, std::int64_t count, float cap, float* slopes);
void multiply(float* x, const float* by, std::int64_t count);

/// One head of one token, rotated: halves (x1, x2) -> (x1 cos - x2 sin, x2 cos + x1 sin). sign -1 turns back.
void rotate(const float* x, const float* cosine, const float* sine, float sign, std::int64_t half, float* y);

/// Softmax of scale * row[low, high), zero elsewhere in [0, width). Returns the log of the sum of exponentials.
float softmax_row(float* row, std::int64_t low, std::int64_t high, std::int64_t width, float scale);
/// exp(scale * row - log_sum) in [low, high), zero elsewhere: the softmax again, from its kept log sum.
void softmax_row_again(float* row, std::int64_t low, std::int64_t high, std::int64_t width, float scale, float log_sum);
/// ds = p * (dp - delta) * scale, in place of dp.
void softmax_row_backward(const float* p, float* dp, std::int64_t width, float delta, float scale);

/// y = x in bfloat16, to the nearest, ties to even.
void round_to_bf16(const float* x, std::int64_t count, std::uint16_t* y);

/// c = alpha * block + beta * c, `rows` rows of `columns`; c is not read when beta is 0.
void merge_block(const float* block, std::int64_t block_stride, std::int64_t rows, std::int64_t columns, float alpha,
                 float beta, float* c, std::int64_t c_stride);

[[nodiscard]] float largest(const float* x, std::int64_t count);
[[nodiscard]] float dot(const float* a, const float* b, std::int64_t count);
void add(float* to, const float* from, std::int64_t count);
[[nodiscard]] double sum_of_squares(const float* x, std::int64_t count);

/// Whether no value is infinite or no number.
[[nodiscard]] bool all_finite(const float* x, std::int64_t count);

/// y = x * keep / (1 - p) for one row, keep drawn for element i from `key` alone, so that it can be drawn again.
void dropout(const float* x, std::int64_t width, std::uint32_t key, float p, float* y);
/// The key of a token's row under a seed.
[[nodiscard]] std::uint32_t dropout_key(std::uint32_t token_key, std::uint32_t seed);

/// One AdamW step (Loshchilov and Hutter 2019) as torch.optim.AdamW computes it.
struct AdamW {
  float learning_rate, eps, weight_decay;
  float beta2, rest1, rest2;            ///< rest = 1 - beta, not taken in fp32: 1 - 0.999F is off by 1.3e-5 of itself
  float correction1, correction2_root;  ///< 1 - beta1^t, sqrt(1 - beta2^t)
  float gradient_scale;                 ///< clipping
};
void adamw(const AdamW& step, const float* gradient, std::int64_t count, float* parameter, float* mean,
           float* variance);

}  // namespace fw::trainer::kernels
