#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "trainer/loop/frozen_states.h"
#include "trainer/loop/memory_plan.h"
#include "trainer/loop/optimizer.h"
#include "trainer/loop/validation.h"
#include "trainer/lora/adapter.h"
#include "trainer/packing/token_tree.h"

namespace fw::trainer {

/// What runs a training's passes and steps: the processor, or a device. `numbers` are those of a tree's rows among the
/// rows of prepare_states. The adapter and the optimiser's state in host memory are the engine's copy only after fetch.
/// Not thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Computes the states before the first trained layer once for all epochs.
  [[nodiscard]] virtual Status prepare_states(std::span<const TrainingRow* const> rows,
                                              const FrozenStates::Options& options) = 0;
  /// `needs` knows the model and the rows; the engine adds what it has.
  [[nodiscard]] virtual Result<MemoryPlan> plan(MemoryNeeds needs) = 0;
  virtual void set_recomputation(bool on) = 0;
  virtual void set_dropout(double probability, std::uint64_t seed) = 0;

  /// Forward and backward; the gradients of the loss over `label_tokens` are added to those of passes before. The loss,
  /// summed. kResourceExhausted when the pass does not fit: forget_gradients, and cut the step smaller.
  [[nodiscard]] virtual Result<double> train(const TokenTree& tree, std::span<const std::size_t> numbers,
                                             double label_tokens) = 0;
  [[nodiscard]] virtual Result<TermScores> score(const TokenTree& tree, std::span<const std::size_t> numbers) = 0;
  virtual void forget_gradients() = 0;
  /// As Optimizer::step.
  virtual double step(double learning_rate) = 0;

  /// Brings the host's adapter and optimiser up to the engine's state, and back.
  virtual void fetch() = 0;
  virtual void put() = 0;
};

/// On the processor. All must outlive it.
[[nodiscard]] std::unique_ptr<Engine> make_processor_engine(const ModelWeights& weights, const Adapter& adapter,
                                                            Optimizer& optimizer, int first_layer,
                                                            std::int64_t longest);

}  // namespace fw::trainer
