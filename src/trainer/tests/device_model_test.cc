// The device's forward and backward pass on its plain operations, against the packed path and its derivatives.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <optional>

#include "trainer/device/device_model.h"
#include "trainer/device/plain_device.h"
#include "trainer/loop/optimizer.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

struct Case {
  const char* name;
  bool biases = false;
  bool head_norms = false;
  std::int64_t window = 0;
  bool untied = false;
  int first_layer = 0;
  bool recomputes = false;
  std::int64_t beginning = 40;
  double dropout = 0;
  std::vector<Projection> targets{kProjections.begin(), kProjections.end()};
  bool post_norms = false;
};

class DevicePass : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    auto config = TinyModel::config();
    config.head_dim = 8;
    config.sliding_window = GetParam().window;
    config.tied = !GetParam().untied;
    config.post_norms = GetParam().post_norms;
    weights_ = TinyModel::make(config, 3, GetParam().biases, GetParam().head_norms);
    Random random(5);
    rows_ = random_rows(5, GetParam().beginning, 9, config.vocab, random);
    const auto more = random_rows(2, GetParam().beginning + 30, 12, config.vocab, random);
    rows_.insert(rows_.end(), more.begin(), more.end());
    rows_.push_back(rows_.front());
    // A turn that is the beginning of another row.
    rows_.push_back({{rows_[1].tokens.begin(), rows_[1].tokens.end() - 1}, rows_[1].answer_begin - 1});
    adapter_ = random_adapter(
        config, {.rank = 4, .alpha = 6, .first_layer = GetParam().first_layer, .targets = GetParam().targets}, 11);
    tree_ = pack(pointers_to(rows_), 8);
  }

  [[nodiscard]] std::vector<at::Tensor> tensors() const {
    std::vector<at::Tensor> out;
    for (const auto& item : adapter_.named()) out.push_back(item.tensor);
    return out;
  }

  ModelWeights weights_;
  Adapter adapter_;
  std::vector<TrainingRow> rows_;
  TokenTree tree_;
};

TEST_P(DevicePass, HasTheLossAndTheGradientsOfThePackedPath) {
  const auto input = prepare(weights_.config, tree_);
  PackedModel packed(weights_, &adapter_, 256);
  packed.set_dropout(GetParam().dropout, 7);
  const auto expected = packed.loss(packed.before(input, GetParam().first_layer), input, GetParam().first_layer);
  (expected.loss * 0.125).backward();

  const auto device = make_plain_device(Element::kFp32);
  DeviceWeights on_device(*device, weights_, &adapter_, 256);
  DeviceModel model(*device, on_device, GetParam().first_layer);
  model.set_recomputation(GetParam().recomputes);
  model.set_dropout(GetParam().dropout, 7);
  DeviceModel::Terms terms;
  for (int run = 0; run < 3; ++run) {
    on_device.clear_gradients();
    terms = model.train(tree_, 0.125);
  }
  const double loss = expected.loss.item<double>();
  EXPECT_NEAR(terms.loss, loss, 1e-5 * loss);
  ASSERT_EQ(terms.losses.size(), expected.losses.size());
  for (std::size_t i = 0; i < terms.losses.size(); ++i) EXPECT_NEAR(terms.losses[i], expected.losses[i], 1e-4) << i;
  EXPECT_EQ(terms.hits, expected.hits);

  std::vector<at::Tensor> gradients;
  for (const auto& t : tensors()) gradients.push_back(t.detach().clone());
  on_device.read(DeviceWeights::State::kGradients, gradients);
  const auto named = adapter_.named();
  for (std::size_t i = 0; i < named.size(); ++i) {
    const double scale = named[i].tensor.grad().abs().max().item<double>();
    EXPECT_LE((named[i].tensor.grad() - gradients[i]).abs().max().item<double>(), 2e-5 * scale) << named[i].name;
  }
}

TEST_P(DevicePass, AStepIsThatOfTheOptimiser) {
  const auto device = make_plain_device(Element::kFp32);
  DeviceWeights on_device(*device, weights_, &adapter_, 256);
  DeviceModel model(*device, on_device, GetParam().first_layer);
  Optimizer optimizer(tensors(), {.eps = 1e-3, .weight_decay = 0.1, .clip_norm = 0.5});
  const PackedModel packed(weights_, &adapter_, 256);
  for (int step = 1; step <= 3; ++step) {
    const auto input = prepare(weights_.config, tree_);
    packed.loss(packed.before(input, GetParam().first_layer), input, GetParam().first_layer).loss.backward();
    on_device.clear_gradients();
    static_cast<void>(model.train(tree_, 1));
    const auto t = static_cast<double>(step);
    const double norm = on_device.step({.learning_rate = 0.01F,
                                        .eps = 1e-3F,
                                        .weight_decay = 0.1F,
                                        .clip_norm = 0.5F,
                                        .correction1 = static_cast<float>(1 - std::pow(0.9, t)),
                                        .correction2 = static_cast<float>(std::sqrt(1 - std::pow(0.999, t)))});
    const double expected = optimizer.step(0.01);
    EXPECT_NEAR(norm, expected, 1e-4 * expected);
  }
  std::vector<at::Tensor> values;
  for (const auto& t : tensors()) values.push_back(t.detach().clone());
  on_device.read(DeviceWeights::State::kValues, values);
  const auto named = adapter_.named();
  for (std::size_t i = 0; i < named.size(); ++i)
    EXPECT_LE((named[i].tensor - values[i]).abs().max().item<double>(), 1e-5) << named[i].name;
}

TEST_P(DevicePass, GivenStatesAreTheOnesItWouldCompute) {
  const auto device = make_plain_device(Element::kFp32);
  DeviceWeights on_device(*device, weights_, &adapter_, 256);
  DeviceModel model(*device, on_device, GetParam().first_layer);
  const auto computed = model.score(tree_);
  std::vector<float> states(tree_.tokens.size() * static_cast<std::size_t>(weights_.config.hidden));
  model.states_before(tree_, GetParam().first_layer, states.data());
  const auto given = model.score(tree_, states.data());
  EXPECT_NEAR(given.loss, computed.loss, 1e-4);
  EXPECT_EQ(given.hits, computed.hits);
}

INSTANTIATE_TEST_SUITE_P(
    All, DevicePass,
    testing::Values(Case{"Plain"}, Case{"NothingShared", false, false, 0, false, 0, false, 0}, Case{"Biases", true},
                    Case{"HeadNorms", false, true}, Case{"SlidingWindow", false, false, 11},
                    Case{"UntiedHead", false, false, 0, true}, Case{"UpperLayers", true, false, 0, false, 1},
                    Case{"LastLayer", false, true, 0, false, 2}, Case{"Recomputed", true, true, 0, false, 0, true},
                    Case{"Dropout", true, false, 0, false, 1, false, 40, 0.3},
                    Case{"DropoutRecomputed", false, false, 0, false, 0, true, 40, 0.3},
                    Case{.name = "PostNorms", .post_norms = true},
                    Case{.name = "PostNormsUpperLayers", .first_layer = 1, .dropout = 0.3, .post_norms = true},
                    Case{.name = "PostNormsRecomputed", .biases = true, .recomputes = true, .post_norms = true},
                    Case{"SomeTargets",
                         false,
                         false,
                         0,
                         false,
                         1,
                         false,
                         40,
                         0,
                         {Projection::kValue, Projection::kUp, Projection::kDown}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace fw::trainer
