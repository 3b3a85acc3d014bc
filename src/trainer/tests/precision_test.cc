// bfloat16 matrix products against fp32 ones: the same training to the accuracy that eight bits leave.
#include "trainer/model/precision.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <limits>

#include "trainer/model/gemm.h"
#include "trainer/model/kernels.h"
#include "trainer/model/parallel.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

ModelWeights with_matrices_as(ModelWeights weights, at::ScalarType type) {
  weights.embedding = weights.embedding.to(type);
  weights.head = weights.config.tied ? weights.embedding : weights.head.to(type);
  for (auto& layer : weights.layers)
    for (auto* matrix : {&layer.qkv, &layer.out, &layer.gate_up, &layer.down}) *matrix = matrix->to(type);
  return weights;
}

struct LossAndGradients {
  double loss;
  at::Tensor gradients;  // of all adapter tensors, flat
};

LossAndGradients run(const ModelWeights& weights, const std::vector<TrainingRow>& rows, double dropout) {
  const auto adapter = random_adapter(weights.config, {.rank = 4, .alpha = 6}, 11);
  const auto input = prepare(weights.config, pack(pointers_to(rows)));
  PackedModel model(weights, &adapter, 256);
  model.set_dropout(dropout, 3);
  const auto loss = model.loss(model.embed(*input.tree), input, 0).loss;
  loss.backward();
  std::vector<at::Tensor> flat;
  for (const auto& item : adapter.named()) flat.push_back(item.tensor.grad().flatten());
  return {loss.item<double>(), at::cat(flat)};
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
  return (at::dot(a, b) / (a.norm() * b.norm())).item<double>();
}

class Bf16Products : public testing::TestWithParam<double> {};

TEST_P(Bf16Products, GiveTheLossAndGradientsOfFp32OnesOnTheSameWeights) {
  set_threads(2);
  const auto config = TinyModel::config();
  Random random(5);
  const auto rows = random_rows(6, 30, 12, config.vocab, random);
  const auto halves = with_matrices_as(TinyModel::make(config, 3, true), at::kBFloat16);
  const auto bf16 = run(halves, rows, GetParam());
  const auto fp32 = run(with_matrices_as(halves, at::kFloat), rows, GetParam());
  EXPECT_NE(bf16.loss, fp32.loss);
  EXPECT_NEAR(bf16.loss, fp32.loss, 5e-3 * fp32.loss);
  EXPECT_GT(cosine(bf16.gradients, fp32.gradients), 0.999);
  EXPECT_NEAR(bf16.gradients.norm().item<double>(), fp32.gradients.norm().item<double>(),
              0.02 * fp32.gradients.norm().item<double>());
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutDropout, Bf16Products, testing::Values(0.0, 0.3));

TEST(RoundToBf16, IsToTheNearestTiesToEven) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto special = at::tensor({0.0F, -0.0F, 1.00390625F, 1.01171875F, kInfinity, -kInfinity, 3.4e38F, 1e-40F,
                                   std::numeric_limits<float>::quiet_NaN()});
  const auto values = at::cat({special, at::randn({1000})});
  const auto expected = values.to(at::kBFloat16).to(at::kFloat);
  std::vector<Bf16> got(static_cast<std::size_t>(values.numel()));
  kernels::round_to_bf16(values.const_data_ptr<float>(), values.numel(), got.data());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const float number = std::bit_cast<float>(std::uint32_t{got[i]} << 16);
    const float wanted = expected[static_cast<std::int64_t>(i)].item<float>();
    EXPECT_TRUE(number == wanted || (std::isnan(number) && std::isnan(wanted))) << values[static_cast<std::int64_t>(i)];
  }
}

}  // namespace
}  // namespace fw::trainer
