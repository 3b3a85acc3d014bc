#include "trainer/loop/training.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "trainer/loop/frozen_states.h"
#include "trainer/model/parallel.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

class LoraTraining : public testing::Test {
 protected:
  void SetUp() override {
    set_threads(2);
    weights_ = TinyModel::make(TinyModel::config(), 3);
    Random random(5);
    rows_ = random_rows(22, 30, 12, weights_.config.vocab, random);
    validation_ = random_rows(6, 30, 12, weights_.config.vocab, random);
    options_.epochs = 3;
    options_.batch_size = 4;
    options_.learning_rate = 5e-3;
    options_.rank = 4;
    options_.alpha = 8;
    options_.dropout = 0.1;
    options_.seed = 9;
  }

  // Trains; with `stop_after`, stops once so many steps are done.
  Result<TrainingResult> run(std::int64_t stop_after = -1) {
    TrainingEvents events;
    curve_.clear();
    std::int64_t fresh = 0;
    events.on_progress = [&](const Progress& p, bool again) {
      curve_.push_back(p);
      fresh += again ? 0 : 1;
    };
    events.should_stop = [&] { return stop_after >= 0 && fresh >= stop_after; };
    return train(weights_, rows_, validation_, options_, events, clock_);
  }

  static void expect_same(const Adapter& a, const Adapter& b, double tolerance = 0) {
    const auto first = a.named(), second = b.named();
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i)
      EXPECT_LE((first[i].tensor - second[i].tensor).abs().max().item<double>(), tolerance) << first[i].name;
  }

  ModelWeights weights_;
  std::vector<TrainingRow> rows_, validation_;
  TrainingOptions options_;
  std::vector<Progress> curve_;
  ManualClock clock_;
};

TEST_F(LoraTraining, LearnsItsRows) {
  options_.epochs = 60;
  const auto result = run();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_LT(curve_.back().loss.value(), 0.3 * curve_.front().loss.value());
}

TEST_F(LoraTraining, SameSeedGivesTheSameAdapterAndAnotherSeedAnother) {
  const auto first = run(), second = run();
  ASSERT_TRUE(first.ok() && second.ok());
  expect_same(first->adapter, second->adapter);
  options_.seed = 10;
  const auto third = run();
  EXPECT_GT((first->adapter.named()[0].tensor - third->adapter.named()[0].tensor).abs().max().item<double>(), 0);
}

TEST_F(LoraTraining, ReportsEveryStepAndValidatesAtEachEpochsEnd) {
  const auto result = run();
  ASSERT_TRUE(result.ok()) << result.error();
  ASSERT_EQ(curve_.size(), 18U);  // 22 rows are 6 steps of 4
  for (const auto& p : curve_) EXPECT_EQ(p.validation_loss.has_value(), p.step % 6 == 0);
  EXPECT_EQ(result->validation_loss, curve_.back().validation_loss);
}

TEST_F(LoraTraining, GoesOnFromItsCheckpointAsIfNothingHadHappened) {
  const auto whole = run();
  const auto whole_curve = curve_;
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  EXPECT_EQ(run(7).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(run(4).error().code, ErrorCode::kCancelled);
  const auto resumed = run();
  ASSERT_TRUE(resumed.ok()) << resumed.error();
  EXPECT_EQ(resumed->resumed_from, 11);
  expect_same(whole->adapter, resumed->adapter);
  ASSERT_EQ(curve_.size(), whole_curve.size());
  for (std::size_t i = 0; i < curve_.size(); ++i) EXPECT_EQ(curve_[i].loss, whole_curve[i].loss);
}

TEST_F(LoraTraining, DoesNotTakeUpTheCheckpointOfAnotherJob) {
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  EXPECT_FALSE(run(7).ok());
  options_.learning_rate *= 2;
  EXPECT_EQ(run()->resumed_from, 0);
}

TEST_F(LoraTraining, RefusesADamagedCheckpointWithTheRemedy) {
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  ASSERT_TRUE(io::write_file_atomically(folder.path() / "checkpoint.safetensors", "half").ok());
  const auto result = run();
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("delete it"), std::string::npos);
}

TEST_F(LoraTraining, UpperLayersFromKeptStatesTrainAsFromTheTokens) {
  options_.upper_layers = 1;
  options_.dropout = 0;
  const auto in_memory = run();
  ASSERT_TRUE(in_memory.ok()) << in_memory.error();
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.frozen_memory_limit = 0;
  const auto on_disk = run();
  ASSERT_TRUE(on_disk.ok()) << on_disk.error();
  expect_same(in_memory->adapter, on_disk->adapter);
  EXPECT_FALSE(in_memory->adapter.at(1, Projection::kQuery).a.defined());
  EXPECT_TRUE(in_memory->adapter.at(2, Projection::kQuery).a.defined());

  const auto all = pointers_to(rows_);
  const auto states = FrozenStates::compute(weights_, all, 2, {1 << 20, {}, {}});
  ASSERT_TRUE(states.ok()) << states.error();
  const std::vector<std::size_t> numbers{3, 0, 7};
  std::vector<const TrainingRow*> batch;
  for (const auto n : numbers) batch.push_back(all[n]);
  const auto input = prepare(weights_.config, pack(batch));
  const PackedModel model(weights_, nullptr, 64);
  const auto direct = model.run_layers(model.embed(*input.tree), input, 0, 2);
  EXPECT_LE((direct - states->gather(*input.tree, numbers)).abs().max().item<double>(), 1e-5);
}

TEST_F(LoraTraining, CutsAStepIntoPassesThatFitWithoutChangingIt) {
  options_.dropout = 0;
  const auto whole = run();
  options_.pass_tokens = 50;
  const auto cut = run();
  ASSERT_TRUE(whole.ok() && cut.ok());
  expect_same(whole->adapter, cut->adapter, 2e-4);
}

TEST_F(LoraTraining, AccumulatedBatchesAreOneLargeBatch) {
  options_.dropout = 0;
  options_.batch_size = 8;
  const auto large = run();
  options_.batch_size = 2;
  options_.gradient_accumulation = 4;
  const auto accumulated = run();
  ASSERT_TRUE(large.ok() && accumulated.ok());
  expect_same(large->adapter, accumulated->adapter, 2e-4);
}

TEST(LearningRate, RisesThenFallsToItsFinalShare) {
  LearningRate rate{1.0, Decay::kLinear, 0.2, 0.1, 10};
  EXPECT_DOUBLE_EQ(rate.at(0), 0.5);
  EXPECT_DOUBLE_EQ(rate.at(1), 1.0);
  EXPECT_DOUBLE_EQ(rate.at(9), 0.1);
  rate.decay = Decay::kCosine;
  EXPECT_DOUBLE_EQ(rate.at(5), 0.1 + 0.9 * 0.5);
  EXPECT_DOUBLE_EQ(rate.at(9), 0.1);
  rate.decay = Decay::kConstant;
  EXPECT_DOUBLE_EQ(rate.at(9), 1.0);
}

TEST(LearningRate, IsDefinedForOneStep) {
  for (const auto decay : {Decay::kConstant, Decay::kLinear, Decay::kCosine})
    EXPECT_DOUBLE_EQ((LearningRate{1.0, decay, 0.06, 0.05, 1}.at(0)), 1.0);
}

}  // namespace
}  // namespace fw::trainer
