// The GPU against the packed path on the processor, in what bfloat16 allows; recorded trainings; the same bits twice.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/file.h"
#include "trainer/device/cuda/cuda_device.h"
#include "trainer/device/device_model.h"
#include "trainer/loop/training.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/tests/golden_support.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

Device* gpu() {
  static const auto device = open_cuda_device();
  if (!device.ok()) {
    std::printf("no GPU: %s\n", device.error().message.c_str());
    return nullptr;
  }
  return device->get();
}

AdamWStep step_at(int step, double rate, double weight_decay, double clip) {
  const auto t = static_cast<double>(step);
  return {.learning_rate = static_cast<float>(rate),
          .weight_decay = static_cast<float>(weight_decay),
          .clip_norm = static_cast<float>(clip),
          .correction1 = static_cast<float>(1 - std::pow(0.9, t)),
          .correction2 = static_cast<float>(std::sqrt(1 - std::pow(0.999, t)))};
}

struct Case {
  const char* name;
  std::int64_t head_dim = 64;
  std::int64_t rotated = 0;
  bool biases = false;
  bool head_norms = false;
  std::int64_t window = 0;
  int first_layer = 0;
  bool recomputes = false;
  std::int64_t beginning = 150;
  Activation activation = Activation::kSilu;
  double dropout = 0;
  bool post_norms = false;
};

class CudaPass : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (gpu() == nullptr) GTEST_SKIP() << "no GPU";
    auto config = TinyModel::config();
    config.vocab = 1000;
    config.hidden = 256;
    config.feed_forward = 512;
    config.head_dim = GetParam().head_dim;
    config.rotated = GetParam().rotated;
    config.sliding_window = GetParam().window;
    config.activation = GetParam().activation;
    config.post_norms = GetParam().post_norms;
    weights_ = TinyModel::make(config, 3, GetParam().biases, GetParam().head_norms);
    Random random(5);
    rows_ = random_rows(5, GetParam().beginning, 40, config.vocab, random);
    const auto more = random_rows(2, GetParam().beginning + 30, 60, config.vocab, random);
    rows_.insert(rows_.end(), more.begin(), more.end());
    rows_.push_back(rows_.front());
    rows_.push_back({{rows_[1].tokens.begin(), rows_[1].tokens.end() - 1}, rows_[1].answer_begin - 1});
    adapter_ = random_adapter(config, {.rank = 16, .alpha = 4, .first_layer = GetParam().first_layer}, 11);
    tree_ = pack(pointers_to(rows_), 8);
  }

  ModelWeights weights_;
  Adapter adapter_;
  std::vector<TrainingRow> rows_;
  TokenTree tree_;
};

TEST_P(CudaPass, HasTheLossAndTheGradientsOfTheProcessor) {
  const at::AutoGradMode with_gradients(true);
  const auto input = prepare(weights_.config, tree_);
  PackedModel packed(weights_, &adapter_, 512);
  packed.set_dropout(GetParam().dropout, 7);
  const auto expected = packed.loss(packed.before(input, GetParam().first_layer), input, GetParam().first_layer);
  (expected.loss * 0.125).backward();

  DeviceWeights on_device(*gpu(), weights_, &adapter_, 512);
  DeviceModel model(*gpu(), on_device, GetParam().first_layer);
  model.set_recomputation(GetParam().recomputes);
  model.set_dropout(GetParam().dropout, 7);
  DeviceModel::Terms terms;
  std::vector<at::Tensor> gradients, before;
  for (const auto& item : adapter_.named()) gradients.push_back(item.tensor.detach().clone());
  for (int run = 0; run < 3; ++run) {  // launched, recorded, replayed
    on_device.clear_gradients();
    terms = model.train(tree_, 0.125);
    before.clear();
    for (const auto& t : gradients) before.push_back(t.clone());
    on_device.read(DeviceWeights::State::kGradients, gradients);
    if (run == 0) continue;
    for (std::size_t i = 0; i < gradients.size(); ++i)
      EXPECT_EQ((gradients[i] - before[i]).abs().max().item<double>(), 0) << "run " << run << " tensor " << i;
  }
  const double loss = expected.loss.item<double>();
  EXPECT_NEAR(terms.loss, loss, 3e-3 * loss);
  double worst = 0;
  const auto named = adapter_.named();
  for (std::size_t i = 0; i < named.size(); ++i) {
    const double difference = (named[i].tensor.grad() - gradients[i]).norm().item<double>();
    const double relative = difference / named[i].tensor.grad().norm().item<double>();
    worst = std::isfinite(relative) ? std::max(worst, relative) : INFINITY;
    EXPECT_LE(relative, 0.06) << named[i].name;
  }
  std::printf("%s: loss %.5f (fp32 %.5f), gradients differ by at most %.4f\n", GetParam().name, terms.loss, loss,
              worst);
}

INSTANTIATE_TEST_SUITE_P(
    All, CudaPass,
    testing::Values(Case{"Plain"}, Case{"NothingShared", 64, 0, false, false, 0, 0, false, 0}, Case{"Heads128", 128},
                    Case{"OddHeads", 12, 0, false, true}, Case{"PartlyRotated", 64, 32}, Case{"Biases", 64, 0, true},
                    Case{"HeadNorms", 128, 0, false, true}, Case{"SlidingWindow", 64, 0, false, false, 70},
                    Case{"UpperLayers", 64, 0, true, false, 0, 1}, Case{"LastLayer", 64, 0, false, true, 0, 2},
                    Case{"Recomputed", 64, 0, true, true, 0, 0, true},
                    Case{"Dropout", 64, 0, true, false, 0, 1, true, 150, Activation::kSilu, 0.3},
                    Case{.name = "Heads256", .head_dim = 256, .head_norms = true},
                    Case{.name = "PostNorms", .post_norms = true},
                    Case{.name = "PostNormsRecomputed", .recomputes = true, .post_norms = true},
                    Case{"Gelu", 64, 0, false, false, 0, 0, false, 150, Activation::kGelu}),
    [](const auto& info) { return info.param.name; });

// Golden trainings with an adapter alone; what is trained whole beside it is the processor's.
std::vector<std::string> runs() {
  std::vector<std::string> names;
  for (const auto& model : folders_in(golden_folder() / "training"))
    for (const auto& run : folders_in(golden_folder() / "training" / model))
      if (run != "full" && run != "lora-embeddings") names.push_back(model + "/" + run);
  return names;
}

class CudaTraining : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (gpu() == nullptr) GTEST_SKIP() << "no GPU";
    folder_ = golden_folder() / "training" / GetParam();
    run_ = nlohmann::json::parse(io::read_file(folder_ / "run.json").value());
    batches_.emplace(folder_ / "batches.safetensors");
    weights_ = load_or_throw(golden_folder() / "models" / run_.at("model").get<std::string>());
    adapter_ = read_peft_adapter(weights_.config, folder_ / "initial", SavedModules::kLeftToCaller).value();
  }

  [[nodiscard]] TokenTree tree(int step, int micro) const {
    char stem[32];
    std::snprintf(stem, sizeof stem, "%02d.%d", step, micro);
    const auto ids = batches_->integers(std::string(stem) + ".ids"),
               mask = batches_->integers(std::string(stem) + ".mask");
    const auto labels = batches_->integers(std::string(stem) + ".labels");
    std::vector<TrainingRow> rows;
    for (std::int64_t r = 0; r < ids.size(0); ++r) {
      TrainingRow row;
      row.answer_begin = -1;
      for (std::int64_t i = 0; i < ids.size(1); ++i) {
        if (mask[r][i].item<std::int64_t>() == 0) continue;
        row.tokens.push_back(static_cast<Token>(ids[r][i].item<std::int64_t>()));
        if (labels[r][i].item<std::int64_t>() != -100 && row.answer_begin < 0) row.answer_begin = i;
      }
      rows.push_back(std::move(row));
    }
    return pack(pointers_to(rows));
  }

  // Runs steps [first, last); the losses.
  std::vector<double> steps(DeviceWeights& weights, DeviceModel& model, int first, int last) const {
    std::vector<double> losses;
    const auto& o = run_.at("optimizer");
    for (int step = first; step < last; ++step) {
      const auto& expected = run_.at("log").at(static_cast<std::size_t>(step));
      const double tokens = expected.at("label_tokens");
      double loss = 0;
      weights.clear_gradients();
      for (int m = 0; m < run_.at("micro_batches").get<int>(); ++m) loss += model.train(tree(step, m), 1 / tokens).loss;
      static_cast<void>(
          weights.step(step_at(step + 1, expected.at("lr"), o.at("weight_decay"), o.at("clip_grad_norm"))));
      losses.push_back(loss / tokens);
    }
    return losses;
  }

  std::filesystem::path folder_;
  nlohmann::json run_;
  std::optional<Vectors> batches_;
  ModelWeights weights_;
  Adapter adapter_;
};

TEST_P(CudaTraining, HasTheRecordedLosses) {
  DeviceWeights weights(*gpu(), weights_, &adapter_, 128);
  DeviceModel model(*gpu(), weights, 0);
  const auto losses = steps(weights, model, 0, run_.at("steps"));
  double worst = 0;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double expected = run_.at("log").at(i).at("loss");
    worst = std::max(worst, std::abs(losses[i] / expected - 1));
    EXPECT_NEAR(losses[i], expected, 0.01 * expected) << "step " << i;
  }
  std::printf("%s: losses differ by at most %.5f of them\n", GetParam().c_str(), worst);
}

TEST_P(CudaTraining, TakenUpInTheMiddleIsNotInterrupted) {
  const int all = run_.at("steps"), middle = all / 2;
  DeviceWeights whole(*gpu(), weights_, &adapter_, 128);
  DeviceModel whole_model(*gpu(), whole, 0);
  static_cast<void>(steps(whole, whole_model, 0, middle));
  std::vector<at::Tensor> values, means, variances, expected, found;
  for (const auto& item : adapter_.named())
    for (auto* set : {&values, &means, &variances, &expected, &found}) set->push_back(item.tensor.detach().clone());
  whole.read(DeviceWeights::State::kValues, values);
  whole.read(DeviceWeights::State::kMeans, means);
  whole.read(DeviceWeights::State::kVariances, variances);
  const auto first = steps(whole, whole_model, middle, all);
  whole.read(DeviceWeights::State::kValues, expected);

  DeviceWeights again(*gpu(), weights_, &adapter_, 128);
  DeviceModel again_model(*gpu(), again, 0);
  again_model.set_recording(false);
  again.write(DeviceWeights::State::kValues, values);
  again.write(DeviceWeights::State::kMeans, means);
  again.write(DeviceWeights::State::kVariances, variances);
  EXPECT_EQ(steps(again, again_model, middle, all), first);
  again.read(DeviceWeights::State::kValues, found);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ((found[i] - expected[i]).abs().max().item<double>(), 0) << "tensor " << i;
}

INSTANTIATE_TEST_SUITE_P(All, CudaTraining, testing::ValuesIn(runs()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

// The whole loop, with frozen lower layers, dropout, validation and checkpoints.
class CudaLoop : public testing::Test {
 protected:
  void SetUp() override {
    if (gpu() == nullptr) GTEST_SKIP() << "no GPU";
    auto config = TinyModel::config();
    config.vocab = 1000;
    config.hidden = 256;
    config.feed_forward = 512;
    config.head_dim = 64;
    weights_ = TinyModel::make(config, 3);
    Random random(5);
    rows_ = random_rows(60, 150, 60, config.vocab, random);
    validation_ = random_rows(10, 150, 60, config.vocab, random);
    options_.epochs = 3;
    options_.batch_size = 20;
    options_.learning_rate = 1e-3;
    options_.rank = 8;
    options_.alpha = 8;
    options_.dropout = 0.1;
    options_.upper_layers = 2;
  }

  std::vector<Progress> run(Device* device, std::int64_t stop_after = -1) {
    const at::AutoGradMode with_gradients(device == nullptr);
    std::vector<Progress> curve;
    std::int64_t fresh = 0;
    TrainingEvents events;
    events.on_progress = [&](const Progress& p, bool again) {
      curve.push_back(p);
      fresh += again ? 0 : 1;
    };
    events.should_stop = [&] { return stop_after >= 0 && fresh >= stop_after; };
    options_.device = device;
    auto result = train(weights_, rows_, validation_, options_, events, clock_);
    if (result.ok()) warnings_ = result->warnings;
    EXPECT_TRUE(result.ok() || stop_after >= 0) << result.error();
    return curve;
  }

  ModelWeights weights_;
  std::vector<TrainingRow> rows_, validation_;
  TrainingOptions options_;
  std::vector<std::string> warnings_;
  ManualClock clock_;
};

TEST_F(CudaLoop, HasTheLossesOfTheProcessor) {
  const auto expected = run(nullptr), found = run(gpu());
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(*found[i].loss, *expected[i].loss, 0.01 * *expected[i].loss);
  EXPECT_NEAR(*found.back().validation_loss, *expected.back().validation_loss, 0.01 * *expected.back().validation_loss);
}

TEST_F(CudaLoop, GoesOnFromItsCheckpointAsIfNothingHadHappened) {
  const auto expected = run(gpu());
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  static_cast<void>(run(gpu(), 4));
  const auto resumed = run(gpu());
  ASSERT_EQ(resumed.size(), expected.size());
  for (std::size_t i = 0; i < resumed.size(); ++i) EXPECT_EQ(resumed[i].loss, expected[i].loss) << i;
}

TEST_F(CudaLoop, WhenOthersTakeTheMemoryPassesBecomeSmallerWithTheSameLosses) {
  // A small vocabulary, so that logits do not count; many rows, so that a whole step does.
  auto config = weights_.config;
  config.vocab = 64;
  weights_ = TinyModel::make(config, 3);
  Random random(5);
  rows_ = random_rows(200, 150, 60, config.vocab, random);
  validation_.clear();
  options_.upper_layers.reset();
  options_.batch_size = 200;
  const auto expected = run(gpu());
  options_.pass_tokens = 1 << 20;
  for (std::uint64_t left = 40ULL << 20; left < (1ULL << 30) && warnings_.empty(); left += left / 4) {
    DeviceMemory taken(*gpu());
    static_cast<void>(taken.take(static_cast<std::int64_t>(gpu()->free_bytes() - left)));
    double last = 0;
    TrainingEvents events;
    events.on_progress = [&](const Progress& p, bool) { last = *p.loss; };
    options_.device = gpu();
    const auto result = train(weights_, rows_, validation_, options_, events, clock_);
    if (!result.ok()) {
      EXPECT_EQ(result.error().code, ErrorCode::kResourceExhausted) << result.error();
      continue;
    }
    warnings_ = result->warnings;
    EXPECT_NEAR(last, *expected.back().loss, 1e-3 * last);
    if (warnings_.empty()) break;
  }
  ASSERT_FALSE(warnings_.empty());
  std::printf("%s\n", warnings_.front().c_str());
}

}  // namespace
}  // namespace fw::trainer
