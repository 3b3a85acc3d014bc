#include "trainer/tests/tiny_model.h"

#include <ATen/ops/empty.h>

#include <cmath>

namespace fw::trainer {
namespace {

at::Tensor random_tensor(std::vector<std::int64_t> shape, double scale, double offset, Random& random) {
  auto tensor = at::empty(shape, at::kFloat);
  float* data = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    data[i] = static_cast<float>(offset + scale * (2 * random.uniform() - 1));
  return tensor;
}

}  // namespace

ModelConfig TinyModel::config() {
  ModelConfig c;
  c.architecture = "llama";
  c.vocab = 61;
  c.hidden = 24;
  c.feed_forward = 40;
  c.layers = 3;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 6;
  c.context = 256;
  c.tied = true;
  return c;
}

ModelWeights TinyModel::make(ModelConfig c, std::uint64_t seed, bool biases, bool head_norms) {
  Random random(seed);
  const auto matrix = [&](std::int64_t out, std::int64_t in) {
    return random_tensor({out, in}, 2 / std::sqrt(static_cast<double>(in)), 0, random);
  };
  const auto vector = [&](std::int64_t size) { return random_tensor({size}, 0.3, 1, random); };
  const auto bias = [&](std::int64_t size) { return biases ? random_tensor({size}, 0.2, 0, random) : at::Tensor(); };
  ModelWeights w;
  w.config = c;
  w.embedding = matrix(c.vocab, c.hidden);
  for (int i = 0; i < c.layers; ++i) {
    LayerWeights layer;
    layer.attention_norm = vector(c.hidden);
    layer.feed_forward_norm = vector(c.hidden);
    if (c.post_norms) {
      layer.attention_post_norm = vector(c.hidden);
      layer.feed_forward_post_norm = vector(c.hidden);
    }
    layer.qkv = matrix(c.q_size() + 2 * c.kv_size(), c.hidden);
    layer.qkv_bias = bias(c.q_size() + 2 * c.kv_size());
    if (head_norms) {
      layer.q_norm = vector(c.head_dim);
      layer.k_norm = vector(c.head_dim);
    }
    layer.out = matrix(c.hidden, c.q_size());
    layer.out_bias = bias(c.hidden);
    layer.gate_up = matrix(2 * c.feed_forward, c.hidden);
    layer.gate_up_bias = bias(2 * c.feed_forward);
    layer.down = matrix(c.hidden, c.feed_forward);
    layer.down_bias = bias(c.hidden);
    w.layers.push_back(std::move(layer));
  }
  w.final_norm = vector(c.hidden);
  w.head = c.tied ? w.embedding : matrix(c.vocab, c.hidden);
  return w;
}

std::vector<TrainingRow> random_rows(std::size_t count, std::int64_t beginning, std::int64_t own, std::int64_t vocab,
                                     Random& random) {
  const auto draw = [&] { return static_cast<Token>(random.below(static_cast<std::uint64_t>(vocab))); };
  std::vector<Token> shared;
  for (std::int64_t i = 0; i < beginning; ++i) shared.push_back(draw());
  std::vector<TrainingRow> rows;
  for (std::size_t r = 0; r < count; ++r) {
    TrainingRow row{shared, 0};
    const auto length =
        3 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(std::max<std::int64_t>(own - 2, 1))));
    for (std::int64_t i = 0; i < length; ++i) row.tokens.push_back(draw());
    row.answer_begin = static_cast<std::int64_t>(row.tokens.size()) - std::max<std::int64_t>(1, length / 3);
    rows.push_back(std::move(row));
  }
  return rows;
}

Adapter random_adapter(const ModelConfig& config, AdapterSettings settings, std::uint64_t seed) {
  auto adapter = make_adapter(config, std::move(settings), Random(seed));
  Random random(seed + 1);
  for (const auto& item : adapter.named()) {
    auto* data = const_cast<float*>(item.tensor.const_data_ptr<float>());
    for (std::int64_t i = 0; i < item.tensor.numel(); ++i)
      data[i] = static_cast<float>(0.2 * (2 * random.uniform() - 1));
  }
  return adapter;
}

std::vector<const TrainingRow*> pointers_to(const std::vector<TrainingRow>& rows) {
  std::vector<const TrainingRow*> out;
  for (const auto& row : rows) out.push_back(&row);
  return out;
}

}  // namespace fw::trainer
