#include "trainer/lora/adapter.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace fw::trainer {

std::string_view module_name(Projection projection) {
  switch (projection) {
    case Projection::kQuery: return "self_attn.q_proj";
    case Projection::kKey: return "self_attn.k_proj";
    case Projection::kValue: return "self_attn.v_proj";
    case Projection::kOutput: return "self_attn.o_proj";
    case Projection::kGate: return "mlp.gate_proj";
    case Projection::kUp: return "mlp.up_proj";
    case Projection::kDown: return "mlp.down_proj";
  }
  return "";
}

std::array<std::int64_t, 2> shape_of(const ModelConfig& config, Projection projection) {
  switch (projection) {
    case Projection::kQuery: return {config.q_size(), config.hidden};
    case Projection::kKey:
    case Projection::kValue: return {config.kv_size(), config.hidden};
    case Projection::kOutput: return {config.hidden, config.q_size()};
    case Projection::kGate:
    case Projection::kUp: return {config.feed_forward, config.hidden};
    case Projection::kDown: return {config.hidden, config.feed_forward};
  }
  return {0, 0};
}

double AdapterSettings::scale() const {
  const auto r = static_cast<double>(rank);
  return alpha / (rank_stabilised ? std::sqrt(r) : r);
}

std::vector<Adapter::Named> Adapter::named() const {
  std::vector<Named> out;
  for (std::size_t layer = 0; layer < layers.size(); ++layer)
    for (const auto projection : kProjections) {
      const auto& pair = layers[layer][static_cast<std::size_t>(projection)];
      if (!pair.a.defined()) continue;
      const std::string stem = std::to_string(layer) + "." + std::string(module_name(projection));
      out.push_back({stem + ".lora_A.weight", pair.a, static_cast<int>(layer), projection, true});
      out.push_back({stem + ".lora_B.weight", pair.b, static_cast<int>(layer), projection, false});
    }
  return out;
}

Adapter make_adapter(const ModelConfig& config, AdapterSettings settings, Random random) {
  Adapter adapter;
  adapter.layers.resize(static_cast<std::size_t>(config.layers));
  for (int layer = std::max(0, settings.first_layer); layer < config.layers; ++layer)
    for (const auto projection : settings.targets) {
      const auto [out, in] = shape_of(config, projection);
      auto a = at::empty({settings.rank, in}, at::kFloat);
      const double bound = 1.0 / std::sqrt(static_cast<double>(in));
      float* data = a.mutable_data_ptr<float>();
      for (std::int64_t i = 0; i < a.numel(); ++i) data[i] = static_cast<float>((2 * random.uniform() - 1) * bound);
      auto b = at::zeros({out, settings.rank}, at::kFloat);
      adapter.layers[static_cast<std::size_t>(layer)][static_cast<std::size_t>(projection)] = {a.requires_grad_(true),
                                                                                               b.requires_grad_(true)};
    }
  adapter.settings = std::move(settings);
  return adapter;
}

Adapter copy(const Adapter& adapter) {
  Adapter out = adapter;
  for (auto& layer : out.layers)
    for (auto& pair : layer)
      if (pair.a.defined())
        pair = {pair.a.detach().clone().requires_grad_(true), pair.b.detach().clone().requires_grad_(true)};
  return out;
}

std::span<const float> values(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

}  // namespace fw::trainer
