#include "trainer/device/device_engine.h"

#include <ATen/ops/empty.h>

#include <cmath>
#include <optional>
#include <string>

#include "trainer/device/device_model.h"

namespace fw::trainer {
namespace {

class DeviceEngine final : public Engine {
 public:
  DeviceEngine(Device& device, const ModelWeights& weights, const Adapter& adapter, Optimizer& optimizer,
               int first_layer, std::int64_t longest)
      : device_(device),
        adapter_(adapter),
        optimizer_(optimizer),
        first_layer_(first_layer),
        weights_(device, weights, &adapter, longest),
        model_(device, weights_, first_layer) {}

  Status prepare_states(std::span<const TrainingRow* const> rows, const FrozenStates::Options& options) override {
    const auto run = [&](const TokenTree& tree) {
      auto hidden = at::empty({static_cast<std::int64_t>(tree.tokens.size()), weights_.config().hidden}, at::kFloat);
      model_.states_before(tree, first_layer_, hidden.mutable_data_ptr<float>());
      return hidden;
    };
    try {
      FW_ASSIGN(auto states, FrozenStates::compute(weights_.config().hidden, rows, run, options));
      states_ = std::move(states);
    } catch (const DeviceMemoryExhausted& e) {
      return resource_exhausted(e.what());
    }
    return {};
  }

  Result<MemoryPlan> plan(MemoryNeeds needs) override {
    needs.available = device_.free_bytes();
    return plan_device_memory(needs);
  }
  void set_recomputation(bool on) override { model_.set_recomputation(on); }
  void set_dropout(double probability, std::uint64_t seed) override { model_.set_dropout(probability, seed); }

  Result<double> train(const TokenTree& tree, std::span<const std::size_t> numbers, double label_tokens) override {
    if (!holds_gradients_) weights_.clear_gradients();
    holds_gradients_ = true;
    try {
      const auto hidden = states_of(tree, numbers);
      return model_.train(tree, 1 / label_tokens, hidden ? hidden->const_data_ptr<float>() : nullptr).loss;
    } catch (const DeviceMemoryExhausted& e) {
      model_.forget_buffers();
      return resource_exhausted(e.what());
    }
  }
  Result<TermScores> score(const TokenTree& tree, std::span<const std::size_t> numbers) override {
    try {
      const auto hidden = states_of(tree, numbers);
      auto terms = model_.score(tree, hidden ? hidden->const_data_ptr<float>() : nullptr);
      return TermScores{std::move(terms.losses), std::move(terms.hits)};
    } catch (const DeviceMemoryExhausted& e) {
      model_.forget_buffers();
      return resource_exhausted(e.what());
    }
  }
  void forget_gradients() override { holds_gradients_ = false; }

  double step(double learning_rate) override {
    const auto& s = optimizer_.settings();
    const auto t = static_cast<double>(optimizer_.steps() + 1);
    const double norm = weights_.step({.learning_rate = static_cast<float>(learning_rate),
                                       .beta2 = static_cast<float>(s.beta2),
                                       .rest1 = static_cast<float>(1 - s.beta1),
                                       .rest2 = static_cast<float>(1 - s.beta2),
                                       .eps = static_cast<float>(s.eps),
                                       .weight_decay = static_cast<float>(s.weight_decay),
                                       .clip_norm = static_cast<float>(s.clip_norm),
                                       .correction1 = static_cast<float>(1 - std::pow(s.beta1, t)),
                                       .correction2 = static_cast<float>(std::sqrt(1 - std::pow(s.beta2, t)))});
    holds_gradients_ = false;
    if (std::isfinite(norm)) optimizer_.set_steps(optimizer_.steps() + 1);
    return norm;
  }

  void fetch() override {
    auto values = parameters();
    weights_.read(DeviceWeights::State::kValues, values);
    weights_.read(DeviceWeights::State::kMeans, optimizer_.means());
    weights_.read(DeviceWeights::State::kVariances, optimizer_.variances());
  }
  void put() override {
    weights_.write(DeviceWeights::State::kValues, parameters());
    weights_.write(DeviceWeights::State::kMeans, optimizer_.means());
    weights_.write(DeviceWeights::State::kVariances, optimizer_.variances());
  }

 private:
  [[nodiscard]] std::optional<at::Tensor> states_of(const TokenTree& tree, std::span<const std::size_t> numbers) const {
    if (!states_) return std::nullopt;
    return states_->gather(tree, numbers);
  }
  [[nodiscard]] std::vector<at::Tensor> parameters() const {
    std::vector<at::Tensor> out;
    for (const auto& item : adapter_.named()) out.push_back(item.tensor);
    return out;
  }

  Device& device_;
  const Adapter& adapter_;
  Optimizer& optimizer_;
  int first_layer_;
  DeviceWeights weights_;
  DeviceModel model_;
  std::optional<FrozenStates> states_;
  bool holds_gradients_ = false;
};

}  // namespace

Result<std::unique_ptr<Engine>> make_device_engine(Device& device, const ModelWeights& weights, const Adapter& adapter,
                                                   Optimizer& optimizer, int first_layer, std::int64_t longest) {
  FW_TRY(check_on_device(weights.config));
  try {
    return std::unique_ptr<Engine>(
        std::make_unique<DeviceEngine>(device, weights, adapter, optimizer, first_layer, longest));
  } catch (const DeviceMemoryExhausted&) {
    const std::uint64_t needed =
        device_weight_bytes(weights.config, adapter.settings.rank, weights.config.layers - first_layer);
    return resource_exhausted("the model's weights and the adapter's state need " + std::to_string(needed >> 20) +
                              " MiB of the GPU's memory, and " + std::to_string(device.free_bytes() >> 20) +
                              " MiB are free; train it on the processor (device: cpu), or on a larger GPU");
  }
}

}  // namespace fw::trainer
