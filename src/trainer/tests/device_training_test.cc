// Trainings whose steps a device runs, on its plain operations, beside the same ones on the processor.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "trainer/device/plain_device.h"
#include "trainer/loop/training.h"
#include "trainer/model/parallel.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

class DeviceTraining : public testing::Test {
 protected:
  void SetUp() override {
    set_threads(2);
    auto config = TinyModel::config();
    config.head_dim = 8;
    weights_ = TinyModel::make(config, 3);
    Random random(5);
    rows_ = random_rows(10, 30, 12, config.vocab, random);
    validation_ = random_rows(4, 30, 12, config.vocab, random);
    options_.epochs = 2;
    options_.batch_size = 4;
    options_.learning_rate = 1e-3;
    options_.rank = 4;
    options_.alpha = 8;
    options_.dropout = 0.1;
    options_.upper_layers = 2;
    options_.seed = 9;
  }

  Result<TrainingResult> run(Device* device, std::int64_t stop_after = -1) {
    TrainingEvents events;
    curve_.clear();
    std::int64_t fresh = 0;
    events.on_progress = [&](const Progress& p, bool again) {
      curve_.push_back(p);
      fresh += again ? 0 : 1;
    };
    events.should_stop = [&] { return stop_after >= 0 && fresh >= stop_after; };
    options_.device = device;
    return train(weights_, rows_, validation_, options_, events, clock_);
  }

  void expect_curve(const std::vector<Progress>& expected, double tolerance) const {
    ASSERT_EQ(curve_.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(curve_[i].loss.value(), expected[i].loss.value(), tolerance * expected[i].loss.value()) << i;
      ASSERT_EQ(curve_[i].validation_loss.has_value(), expected[i].validation_loss.has_value());
      if (expected[i].validation_loss)
        EXPECT_NEAR(*curve_[i].validation_loss, *expected[i].validation_loss, tolerance * *expected[i].validation_loss);
    }
  }

  ModelWeights weights_;
  std::vector<TrainingRow> rows_, validation_;
  TrainingOptions options_;
  std::vector<Progress> curve_;
  ManualClock clock_;
};

TEST_F(DeviceTraining, HasTheLossesOfTheProcessor) {
  ASSERT_TRUE(run(nullptr).ok());
  const auto expected = curve_;
  const auto device = make_plain_device(Element::kFp32);
  const auto result = run(device.get());
  ASSERT_TRUE(result.ok()) << result.error();
  expect_curve(expected, 1e-4);
}

TEST_F(DeviceTraining, InBfloat16HasThemNearly) {
  ASSERT_TRUE(run(nullptr).ok());
  const auto expected = curve_;
  const auto device = make_plain_device(Element::kBf16);
  ASSERT_TRUE(run(device.get()).ok());
  expect_curve(expected, 1e-2);
}

TEST_F(DeviceTraining, GoesOnFromItsCheckpointAsIfNothingHadHappened) {
  const auto device = make_plain_device(Element::kBf16);
  const auto whole = run(device.get());
  const auto expected = curve_;
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  EXPECT_EQ(run(device.get(), 4).error().code, ErrorCode::kCancelled);
  const auto resumed = run(device.get());
  ASSERT_TRUE(resumed.ok()) << resumed.error();
  EXPECT_EQ(resumed->resumed_from, 4);
  expect_curve(expected, 0);
  const auto first = whole->adapter.named(), second = resumed->adapter.named();
  for (std::size_t i = 0; i < first.size(); ++i)
    EXPECT_EQ((first[i].tensor - second[i].tensor).abs().max().item<double>(), 0) << first[i].name;
}

// The plan knows what is free when it is made; others may take of it afterwards.
TEST_F(DeviceTraining, ADeviceThatIsTooSmallForAPassRunsSmallerOnesWithTheSameLosses) {
  options_.dropout = 0.1;
  options_.upper_layers.reset();
  options_.batch_size = 8;
  const auto large = make_plain_device(Element::kFp32);
  ASSERT_TRUE(run(large.get()).ok());
  const auto expected = curve_;
  options_.pass_tokens = 1 << 20;
  std::optional<TrainingResult> cut;
  for (std::uint64_t memory = 64 << 10; memory < (64 << 20) && !cut; memory += memory / 8) {
    const auto small = make_plain_device(Element::kFp32, memory);
    auto result = run(small.get());
    if (result.ok()) cut = std::move(result).value();
  }
  ASSERT_TRUE(cut);
  ASSERT_FALSE(cut->warnings.empty());
  EXPECT_NE(cut->warnings.front().find("memory ran out"), std::string::npos);
  expect_curve(expected, 1e-4);
}

TEST_F(DeviceTraining, WeightsThatDoNotFitAreNamedWithWhatTheyNeed) {
  const auto device = make_plain_device(Element::kFp32, 4096);
  const auto result = run(device.get());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(result.error().message.find("device: cpu"), std::string::npos);
}

TEST_F(DeviceTraining, WhatNoDeviceCanTrainIsRefusedByName) {
  weights_.config.attention_cap = 50;
  const auto device = make_plain_device(Element::kFp32);
  const auto result = run(device.get());
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("caps attention's scores"), std::string::npos);
}

}  // namespace
}  // namespace fw::trainer
