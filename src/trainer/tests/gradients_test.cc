// The packed path against the plain padded one: loss and every gradient.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>

#include "trainer/model/kernels.h"
#include "trainer/model/parallel.h"
#include "trainer/model/reference.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

struct Case {
  const char* name;
  std::int64_t beginning;
  std::int64_t shortest_shared;
  std::int64_t window = 0;
  bool biases = false;
  bool head_norms = false;
  bool untied = false;
  int threads = 2;
  void (*edit)(ModelConfig&) = nullptr;
};

// What Gemma has beside Llama.
void make_gemma(ModelConfig& c) {
  c.activation = Activation::kGelu;
  c.post_norms = true;
  c.embedding_scale = 1.5;
  c.attention_scale = 0.7;
  c.attention_cap = 2;
  c.logit_cap = 3;
  c.sliding_window = 11;
  c.local_rope_theta = 500;
  c.kinds = {{.is_windowed = true, .rope = LayerRope::kLocal}, {}, {.is_windowed = true, .rope = LayerRope::kLocal}};
}
void make_partly_still(ModelConfig& c) {
  c.rotated = 4;
  c.kinds = {{}, {.rope = LayerRope::kNone}, {}};
}

class PackedGradients : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    set_threads(GetParam().threads);
    auto config = TinyModel::config();
    config.sliding_window = GetParam().window;
    config.tied = !GetParam().untied;
    if (GetParam().edit != nullptr) GetParam().edit(config);
    weights_ = TinyModel::make(config, 3, GetParam().biases, GetParam().head_norms);
    Random random(5);
    rows_ = random_rows(5, GetParam().beginning, 9, config.vocab, random);
    const auto more = random_rows(2, GetParam().beginning + 30, 12, config.vocab, random);
    rows_.insert(rows_.end(), more.begin(), more.end());
    rows_.push_back(rows_.front());
  }

  double packed_loss(const Adapter* adapter) const {
    const auto input = prepare(weights_.config, pack(pointers_to(rows_), GetParam().shortest_shared));
    const PackedModel model(weights_, adapter, 256);
    const auto loss = model.loss(model.embed(*input.tree), input, 0).loss;
    loss.backward();
    return loss.item<double>();
  }

  void expect_equal_gradients(std::vector<at::Tensor> leaves, const Adapter* adapter) {
    const double packed = packed_loss(adapter);
    std::vector<at::Tensor> gradients;
    for (auto& leaf : leaves) {
      ASSERT_TRUE(leaf.grad().defined());
      gradients.push_back(leaf.grad().clone());
      leaf.mutable_grad().reset();
    }
    const auto loss = reference_loss(weights_, adapter, rows_);
    loss.backward();
    EXPECT_NEAR(packed, loss.item<double>(), 1e-5 * loss.item<double>());
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      const double scale = leaves[i].grad().abs().max().item<double>();
      const double difference = (leaves[i].grad() - gradients[i]).abs().max().item<double>();
      EXPECT_GT(scale, 0) << "leaf " << i;
      EXPECT_LE(difference, 2e-5 * scale) << "leaf " << i << " of shape " << leaves[i].sizes();
    }
  }

  ModelWeights weights_;
  std::vector<TrainingRow> rows_;
};

TEST_P(PackedGradients, OfAnAdapterAreThoseOfThePaddedBatch) {
  auto adapter = random_adapter(weights_.config, {.rank = 4, .alpha = 6}, 11);
  std::vector<at::Tensor> leaves;
  for (const auto& item : adapter.named()) leaves.push_back(item.tensor);
  expect_equal_gradients(leaves, &adapter);
}

TEST_P(PackedGradients, OfAnAdapterOnSomeLayersAreThoseOfThePaddedBatch) {
  auto adapter = random_adapter(weights_.config,
                                {.rank = 3,
                                 .alpha = 6,
                                 .rank_stabilised = true,
                                 .first_layer = 1,
                                 .targets = {Projection::kValue, Projection::kDown}},
                                12);
  std::vector<at::Tensor> leaves;
  for (const auto& item : adapter.named()) leaves.push_back(item.tensor);
  expect_equal_gradients(leaves, &adapter);
}

TEST_P(PackedGradients, OfEveryWeightAreThoseOfThePaddedBatch) {
  std::vector<at::Tensor> leaves;
  for (auto& p : weights_.parameters()) leaves.push_back(p.requires_grad_(true));
  expect_equal_gradients(leaves, nullptr);
}

INSTANTIATE_TEST_SUITE_P(All, PackedGradients,
                         testing::Values(Case{"NothingShared", 0, 24}, Case{"SharedBeginning", 40, 24},
                                         Case{"ShortSegments", 7, 1},
                                         Case{"OneThread", 40, 8, 0, false, false, false, 1},
                                         Case{"MoreThreadsThanHeads", 40, 8, 0, false, false, false, 7},
                                         Case{"SlidingWindow", 40, 8, 11}, Case{"Biases", 30, 8, 0, true},
                                         Case{"HeadNorms", 30, 8, 0, false, true},
                                         Case{"UntiedHead", 30, 8, 0, false, false, true},
                                         Case{"Gemma", 40, 8, 0, false, true, false, 2, make_gemma},
                                         Case{"PartlyStill", 40, 8, 0, false, false, false, 2, make_partly_still}),
                         [](const auto& info) { return info.param.name; });

// Rows of which each is the beginning of the next: one walk through the longest, with a loss on every answer.
TEST(Conversations, AreTrainedInOneWalkWithTheLossAndGradientsOfTheirTurnsApart) {
  const auto config = TinyModel::config();
  const auto weights = TinyModel::make(config, 3);
  Random random(5);
  const auto whole = random_rows(1, 72, 9, config.vocab, random).front().tokens;
  std::vector<TrainingRow> turns;
  for (const std::size_t end : {20U, 37U, 52U, 70U})
    turns.push_back(
        {{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(end)}, static_cast<std::int64_t>(end) - 6});
  auto adapter = random_adapter(config, {.rank = 4, .alpha = 6}, 11);
  const PackedModel model(weights, &adapter, 128);
  const auto gradients = [&](const std::vector<std::vector<const TrainingRow*>>& passes, double& loss) {
    std::vector<at::Tensor> out;
    loss = 0;
    for (const auto& rows : passes) {
      const auto input = prepare(config, pack(rows, 1));
      const auto result = model.loss(model.embed(*input.tree), input, 0);
      result.loss.backward();
      loss += result.loss.item<double>();
    }
    for (const auto& item : adapter.named()) {
      out.push_back(item.tensor.grad().clone());
      item.tensor.mutable_grad().reset();
    }
    return out;
  };
  EXPECT_EQ(pack(pointers_to(turns), 1).tokens.size(), turns.back().tokens.size() - 1);
  double together = 0, apart = 0;
  const auto once = gradients({pointers_to(turns)}, together);
  const auto each = gradients({{&turns[0]}, {&turns[1]}, {&turns[2]}, {&turns[3]}}, apart);
  EXPECT_NEAR(together, apart, 1e-5 * apart);
  for (std::size_t i = 0; i < once.size(); ++i)
    EXPECT_LE((once[i] - each[i]).abs().max().item<double>(), 2e-5 * each[i].abs().max().item<double>()) << i;
}

TEST(Dropout, DropsTheShareAndKeepsTheMean) {
  auto config = TinyModel::config();
  const auto weights = TinyModel::make(config, 3);
  const auto adapter = random_adapter(config, {.rank = 4, .alpha = 6}, 11);
  Random random(5);
  const auto rows = random_rows(4, 10, 9, config.vocab, random);
  const auto input = prepare(config, pack(pointers_to(rows)));
  PackedModel model(weights, &adapter, 64);
  const auto loss = [&] { return model.loss(model.embed(*input.tree), input, 0).loss.item<double>(); };
  const double without = loss();
  model.set_dropout(0.3, 1);
  const double first = loss(), again = loss();
  model.set_dropout(0.3, 2);
  const double other = loss();
  EXPECT_EQ(first, again);
  EXPECT_NE(first, without);
  EXPECT_NE(first, other);
}

// However rows are packed: a token's mask hangs on itself and what stands before it.
TEST(Dropout, IsTheSameForARowAloneAndAmongOthers) {
  auto config = TinyModel::config();
  const auto weights = TinyModel::make(config, 3);
  const auto adapter = random_adapter(config, {.rank = 4, .alpha = 6}, 11);
  Random random(5);
  const auto rows = random_rows(4, 40, 9, config.vocab, random);
  PackedModel model(weights, &adapter, 64);
  model.set_dropout(0.3, 1);
  const auto loss = [&](std::vector<const TrainingRow*> some) {
    const auto input = prepare(config, pack(some));
    return model.loss(model.embed(*input.tree), input, 0).loss.item<double>();
  };
  double apart = 0;
  for (const auto& row : rows) apart += loss({&row});
  EXPECT_NEAR(loss(pointers_to(rows)), apart, 1e-4 * apart);
}

TEST(Kernels, WhatIsNoNumberStaysNone) {
  const float nan = std::nanf("");
  std::vector<float> row(40, 1.0F);
  row[35] = nan;
  EXPECT_FALSE(kernels::all_finite(row.data(), 40));
  EXPECT_TRUE(kernels::all_finite(row.data(), 35));
  EXPECT_TRUE(std::isnan(kernels::softmax_row(row.data(), 0, 40, 40, 1)));
  std::vector<float> gate_up{nan, 1, 2, 3}, y(2);
  kernels::swiglu(gate_up.data(), 1, 2, y.data());
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_TRUE(std::isfinite(y[1]));
}

TEST(Dropout, GradientIsTheSlopeOfTheDroppedLoss) {
  auto config = TinyModel::config();
  const auto weights = TinyModel::make(config, 3);
  const auto adapter = random_adapter(config, {.rank = 4, .alpha = 6}, 11);
  Random random(5);
  const auto rows = random_rows(4, 10, 9, config.vocab, random);
  const auto input = prepare(config, pack(pointers_to(rows)));
  PackedModel model(weights, &adapter, 64);
  model.set_dropout(0.3, 1);
  const auto loss = [&] { return model.loss(model.embed(*input.tree), input, 0).loss; };
  loss().backward();
  for (const auto& item : adapter.named()) {
    auto* data = const_cast<float*>(item.tensor.const_data_ptr<float>());
    const float kept = data[1];
    data[1] = kept + 0.01F;
    const double above = loss().item<double>();
    data[1] = kept - 0.01F;
    const double below = loss().item<double>();
    data[1] = kept;
    const double slope = (above - below) / 0.02;
    EXPECT_NEAR(item.tensor.grad().flatten()[1].item<double>(), slope, 0.02 * std::abs(slope) + 0.02) << item.name;
  }
}

}  // namespace
}  // namespace fw::trainer
