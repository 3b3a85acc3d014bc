#include "trainer/loop/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "trainer/model/kernels.h"
#include "trainer/model/parallel.h"

namespace fw::trainer {
namespace {

constexpr std::int64_t kGrain = 1 << 15;

}  // namespace

Optimizer::Optimizer(std::vector<at::Tensor> parameters, Settings settings)
    : parameters_(std::move(parameters)), settings_(settings) {
  at::NoGradGuard no_grad;
  for (const auto& p : parameters_) {
    FW_ASSERT(p.is_contiguous() && p.scalar_type() == at::kFloat);
    means_.push_back(at::zeros_like(p));
    variances_.push_back(at::zeros_like(p));
  }
}

double Optimizer::step(double learning_rate) {
  double squares = 0;
  for (const auto& p : parameters_)
    if (p.grad().defined()) squares += kernels::sum_of_squares(p.grad().const_data_ptr<float>(), p.numel());
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) return norm;
  const double scale = settings_.clip_norm > 0 ? std::min(1.0, settings_.clip_norm / (norm + 1e-6)) : 1.0;
  ++steps_;
  const auto t = static_cast<double>(steps_);
  const kernels::AdamW update{static_cast<float>(learning_rate),
                              static_cast<float>(settings_.eps),
                              static_cast<float>(settings_.weight_decay),
                              static_cast<float>(settings_.beta2),
                              static_cast<float>(1 - settings_.beta1),
                              static_cast<float>(1 - settings_.beta2),
                              static_cast<float>(1 - std::pow(settings_.beta1, t)),
                              static_cast<float>(std::sqrt(1 - std::pow(settings_.beta2, t))),
                              static_cast<float>(scale)};
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    auto& p = parameters_[i];
    if (!p.grad().defined()) continue;
    FW_ASSERT(p.grad().is_contiguous());
    const float* gradient = p.grad().const_data_ptr<float>();
    // The data pointers are written to directly: a leaf that requires gradients refuses in-place operations.
    auto* values = const_cast<float*>(p.const_data_ptr<float>());
    auto* mean = means_[i].mutable_data_ptr<float>();
    auto* variance = variances_[i].mutable_data_ptr<float>();
    for_ranges(p.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels::adamw(update, gradient + begin, end - begin, values + begin, mean + begin, variance + begin);
    });
    p.mutable_grad().reset();
  }
  return norm;
}

}  // namespace fw::trainer
