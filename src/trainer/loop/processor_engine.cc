#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <optional>

#include "io/machine.h"
#include "trainer/loop/engine.h"
#include "trainer/model/parallel.h"

namespace fw::trainer {
namespace {

class ProcessorEngine final : public Engine {
 public:
  ProcessorEngine(const ModelWeights& weights, const Adapter& adapter, Optimizer& optimizer, int first_layer,
                  std::int64_t longest)
      : weights_(weights), optimizer_(optimizer), first_layer_(first_layer), model_(weights, &adapter, longest) {}

  Status prepare_states(std::span<const TrainingRow* const> rows, const FrozenStates::Options& options) override {
    FW_ASSIGN(auto states, FrozenStates::compute(weights_, rows, first_layer_, options));
    states_ = std::move(states);
    return {};
  }

  Result<MemoryPlan> plan(MemoryNeeds needs) override {
    needs.precision = weights_.precision();
    needs.threads = threads();
    needs.available = io::read_machine_limits().available_bytes;
    return plan_memory(needs);
  }
  void set_recomputation(bool on) override { model_.set_recomputation(on); }
  void set_dropout(double probability, std::uint64_t seed) override { model_.set_dropout(probability, seed); }

  Result<double> train(const TokenTree& tree, std::span<const std::size_t> numbers, double label_tokens) override {
    const auto result = run(tree, numbers);
    (result.loss / label_tokens).backward();
    return result.loss.item<double>();
  }
  Result<TermScores> score(const TokenTree& tree, std::span<const std::size_t> numbers) override {
    const at::NoGradGuard no_grad;
    auto result = run(tree, numbers);
    return TermScores{std::move(result.losses), std::move(result.hits)};
  }
  void forget_gradients() override {
    for (const auto& parameter : optimizer_.parameters()) at::Tensor(parameter).mutable_grad().reset();
  }
  double step(double learning_rate) override { return optimizer_.step(learning_rate); }
  void fetch() override {}
  void put() override {}

 private:
  HeadResult run(const TokenTree& tree, std::span<const std::size_t> numbers) const {
    const auto input = prepare(weights_.config, tree);
    const auto hidden = states_ ? states_->gather(*input.tree, numbers) : model_.before(input, first_layer_);
    return model_.loss(hidden, input, first_layer_);
  }

  const ModelWeights& weights_;
  Optimizer& optimizer_;
  int first_layer_;
  PackedModel model_;
  std::optional<FrozenStates> states_;
};

}  // namespace

std::unique_ptr<Engine> make_processor_engine(const ModelWeights& weights, const Adapter& adapter, Optimizer& optimizer,
                                              int first_layer, std::int64_t longest) {
  return std::make_unique<ProcessorEngine>(weights, adapter, optimizer, first_layer, longest);
}

}  // namespace fw::trainer
