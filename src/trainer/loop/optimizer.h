#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace fw::trainer {

/// AdamW over leaf tensors, with clipping of the gradients' norm. Moments are kept in fp32 beside the parameters.
class Optimizer final {
 public:
  struct Settings {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double eps = 1e-8;
    double weight_decay = 0;
    double clip_norm = 0;  ///< 0: no clipping
  };

  Optimizer(std::vector<at::Tensor> parameters, Settings settings);

  /// Updates the parameters from their gradients, clears these, and returns their norm before clipping. Nothing is
  /// changed when the norm is no finite number: the training has diverged.
  double step(double learning_rate);

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const std::vector<at::Tensor>& parameters() const { return parameters_; }
  /// First and second moments, parallel to parameters(); for checkpoints.
  [[nodiscard]] std::vector<at::Tensor>& means() { return means_; }
  [[nodiscard]] std::vector<at::Tensor>& variances() { return variances_; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

 private:
  std::vector<at::Tensor> parameters_, means_, variances_;
  Settings settings_;
  std::int64_t steps_ = 0;
};

}  // namespace fw::trainer
