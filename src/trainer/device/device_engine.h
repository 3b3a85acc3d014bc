#pragma once

#include <memory>

#include "trainer/device/device.h"
#include "trainer/loop/engine.h"

namespace fw::trainer {

/// Runs a training on a device. All must outlive it. kInvalidArgument for a model that no device can train,
/// kResourceExhausted when its weights do not fit.
[[nodiscard]] Result<std::unique_ptr<Engine>> make_device_engine(Device& device, const ModelWeights& weights,
                                                                 const Adapter& adapter, Optimizer& optimizer,
                                                                 int first_layer, std::int64_t longest);

/// As plan_memory, of a device with `needs.available` bytes beside the weights.
[[nodiscard]] Result<MemoryPlan> plan_device_memory(const MemoryNeeds& needs);
/// Bytes of a model's weights and of an adapter with its gradients and moments as a device keeps them.
[[nodiscard]] std::uint64_t device_weight_bytes(const ModelConfig& config, std::int64_t rank, std::int64_t layers);

}  // namespace fw::trainer
