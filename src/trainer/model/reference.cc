#include "trainer/model/reference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace fw::trainer {
namespace {

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return x * at::rsqrt(x.pow(2).mean(-1, true) + eps) * weight;
}

class Reference {
 public:
  Reference(const ModelWeights& weights, const Adapter* adapter, const at::Tensor& mask)
      : weights_(weights), config_(weights.config), adapter_(adapter) {
    for (std::size_t i = 0; i < ropes_.size(); ++i)
      ropes_[i] = make_rope_table(config_, mask.size(1), static_cast<LayerRope>(i));
    const auto position = at::arange(mask.size(1), at::kLong);
    const auto distance = position.unsqueeze(1) - position.unsqueeze(0);  // [query, key]
    const auto with_padding = [&](const at::Tensor& visible) {            // [rows, 1, query, key]
      return visible.unsqueeze(0).logical_and(mask.to(at::kBool).unsqueeze(1)).unsqueeze(1);
    };
    const auto earlier = distance >= 0;
    visible_ = with_padding(earlier);
    in_window_ = with_padding(earlier.logical_and(distance < config_.sliding_window));
  }

  at::Tensor layer(const at::Tensor& x, int index) const {
    const auto& w = weights_.layers[static_cast<std::size_t>(index)];
    const auto added = [&](const at::Tensor& y, const at::Tensor& weight) {
      return weight.defined() ? norm(y, weight, config_.norm_eps) : y;
    };
    const auto middle =
        x + added(attention(norm(x, w.attention_norm, config_.norm_eps), w, index), w.attention_post_norm);
    const auto input = norm(middle, w.feed_forward_norm, config_.norm_eps);
    const std::int64_t f = config_.feed_forward;
    const auto gate = project(input, w.gate_up, w.gate_up_bias, 0, f, index, Projection::kGate);
    const auto up = project(input, w.gate_up, w.gate_up_bias, f, f, index, Projection::kUp);
    const auto active = config_.activation == Activation::kGelu ? at::gelu(gate, "tanh") : at::silu(gate);
    return middle + added(project(active * up, w.down, w.down_bias, 0, config_.hidden, index, Projection::kDown),
                          w.feed_forward_post_norm);
  }

 private:
  // Rows [from, from + count) of a joined matrix, with the low-rank addition.
  at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t from,
                     std::int64_t count, int layer, Projection projection) const {
    auto y = at::linear(x, weight.narrow(0, from, count),
                        bias.defined() ? std::optional(bias.narrow(0, from, count)) : std::nullopt);
    if (adapter_ == nullptr) return y;
    const auto& pair = adapter_->at(layer, projection);
    if (!pair.a.defined()) return y;
    return y + at::linear(at::linear(x, pair.a), pair.b) * adapter_->settings.scale();
  }

  at::Tensor heads(const at::Tensor& x, std::int64_t count, const at::Tensor& weight) const {
    auto split = x.view({x.size(0), x.size(1), count, config_.head_dim});
    if (weight.defined()) split = norm(split, weight, config_.norm_eps);
    return split.transpose(1, 2);  // [rows, heads, width, head_dim]
  }

  at::Tensor rotate(const at::Tensor& x, const RopeTable& rope) const {
    const std::int64_t half = config_.rotary_size() / 2;
    const auto first = x.narrow(-1, 0, half), second = x.narrow(-1, half, half);
    return at::cat({first * rope.cosine - second * rope.sine, second * rope.cosine + first * rope.sine,
                    x.narrow(-1, 2 * half, config_.head_dim - 2 * half)},
                   -1);
  }

  at::Tensor attention(const at::Tensor& x, const LayerWeights& w, int layer) const {
    const std::int64_t q_size = config_.q_size(), kv_size = config_.kv_size();
    const LayerKind kind = config_.kind(layer);
    const auto& rope = ropes_[static_cast<std::size_t>(kind.rope)];
    const auto q = rotate(
        heads(project(x, w.qkv, w.qkv_bias, 0, q_size, layer, Projection::kQuery), config_.heads, w.q_norm), rope);
    auto k = rotate(
        heads(project(x, w.qkv, w.qkv_bias, q_size, kv_size, layer, Projection::kKey), config_.kv_heads, w.k_norm),
        rope);
    auto v = heads(project(x, w.qkv, w.qkv_bias, q_size + kv_size, kv_size, layer, Projection::kValue),
                   config_.kv_heads, {});
    const std::int64_t group = config_.heads / config_.kv_heads;
    k = k.repeat_interleave(group, 1);
    v = v.repeat_interleave(group, 1);
    const double scale =
        config_.attention_scale > 0 ? config_.attention_scale : 1 / std::sqrt(static_cast<double>(config_.head_dim));
    auto scores = at::matmul(q, k.transpose(-1, -2)) * scale;
    if (config_.attention_cap > 0) scores = at::tanh(scores / config_.attention_cap) * config_.attention_cap;
    scores = at::where(kind.is_windowed ? in_window_ : visible_, scores,
                       at::full({}, std::numeric_limits<float>::lowest(), scores.options()));
    const auto attended =
        at::matmul(at::softmax(scores, -1), v).transpose(1, 2).reshape({x.size(0), x.size(1), q_size});
    return project(attended, w.out, w.out_bias, 0, config_.hidden, layer, Projection::kOutput);
  }

  const ModelWeights& weights_;
  const ModelConfig& config_;
  const Adapter* adapter_;
  std::array<RopeTable, 3> ropes_;  ///< by LayerRope
  at::Tensor visible_, in_window_;
};

}  // namespace

at::Tensor reference_logits(const ModelWeights& weights, const Adapter* adapter, const at::Tensor& ids,
                            const at::Tensor& mask) {
  const Reference reference(weights, adapter, mask);
  auto x = at::embedding(weights.embedding, ids, weights.config.padding_token) * weights.config.embedding_scale;
  for (int layer = 0; layer < static_cast<int>(weights.layers.size()); ++layer) x = reference.layer(x, layer);
  const auto logits = at::linear(norm(x, weights.final_norm, weights.config.norm_eps), weights.head);
  const double cap = weights.config.logit_cap;
  return cap > 0 ? at::tanh(logits / cap) * cap : logits;
}

at::Tensor reference_loss(const ModelWeights& weights, const Adapter* adapter, const std::vector<TrainingRow>& rows) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.tokens.size());
  const auto count = static_cast<std::int64_t>(rows.size());
  const auto columns = static_cast<std::int64_t>(width);
  auto ids = at::zeros({count, columns}, at::kLong), mask = at::zeros({count, columns}, at::kLong);
  auto labels = at::full({count, columns}, -100, at::kLong);
  for (std::int64_t r = 0; r < count; ++r) {
    const auto& row = rows[static_cast<std::size_t>(r)];
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(row.tokens.size()); ++i) {
      const auto token = row.tokens[static_cast<std::size_t>(i)];
      ids.mutable_data_ptr<std::int64_t>()[r * columns + i] = token;
      mask.mutable_data_ptr<std::int64_t>()[r * columns + i] = 1;
      if (i >= row.answer_begin) labels.mutable_data_ptr<std::int64_t>()[r * columns + i] = token;
    }
  }
  const auto logits = reference_logits(weights, adapter, ids, mask);
  return at::cross_entropy_loss(logits.narrow(1, 0, columns - 1).reshape({-1, weights.config.vocab}),
                                labels.narrow(1, 1, columns - 1).reshape({-1}), {}, 2 /* sum */);
}

}  // namespace fw::trainer
