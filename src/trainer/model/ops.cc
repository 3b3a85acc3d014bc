#include "trainer/model/ops.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/assert.h"
#include "trainer/model/gemm.h"
#include "trainer/model/kernels.h"
#include "trainer/model/parallel.h"

namespace fw::trainer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Rows below which a second thread does not pay.
constexpr std::int64_t kRowGrain = 32;
constexpr std::int64_t kElementGrain = 1 << 14;
// Rows of logits made at a time: the head's tiles are packed anew for each, so that fewer rows cost more packing than
// multiplying; with a vocabulary of 49152 they are 50 MB.
constexpr std::int64_t kLogitRows = 256;

float* data(const at::Tensor& t) { return t.mutable_data_ptr<float>(); }
const float* read(const at::Tensor& t) { return t.const_data_ptr<float>(); }
bool is_bf16(const at::Tensor& t) { return t.scalar_type() == at::kBFloat16; }

// x rounded to bfloat16.
at::Tensor rounded(const at::Tensor& x) {
  auto y = at::empty(x.sizes(), x.options().dtype(at::kBFloat16));
  auto* to = reinterpret_cast<Bf16*>(y.mutable_data_ptr<at::BFloat16>());
  for_ranges(x.numel(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels::round_to_bf16(read(x) + begin, end - begin, to + begin);
  });
  return y;
}

// x in the type that products with `weight` take.
at::Tensor as_factor(const at::Tensor& x, const at::Tensor& weight) { return is_bf16(weight) ? rounded(x) : x; }

// A matrix in a product. Its rows may be parts of longer ones.
struct Factor {
  at::Tensor matrix;
  bool transposed = false;

  [[nodiscard]] std::int64_t rows() const { return matrix.size(transposed ? 1 : 0); }
  [[nodiscard]] std::int64_t columns() const { return matrix.size(transposed ? 0 : 1); }
  [[nodiscard]] Operand<float> floats() const { return {read(matrix), matrix.stride(0), transposed}; }
  [[nodiscard]] Operand<Bf16> halves() const {
    return {reinterpret_cast<const Bf16*>(matrix.const_data_ptr<at::BFloat16>()), matrix.stride(0), transposed};
  }
};
Factor flipped(const at::Tensor& matrix) { return {matrix, true}; }

// Thin: a side as short as a rank, see gemm_split.
enum class Form : std::uint8_t { kWide, kThin };

// c = alpha * a b + beta * c, in bfloat16 where a factor is; c is fp32.
void multiply(Form form, const at::Tensor& c, float alpha, Factor a, Factor b, float beta) {
  const std::int64_t m = a.rows(), n = b.columns(), k = a.columns();
  FW_ASSERT(b.rows() == k && c.size(0) == m && c.size(1) == n);
  const auto in_bf16 = [&](auto left, auto right) {
    gemm_bf16_split(m, n, k, alpha, left, right, beta, data(c), c.stride(0));
  };
  if (is_bf16(a.matrix)) return is_bf16(b.matrix) ? in_bf16(a.halves(), b.halves()) : in_bf16(a.halves(), b.floats());
  if (is_bf16(b.matrix)) return in_bf16(a.floats(), b.halves());
  (form == Form::kThin ? gemm_split : gemm)(m, n, k, alpha, a.floats(), b.floats(), beta, data(c), c.stride(0));
}

struct RmsNormFunction : Function<RmsNormFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, double eps) {
    FW_ASSERT(x.is_contiguous() && x.dim() == 2);
    const std::int64_t rows = x.size(0), width = x.size(1);
    auto y = at::empty_like(x);
    auto inverse = at::empty({rows}, x.options());
    for_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels::rms_norm(read(x) + begin * width, read(weight), end - begin, width, static_cast<float>(eps),
                        data(y) + begin * width, data(inverse) + begin);
    });
    ctx->save_for_backward({x, weight, inverse});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const auto& x = saved[0];
    const auto dy = grads[0].contiguous();
    const std::int64_t rows = x.size(0), width = x.size(1);
    auto dx = at::empty_like(x);
    const bool weight_needed = ctx->needs_input_grad(1);
    auto dw = weight_needed ? at::zeros({width}, x.options()) : at::Tensor();
    const auto range = [&](std::int64_t begin, std::int64_t end) {
      kernels::rms_norm_backward(read(dy) + begin * width, read(x) + begin * width, read(saved[1]),
                                 read(saved[2]) + begin, end - begin, width, data(dx) + begin * width,
                                 weight_needed ? data(dw) : nullptr);
    };
    if (weight_needed) {
      range(0, rows);
    } else {
      for_ranges(rows, kRowGrain, range);
    }
    return {dx, dw, at::Tensor()};
  }
};

struct GatedFunction : Function<GatedFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& gate_up, std::int64_t activation) {
    const std::int64_t rows = gate_up.size(0), width = gate_up.size(1) / 2;
    auto y = at::empty({rows, width}, gate_up.options());
    const auto kernel = activation == static_cast<std::int64_t>(Activation::kGelu) ? kernels::geglu : kernels::swiglu;
    for_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      kernel(read(gate_up) + begin * 2 * width, end - begin, width, data(y) + begin * width);
    });
    ctx->save_for_backward({gate_up});
    ctx->saved_data["activation"] = activation;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto gate_up = ctx->get_saved_variables()[0];
    const auto dy = grads[0].contiguous();
    const std::int64_t rows = gate_up.size(0), width = gate_up.size(1) / 2;
    auto d_gate_up = at::empty_like(gate_up);
    const bool is_gelu = ctx->saved_data["activation"].toInt() == static_cast<std::int64_t>(Activation::kGelu);
    const auto kernel = is_gelu ? kernels::geglu_backward : kernels::swiglu_backward;
    for_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      kernel(read(dy) + begin * width, read(gate_up) + begin * 2 * width, end - begin, width,
             data(d_gate_up) + begin * 2 * width);
    });
    return {d_gate_up, at::Tensor()};
  }
};

// Autograd wants every tensor argument defined: one without elements stands for an absent one.
bool present(const at::Tensor& t) { return t.numel() > 0; }

at::Tensor dropped(const at::Tensor& x, const Dropout& dropout) {
  auto y = at::empty_like(x);
  const std::int64_t width = x.size(1);
  FW_ASSERT(dropout.keys.defined() && dropout.keys.size(0) == x.size(0));
  const auto* keys = dropout.keys.const_data_ptr<std::int32_t>();
  for_ranges(x.size(0), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      kernels::dropout(read(x) + row * width, width,
                       kernels::dropout_key(static_cast<std::uint32_t>(keys[row]), dropout.seed),
                       static_cast<float>(dropout.probability), data(y) + row * width);
  });
  return y;
}

// The low-rank additions of one linear layer. They share their input, so what multiplies it is one product: a_all holds
// the rows of every pair's a, and u = x a_all^T every pair's columns side by side.
struct LowRankGroup {
  static constexpr int kPairs = 3;

  std::array<at::Tensor, kPairs> b;           ///< [rows, rank]; no elements: no pair
  std::array<std::int64_t, kPairs> offset{};  ///< of its output columns
  std::array<std::int64_t, kPairs> begin{};   ///< of its rows in a_all
  std::array<std::int64_t, kPairs> rank{};    ///< 0: no pair
  std::int64_t ranks = 0;                     ///< of all pairs
  float scale = 1;

  LowRankGroup(const std::array<at::Tensor, kPairs>& b_tensors, const std::array<std::int64_t, kPairs>& offsets,
               double factor)
      : b(b_tensors), scale(static_cast<float>(factor)) {
    for (std::size_t i = 0; i < kPairs; ++i) {
      offset[i] = offsets[i];
      begin[i] = ranks;
      rank[i] = present(b[i]) ? b[i].size(1) : 0;
      ranks += rank[i];
    }
  }

  [[nodiscard]] static at::Tensor stack(const std::array<at::Tensor, kPairs>& a) {
    std::vector<at::Tensor> there;
    for (const auto& t : a)
      if (present(t)) there.push_back(t);
    if (there.empty()) return at::Tensor();
    return there.size() == 1 ? there[0] : at::cat(there, 0);
  }

  [[nodiscard]] at::Tensor part_of(const at::Tensor& all, std::size_t pair) const {
    return all.narrow(1, begin[pair], rank[pair]);
  }

  // y += u b^T, and u = scale * x a^T itself. In bfloat16 where x is.
  [[nodiscard]] at::Tensor add_to(const at::Tensor& y, const at::Tensor& x, const at::Tensor& a_all) const {
    auto u = at::empty({x.size(0), ranks}, y.options());
    multiply(Form::kThin, u, scale, {x}, flipped(a_all), 0);
    for (std::size_t i = 0; i < kPairs; ++i)
      if (rank[i] > 0)
        multiply(Form::kThin, y.narrow(1, offset[i], b[i].size(0)), 1, {part_of(u, i)}, flipped(as_factor(b[i], x)), 1);
    return u;
  }

  struct Gradients {
    std::array<at::Tensor, kPairs> a, b;
  };
  // Gradients of every pair; what flows to the input is added to `d_x` where it is defined. dy and x are of one type.
  [[nodiscard]] Gradients backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& a_all,
                                   const at::Tensor& u, const at::Tensor& d_x) const {
    Gradients result;
    auto v = at::empty_like(u);
    for (std::size_t i = 0; i < kPairs; ++i) {
      if (rank[i] == 0) continue;
      const auto slice = dy.narrow(1, offset[i], b[i].size(0));
      multiply(Form::kThin, part_of(v, i), scale, {slice}, {b[i]}, 0);
      result.b[i] = at::empty_like(b[i]);
      multiply(Form::kThin, result.b[i], 1, flipped(slice), {part_of(u, i)}, 0);
    }
    const auto da = at::empty_like(a_all);
    multiply(Form::kThin, da, 1, flipped(v), {x}, 0);
    for (std::size_t i = 0; i < kPairs; ++i)
      if (rank[i] > 0) result.a[i] = da.narrow(0, begin[i], rank[i]);
    if (d_x.defined()) multiply(Form::kThin, d_x, 1, {v}, {as_factor(a_all, x)}, 1);
    return result;
  }
};

// What the low-rank additions multiply.
at::Tensor input_of_pairs(const at::Tensor& x, const Dropout& dropout) {
  if (dropout.probability == 0) return x;
  return is_bf16(x) ? rounded(dropped(x.to(at::kFloat), dropout)) : dropped(x, dropout);
}

// What a linear layer needs beside tensors that may have gradients. Held by an IValue so that the graph owns it.
struct LinearContext : torch::CustomClassHolder {
  std::array<std::int64_t, LowRankGroup::kPairs> offsets{};
  double scale = 1;
  Dropout dropout;
};

struct LinearFunction : Function<LinearFunction> {
  // Arguments, and the gradients that backward returns for them.
  enum Argument : std::uint8_t { kX, kWeight, kBias, kA0, kB0, kA1, kB1, kA2, kB2, kContext, kArguments };

  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& a0, const at::Tensor& b0, const at::Tensor& a1, const at::Tensor& b1,
                            const at::Tensor& a2, const at::Tensor& b2,
                            const c10::intrusive_ptr<LinearContext>& context) {
    FW_ASSERT(x.is_contiguous() && x.dim() == 2);
    const std::int64_t tokens = x.size(0), out = weight.size(0);
    const auto factor = as_factor(x, weight);
    auto y = at::empty({tokens, out}, x.options());
    if (present(bias))
      for (std::int64_t t = 0; t < tokens; ++t)
        std::memcpy(data(y) + t * out, read(bias), static_cast<std::size_t>(out) * sizeof(float));
    multiply(Form::kWide, y, 1, {factor}, flipped(weight), present(bias) ? 1 : 0);
    const auto a_all = LowRankGroup::stack({a0, a1, a2});
    at::Tensor u;
    if (a_all.defined())
      u = LowRankGroup({b0, b1, b2}, context->offsets, context->scale)
              .add_to(y, input_of_pairs(factor, context->dropout), a_all);
    ctx->save_for_backward({factor, weight, b0, b1, b2, a_all, u});
    ctx->saved_data["context"] = at::IValue::make_capsule(context);
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &a_all = saved[5], &u = saved[6];
    const auto capsule = ctx->saved_data["context"].toCapsule();
    const auto& context = static_cast<const LinearContext&>(*capsule);
    const auto dy = grads[0].contiguous();
    const auto dy_factor = as_factor(dy, weight);
    variable_list result(kArguments);
    if (ctx->needs_input_grad(kX)) {
      result[kX] = at::empty(x.sizes(), dy.options());
      multiply(Form::kWide, result[kX], 1, {dy_factor}, {weight}, 0);
    }
    if (ctx->needs_input_grad(kWeight)) {
      result[kWeight] = at::empty_like(weight);
      multiply(Form::kWide, result[kWeight], 1, flipped(dy_factor), {x}, 0);
    }
    if (ctx->needs_input_grad(kBias)) result[kBias] = dy.sum(0);
    if (!u.defined()) return result;
    const LowRankGroup group({saved[2], saved[3], saved[4]}, context.offsets, context.scale);
    const bool drops = context.dropout.probability > 0;
    const auto d_x = drops && result[kX].defined() ? at::zeros_like(result[kX]) : result[kX];
    const auto pairs = group.backward(dy_factor, input_of_pairs(x, context.dropout), a_all, u, d_x);
    if (drops && d_x.defined()) result[kX].add_(dropped(d_x, context.dropout));
    for (std::size_t i = 0; i < LowRankGroup::kPairs; ++i) {
      result[kA0 + 2 * i] = pairs.a[i];
      result[kB0 + 2 * i] = pairs.b[i];
    }
    return result;
  }
};

// What tree attention needs beside tensors. Held by an IValue so that the graph owns it.
struct AttentionContext : torch::CustomClassHolder {
  std::shared_ptr<const AttentionPlan> plan;
  std::shared_ptr<const std::vector<std::int64_t>> positions;
  RopeTable rope;
  Precision precision;
};

// One head of one token, its first elements rotated; sign -1 turns back.
class HeadRotation {
 public:
  HeadRotation(const RopeTable& rope, std::int64_t position, std::int64_t head_dim, float sign)
      : half_(rope.cosine.size(1)),
        rest_(head_dim - 2 * half_),
        cosine_(read(rope.cosine) + position * half_),
        sine_(read(rope.sine) + position * half_),
        sign_(sign) {}

  void operator()(const float* x, float* y) const {
    kernels::rotate(x, cosine_, sine_, sign_, half_, y);
    if (rest_ > 0) std::memcpy(y + 2 * half_, x + 2 * half_, static_cast<std::size_t>(rest_) * sizeof(float));
  }

 private:
  std::int64_t half_, rest_;
  const float* cosine_;
  const float* sine_;
  float sign_;
};

struct SplitViews {
  at::Tensor q, k, v;
};

// [tokens, q | k | v] -> the layout of AttentionBuffers, q and k rotated.
SplitViews split_and_rotate(const at::Tensor& qkv, const AttentionContext& context) {
  const auto& shape = context.plan->shape();
  const std::int64_t tokens = qkv.size(0), d = shape.head_dim, group = shape.group();
  SplitViews s{at::empty({shape.kv_heads, tokens * group, d}, qkv.options()),
               at::empty({shape.kv_heads, tokens, d}, qkv.options()),
               at::empty({shape.kv_heads, tokens, d}, qkv.options())};
  float* q = data(s.q);
  float* k = data(s.k);
  float* v = data(s.v);
  for_ranges(tokens, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const float* row = read(qkv) + t * shape.width();
      const std::int64_t position = (*context.positions)[static_cast<std::size_t>(t)];
      const HeadRotation rotate(context.rope, position, d, 1);
      for (std::int64_t h = 0; h < shape.heads; ++h)
        rotate(row + h * d, q + (((h / group) * tokens + t) * group + h % group) * d);
      for (std::int64_t h = 0; h < shape.kv_heads; ++h) {
        rotate(row + (shape.heads + h) * d, k + (h * tokens + t) * d);
        std::memcpy(v + (h * tokens + t) * d, row + (shape.heads + shape.kv_heads + h) * d,
                    static_cast<std::size_t>(d) * sizeof(float));
      }
    }
  });
  return s;
}

at::Tensor join_and_rotate_back(const SplitViews& grads, const AttentionContext& context) {
  const auto& shape = context.plan->shape();
  const std::int64_t tokens = context.plan->tokens(), d = shape.head_dim, group = shape.group();
  auto d_qkv = at::empty({tokens, shape.width()}, grads.q.options());
  for_ranges(tokens, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      float* row = data(d_qkv) + t * shape.width();
      const std::int64_t position = (*context.positions)[static_cast<std::size_t>(t)];
      const HeadRotation rotate_back(context.rope, position, d, -1);
      for (std::int64_t h = 0; h < shape.heads; ++h)
        rotate_back(read(grads.q) + (((h / group) * tokens + t) * group + h % group) * d, row + h * d);
      for (std::int64_t h = 0; h < shape.kv_heads; ++h) {
        rotate_back(read(grads.k) + (h * tokens + t) * d, row + (shape.heads + h) * d);
        std::memcpy(row + (shape.heads + shape.kv_heads + h) * d, read(grads.v) + (h * tokens + t) * d,
                    static_cast<std::size_t>(d) * sizeof(float));
      }
    }
  });
  return d_qkv;
}

AttentionBuffers buffers_of(const SplitViews& s, const at::Tensor& out, const at::Tensor& log_sum,
                            Precision precision) {
  return {read(s.q), read(s.k), read(s.v), data(out), data(log_sum), precision};
}

struct TreeAttentionFunction : Function<TreeAttentionFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv,
                            const c10::intrusive_ptr<AttentionContext>& context) {
    const auto& shape = context->plan->shape();
    const std::int64_t tokens = qkv.size(0);
    FW_ASSERT(qkv.is_contiguous() && tokens == context->plan->tokens() && qkv.size(1) == shape.width());
    const auto s = split_and_rotate(qkv, *context);
    auto out = at::empty({tokens, shape.heads * shape.head_dim}, qkv.options());
    auto log_sum = at::empty({shape.kv_heads, tokens * shape.group()}, qkv.options());
    attend(*context->plan, buffers_of(s, out, log_sum, context->precision));
    ctx->save_for_backward({s.q, s.k, s.v, out, log_sum});
    ctx->saved_data["context"] = at::IValue::make_capsule(context);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const auto capsule = ctx->saved_data["context"].toCapsule();
    const auto& context = static_cast<const AttentionContext&>(*capsule);
    const auto d_out = grads[0].contiguous();
    const SplitViews s{saved[0], saved[1], saved[2]};
    const SplitViews d{at::empty_like(s.q), at::empty_like(s.k), at::empty_like(s.v)};
    attend_backward(*context.plan, buffers_of(s, saved[3], saved[4], context.precision),
                    {read(d_out), data(d.q), data(d.k), data(d.v)});
    return {join_and_rotate_back(d, context), at::Tensor()};
  }
};

// What head_loss computes beside its differentiable result.
struct HeadOutputs {
  std::vector<float>* losses;
  std::vector<std::uint8_t>* hits;
  const std::vector<std::int32_t>* targets;
};

// One row of logits: loss and hit of its target; the row becomes softmax - onehot when `keep_gradient`, times the
// slope of the cap where there is one.
void finish_row(float* logits, std::int64_t vocab, std::int32_t target, bool keep_gradient, float cap, float& loss,
                std::uint8_t& hit) {
  std::vector<float> slopes;
  if (cap > 0) {
    kernels::soft_cap(logits, vocab, 1, cap);
    if (keep_gradient) {
      slopes.resize(static_cast<std::size_t>(vocab));
      kernels::soft_cap_slopes(logits, vocab, cap, slopes.data());
    }
  }
  const float target_logit = logits[target];
  const float top = kernels::largest(logits, vocab);
  // A tie counts for the lowest index, as an engine's argmax does.
  hit = target_logit == top && std::find(logits, logits + target, top) == logits + target ? 1 : 0;
  const float log_sum = kernels::softmax_row(logits, 0, vocab, vocab, 1);
  loss = log_sum - target_logit;
  if (!keep_gradient) return;
  logits[target] -= 1;
  if (!slopes.empty()) kernels::multiply(logits, slopes.data(), vocab);
}

struct HeadLossFunction : Function<HeadLossFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& hidden, const at::Tensor& weight,
                            HeadOutputs* outputs, bool hidden_needed, bool weight_needed, double cap) {
    const std::int64_t terms = hidden.size(0), vocab = weight.size(0);
    const std::int64_t chunk = std::clamp<std::int64_t>(terms, 1, kLogitRows);
    auto d_hidden = hidden_needed ? at::empty_like(hidden) : at::Tensor();
    auto d_weight = weight_needed ? at::zeros_like(weight) : at::Tensor();
    const auto all_logits = at::empty({chunk, vocab}, hidden.options());
    for (std::int64_t begin = 0; begin < terms; begin += chunk) {
      const std::int64_t rows = std::min(chunk, terms - begin);
      const auto logits = all_logits.narrow(0, 0, rows);
      const auto factor = as_factor(hidden.narrow(0, begin, rows), weight);
      multiply(Form::kWide, logits, 1, {factor}, flipped(weight), 0);
      for_ranges(rows, 1, [&](std::int64_t from, std::int64_t to) {
        for (std::int64_t r = from; r < to; ++r) {
          const auto term = static_cast<std::size_t>(begin + r);
          finish_row(data(logits) + r * vocab, vocab, (*outputs->targets)[term], hidden_needed || weight_needed,
                     static_cast<float>(cap), (*outputs->losses)[term], (*outputs->hits)[term]);
        }
      });
      if (!hidden_needed && !weight_needed) continue;
      const auto d_logits = as_factor(logits, weight);
      if (hidden_needed) multiply(Form::kWide, d_hidden.narrow(0, begin, rows), 1, {d_logits}, {weight}, 0);
      if (weight_needed) multiply(Form::kWide, d_weight, 1, flipped(d_logits), {factor}, 1);
    }
    double sum = 0;
    for (const float loss : *outputs->losses) sum += static_cast<double>(loss);
    ctx->save_for_backward({d_hidden, d_weight});
    return at::full({}, sum, hidden.options());
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const double factor = grads[0].item<double>();
    variable_list result(6);
    for (std::size_t i = 0; i < 2; ++i)
      if (saved[i].defined()) result[i] = saved[i] * factor;
    return result;
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return RmsNormFunction::apply(x, weight, eps);
}

at::Tensor gated(const at::Tensor& gate_up, Activation activation) {
  return GatedFunction::apply(gate_up, static_cast<std::int64_t>(activation));
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  const std::array<LowRank, 3>& low_rank, double scale, Dropout dropout) {
  const auto none = at::empty({0}, x.options());
  const auto or_none = [&](const at::Tensor& t) -> const at::Tensor& { return t.defined() ? t : none; };
  auto context = c10::make_intrusive<LinearContext>();
  for (std::size_t i = 0; i < low_rank.size(); ++i) context->offsets[i] = low_rank[i].offset;
  context->scale = scale;
  context->dropout = std::move(dropout);
  return LinearFunction::apply(x, weight, or_none(bias), or_none(low_rank[0].a), or_none(low_rank[0].b),
                               or_none(low_rank[1].a), or_none(low_rank[1].b), or_none(low_rank[2].a),
                               or_none(low_rank[2].b), context);
}

at::Tensor tree_attention(const at::Tensor& qkv, const std::shared_ptr<const AttentionPlan>& plan,
                          const std::shared_ptr<const std::vector<std::int64_t>>& positions, const RopeTable& rope,
                          Precision precision) {
  auto context = c10::make_intrusive<AttentionContext>();
  context->plan = plan;
  context->positions = positions;
  context->rope = rope;
  context->precision = precision;
  return TreeAttentionFunction::apply(qkv, context);
}

HeadResult head_loss(const at::Tensor& hidden, const at::Tensor& weight, const std::vector<std::int32_t>& targets,
                     double cap) {
  HeadResult result;
  result.losses.resize(targets.size());
  result.hits.resize(targets.size());
  HeadOutputs outputs{&result.losses, &result.hits, &targets};
  const bool gradients = at::GradMode::is_enabled();
  result.loss = HeadLossFunction::apply(hidden, weight, &outputs, gradients && hidden.requires_grad(),
                                        gradients && weight.requires_grad(), cap);
  return result;
}

}  // namespace fw::trainer
