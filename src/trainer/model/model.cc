#include "trainer/model/model.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "base/assert.h"
#include "base/hash.h"
#include "trainer/model/gemm.h"
#include "trainer/model/kernels.h"
#include "trainer/model/parallel.h"

namespace fw::trainer {
namespace {

// Reads the tensors of one model; the first failure is kept and everything after it is skipped.
class Loader {
 public:
  Loader(WeightSource& source, Precision precision) : source_(source), precision_(precision) {}

  at::Tensor read(const std::string& name, std::vector<std::int64_t> shape) {
    const std::int64_t rows = shape.front();
    return read_joined({name}, std::move(shape), {rows});
  }
  at::Tensor read_if_there(const std::string& name, std::vector<std::int64_t> shape) {
    return source_.has(name) ? read(name, std::move(shape)) : at::Tensor();
  }
  // What large products multiply with: several matrices of `width` below each other as one; `rows` of each.
  at::Tensor read_matrix(const std::vector<std::string>& names, const std::vector<std::int64_t>& rows,
                         std::int64_t width) {
    auto matrix = read_joined(names, {0, width}, rows);
    return precision_ == Precision::kBf16 && status_.ok() ? matrix.to(at::kBFloat16) : matrix;
  }
  // Several tensors below each other as one; `rows` of each, `shape` without the first dimension's size.
  at::Tensor read_joined(const std::vector<std::string>& names, std::vector<std::int64_t> shape,
                         const std::vector<std::int64_t>& rows) {
    if (!status_.ok()) return {};
    shape[0] = 0;
    for (const auto r : rows) shape[0] += r;
    auto joined = at::empty(shape, at::kFloat);
    const std::int64_t width = shape[0] > 0 ? joined.numel() / shape[0] : 0;
    float* target = joined.mutable_data_ptr<float>();
    for (std::size_t i = 0; i < names.size() && status_.ok(); ++i) {
      auto part = shape;
      part[0] = rows[i];
      status_ = source_.read(names[i], part, {target, static_cast<std::size_t>(rows[i] * width)});
      if (status_.ok() && !kernels::all_finite(target, rows[i] * width))
        status_ = data_loss("tensor " + names[i] + " holds values that are no numbers; the file is damaged");
      target += rows[i] * width;
    }
    return joined;
  }
  at::Tensor read_joined_if_there(const std::vector<std::string>& names, const std::vector<std::int64_t>& rows) {
    return source_.has(names.front()) ? read_joined(names, {0}, rows) : at::Tensor();
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  WeightSource& source_;
  Precision precision_;
  Status status_;
};

LayerWeights load_layer(Loader& loader, const ModelConfig& config, int index) {
  const std::string stem = "model.layers." + std::to_string(index) + ".";
  const std::string attention = stem + "self_attn.", mlp = stem + "mlp.";
  const std::vector<std::int64_t> qkv_rows{config.q_size(), config.kv_size(), config.kv_size()};
  const std::vector<std::int64_t> gate_rows{config.feed_forward, config.feed_forward};
  LayerWeights w;
  w.attention_norm = loader.read(stem + "input_layernorm.weight", {config.hidden});
  w.feed_forward_norm =
      loader.read(stem + (config.post_norms ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight"),
                  {config.hidden});
  if (config.post_norms) {
    w.attention_post_norm = loader.read(stem + "post_attention_layernorm.weight", {config.hidden});
    w.feed_forward_post_norm = loader.read(stem + "post_feedforward_layernorm.weight", {config.hidden});
  }
  w.qkv = loader.read_matrix({attention + "q_proj.weight", attention + "k_proj.weight", attention + "v_proj.weight"},
                             qkv_rows, config.hidden);
  w.qkv_bias = loader.read_joined_if_there(
      {attention + "q_proj.bias", attention + "k_proj.bias", attention + "v_proj.bias"}, qkv_rows);
  w.q_norm = loader.read_if_there(attention + "q_norm.weight", {config.head_dim});
  w.k_norm = loader.read_if_there(attention + "k_norm.weight", {config.head_dim});
  w.out = loader.read_matrix({attention + "o_proj.weight"}, {config.hidden}, config.q_size());
  w.out_bias = loader.read_if_there(attention + "o_proj.bias", {config.hidden});
  w.gate_up = loader.read_matrix({mlp + "gate_proj.weight", mlp + "up_proj.weight"}, gate_rows, config.hidden);
  w.gate_up_bias = loader.read_joined_if_there({mlp + "gate_proj.bias", mlp + "up_proj.bias"}, gate_rows);
  w.down = loader.read_matrix({mlp + "down_proj.weight"}, {config.hidden}, config.feed_forward);
  w.down_bias = loader.read_if_there(mlp + "down_proj.bias", {config.hidden});
  return w;
}

Result<std::vector<int>> kept_layers(const ModelConfig& config, std::span<const int> keep) {
  std::vector<int> kept(keep.begin(), keep.end());
  if (kept.empty())
    for (int i = 0; i < config.layers; ++i) kept.push_back(i);
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (kept[i] < 0 || kept[i] >= config.layers || (i > 0 && kept[i] <= kept[i - 1]))
      return invalid_argument("keep_layers must rise strictly and lie in 0 to " + std::to_string(config.layers - 1));
  return kept;
}

// A layer as a function of its input; the model and the adapter outlive the graph.
struct LayerWork : torch::CustomClassHolder {
  std::function<at::Tensor(const at::Tensor&)> run;
};

// Keeps a layer's input alone. Gradients of the adapter are added to its tensors while backward runs the layer again;
// `trigger`, one of them, only makes the result one that has a gradient.
struct RecomputedLayer : torch::autograd::Function<RecomputedLayer> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& hidden, const at::Tensor& trigger,
                            const c10::intrusive_ptr<LayerWork>& work) {
    static_cast<void>(trigger);
    ctx->save_for_backward({hidden});
    ctx->saved_data["work"] = at::IValue::make_capsule(work);
    return work->run(hidden);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 const torch::autograd::variable_list& grads) {
    const auto capsule = ctx->saved_data["work"].toCapsule();
    const at::AutoGradMode with_gradients(true);
    const auto input = ctx->get_saved_variables()[0].detach().requires_grad_(ctx->needs_input_grad(0));
    static_cast<const LayerWork&>(*capsule).run(input).backward(grads[0]);
    return {input.grad(), at::Tensor(), at::Tensor()};
  }
};

at::Tensor index_tensor(const std::vector<std::int64_t>& values) {
  return at::tensor(at::IntArrayRef(values), at::kLong);
}

}  // namespace

std::vector<at::Tensor> ModelWeights::parameters() const {
  std::vector<at::Tensor> all{embedding};
  for (const auto& w : layers)
    for (const auto& t :
         {w.attention_norm, w.qkv, w.qkv_bias, w.q_norm, w.k_norm, w.out, w.out_bias, w.feed_forward_norm, w.gate_up,
          w.gate_up_bias, w.down, w.down_bias, w.attention_post_norm, w.feed_forward_post_norm})
      if (t.defined()) all.push_back(t);
  all.push_back(final_norm);
  if (!head.is_same(embedding)) all.push_back(head);
  return all;
}

Precision ModelWeights::precision() const {
  return head.scalar_type() == at::kBFloat16 ? Precision::kBf16 : Precision::kFp32;
}

Result<ModelWeights> load_weights(WeightSource& source, std::span<const int> keep_layers, Precision precision) {
  ModelWeights weights;
  weights.config = source.config();
  FW_ASSIGN(const auto kept, kept_layers(weights.config, keep_layers));
  const auto& config = weights.config;
  Loader loader(source, precision);
  weights.embedding = loader.read_matrix({"model.embed_tokens.weight"}, {config.vocab}, config.hidden);
  for (const int index : kept) {
    weights.layers.push_back(load_layer(loader, config, index));
    FW_TRY(loader.status());
  }
  weights.final_norm = loader.read("model.norm.weight", {config.hidden});
  weights.head =
      config.tied ? weights.embedding : loader.read_matrix({"lm_head.weight"}, {config.vocab}, config.hidden);
  FW_TRY(loader.status());
  if (!config.kinds.empty()) {
    std::vector<LayerKind> kinds;
    for (const int index : kept) kinds.push_back(config.kind(index));
    weights.config.kinds = std::move(kinds);
  }
  weights.config.layers = static_cast<std::int64_t>(kept.size());
  return weights;
}

RopeTable make_rope_table(const ModelConfig& config, std::int64_t length, LayerRope rope) {
  const auto frequencies = rope_frequencies(config, rope);
  const std::int64_t half = config.rotary_size() / 2;
  RopeTable table{at::empty({length, half}, at::kFloat), at::empty({length, half}, at::kFloat)};
  float* cosine = table.cosine.mutable_data_ptr<float>();
  float* sine = table.sine.mutable_data_ptr<float>();
  for (std::int64_t position = 0; position < length; ++position)
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(position) * frequencies.inverse[static_cast<std::size_t>(i)];
      cosine[position * half + i] = static_cast<float>(std::cos(angle) * frequencies.attention_factor);
      sine[position * half + i] = static_cast<float>(std::sin(angle) * frequencies.attention_factor);
    }
  return table;
}

PackedInput prepare(const ModelConfig& config, TokenTree tree) {
  PackedInput input;
  AttentionShape shape{config.heads, config.kv_heads, config.head_dim, 0, config.attention_scale, config.attention_cap};
  input.whole = std::make_shared<AttentionPlan>(tree, shape, threads());
  shape.window = config.sliding_window;
  input.windowed = shape.window > 0 ? std::make_shared<AttentionPlan>(tree, shape, threads()) : input.whole;
  input.positions = std::make_shared<std::vector<std::int64_t>>(tree.positions);
  input.keys = at::empty({static_cast<std::int64_t>(tree.keys.size())}, at::kInt);
  std::memcpy(input.keys.mutable_data_ptr<std::int32_t>(), tree.keys.data(), tree.keys.size() * sizeof tree.keys[0]);
  input.tree = std::make_shared<TokenTree>(std::move(tree));
  return input;
}

PackedModel::PackedModel(const ModelWeights& weights, const Adapter* adapter, std::int64_t longest)
    : weights_(weights), adapter_(adapter) {
  for (int layer = 0; layer < weights.config.layers; ++layer) {
    const auto rope = weights.config.kind(layer).rope;
    auto& table = ropes_[static_cast<std::size_t>(rope)];
    if (!table.cosine.defined()) table = make_rope_table(weights.config, longest, rope);
  }
}

void PackedModel::set_dropout(double probability, std::uint64_t seed) {
  dropout_ = probability;
  dropout_seed_ = seed;
}

at::Tensor PackedModel::embed(const TokenTree& tree) const {
  const std::vector<std::int64_t> ids(tree.tokens.begin(), tree.tokens.end());
  const auto embedded =
      at::embedding(weights_.embedding, index_tensor(ids), weights_.config.padding_token).to(at::kFloat);
  const double scale = weights_.config.embedding_scale;
  return scale == 1 ? embedded : embedded * scale;
}

at::Tensor PackedModel::project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& keys, int layer,
                                std::initializer_list<std::pair<Projection, std::int64_t>> parts) const {
  std::array<LowRank, 3> low_rank;
  if (adapter_ == nullptr) return fw::trainer::linear(x, weight, bias);
  std::size_t used = 0;
  for (const auto& [projection, offset] : parts) {
    const auto& pair = adapter_->at(layer, projection);
    low_rank[used++] = {pair.a, pair.b, offset};
  }
  const auto first = static_cast<int>(parts.begin()->first);
  const auto seed = static_cast<std::uint32_t>(
      Random(dropout_seed_ ^ (static_cast<std::uint64_t>(layer) << 8) ^ static_cast<std::uint64_t>(first)).next());
  return fw::trainer::linear(x, weight, bias, low_rank, adapter_->settings.scale(), {dropout_, seed, keys});
}

at::Tensor PackedModel::normalise_heads(const at::Tensor& qkv, const LayerWeights& weights) const {
  const auto& config = weights_.config;
  const std::int64_t tokens = qkv.size(0), d = config.head_dim;
  const auto part = [&](std::int64_t from, std::int64_t heads, const at::Tensor& norm) {
    const auto flat = qkv.narrow(1, from, heads * d).reshape({tokens * heads, d}).contiguous();
    return rms_norm(flat, norm, config.norm_eps).view({tokens, heads * d});
  };
  return at::cat({part(0, config.heads, weights.q_norm), part(config.q_size(), config.kv_heads, weights.k_norm),
                  qkv.narrow(1, config.q_size() + config.kv_size(), config.kv_size())},
                 1);
}

at::Tensor PackedModel::attention(const at::Tensor& hidden, const PackedInput& input, int layer) const {
  const auto& w = weights_.layers[static_cast<std::size_t>(layer)];
  const auto& config = weights_.config;
  auto qkv = project(rms_norm(hidden, w.attention_norm, config.norm_eps), w.qkv, w.qkv_bias, input.keys, layer,
                     {{Projection::kQuery, 0},
                      {Projection::kKey, config.q_size()},
                      {Projection::kValue, config.q_size() + config.kv_size()}});
  if (w.q_norm.defined()) qkv = normalise_heads(qkv, w);
  const LayerKind kind = config.kind(layer);
  return tree_attention(qkv, kind.is_windowed ? input.windowed : input.whole, input.positions,
                        ropes_[static_cast<std::size_t>(kind.rope)], weights_.precision());
}

at::Tensor PackedModel::behind_attention(const at::Tensor& hidden, const at::Tensor& attended, const at::Tensor& keys,
                                         int layer) const {
  const auto& w = weights_.layers[static_cast<std::size_t>(layer)];
  const auto& config = weights_.config;
  const auto added = [&](const at::Tensor& x, const at::Tensor& post_norm) {
    return post_norm.defined() ? rms_norm(x, post_norm, config.norm_eps) : x;
  };
  const auto middle = hidden + added(project(attended, w.out, w.out_bias, keys, layer, {{Projection::kOutput, 0}}),
                                     w.attention_post_norm);
  const auto gate_up = project(rms_norm(middle, w.feed_forward_norm, config.norm_eps), w.gate_up, w.gate_up_bias, keys,
                               layer, {{Projection::kGate, 0}, {Projection::kUp, config.feed_forward}});
  return middle +
         added(project(gated(gate_up, config.activation), w.down, w.down_bias, keys, layer, {{Projection::kDown, 0}}),
               w.feed_forward_post_norm);
}

at::Tensor PackedModel::run_layers(at::Tensor hidden, const PackedInput& input, int first, int last) const {
  for (int layer = first; layer < last; ++layer) {
    const auto trigger = adapter_ != nullptr ? adapter_->at(layer, Projection::kQuery).a : at::Tensor();
    if (recomputes_ && at::GradMode::is_enabled() && trigger.defined()) {
      auto work = c10::make_intrusive<LayerWork>();
      work->run = [this, input, layer](const at::Tensor& x) { return run_layer(x, input, layer); };
      hidden = RecomputedLayer::apply(hidden, trigger, work);
    } else {
      hidden = run_layer(hidden, input, layer);
    }
  }
  return hidden;
}

at::Tensor PackedModel::before(const PackedInput& input, int layer) const {
  if (layer == 0) return embed(*input.tree);
  const at::NoGradGuard no_grad;
  return run_layers(embed(*input.tree), input, 0, layer);
}

at::Tensor PackedModel::run_layer(const at::Tensor& hidden, const PackedInput& input, int layer) const {
  return behind_attention(hidden, attention(hidden, input, layer), input.keys, layer);
}

HeadResult PackedModel::loss(at::Tensor hidden, const PackedInput& input, int first) const {
  const auto& terms = input.tree->terms;
  // Rows can share a token that has a loss in each: it is computed once and its terms point to the same line.
  std::vector<std::int64_t> needed;
  for (const auto& term : terms) needed.push_back(term.index);
  std::sort(needed.begin(), needed.end());
  needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
  std::vector<std::int64_t> lines;
  std::vector<std::int32_t> targets;
  for (const auto& term : terms) {
    lines.push_back(std::lower_bound(needed.begin(), needed.end(), term.index) - needed.begin());
    targets.push_back(term.target);
  }
  const auto last = static_cast<int>(weights_.layers.size()) - 1;
  hidden = run_layers(std::move(hidden), input, first, last);
  const auto index = index_tensor(needed);
  auto attended = attention(hidden, input, last);
  auto top = behind_attention(hidden.index_select(0, index), attended.index_select(0, index),
                              input.keys.index_select(0, index), last);
  top = rms_norm(top, weights_.final_norm, weights_.config.norm_eps);
  if (lines.size() != needed.size() || !std::is_sorted(lines.begin(), lines.end()))
    top = top.index_select(0, index_tensor(lines));
  return head_loss(top, weights_.head, targets, weights_.config.logit_cap);
}

at::Tensor PackedModel::logits(const PackedInput& input) const {
  const auto hidden = run_layers(embed(*input.tree), input, 0, static_cast<int>(weights_.layers.size()));
  const auto& config = weights_.config;
  const auto logits = fw::trainer::linear(rms_norm(hidden, weights_.final_norm, config.norm_eps), weights_.head, {});
  return config.logit_cap > 0 ? at::tanh(logits / config.logit_cap) * config.logit_cap : logits;
}

}  // namespace fw::trainer
