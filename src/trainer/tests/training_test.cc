#include "trainer/loop/training.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <numeric>

#include "io/file.h"
#include "trainer/loop/frozen_states.h"
#include "trainer/loop/validation.h"
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
  EXPECT_EQ(result->best_step % 6, 0);
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
  for (const double dropout : {0.0, 0.1}) {
    options_.dropout = dropout;
    options_.pass_tokens = 0;
    const auto whole = run();
    options_.pass_tokens = 50;
    const auto cut = run();
    ASSERT_TRUE(whole.ok() && cut.ok());
    expect_same(whole->adapter, cut->adapter, 2e-4);
  }
}

TEST_F(LoraTraining, ComputesLayersAgainWithoutChangingABit) {
  options_.recompute = false;
  const auto kept = run();
  const auto losses = curve_;
  options_.recompute = true;
  const auto again = run();
  ASSERT_TRUE(kept.ok() && again.ok());
  expect_same(kept->adapter, again->adapter);
  for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_EQ(losses[i].loss, curve_[i].loss);
  options_.upper_layers = 2;
  const auto upper = run();
  options_.recompute = false;
  const auto upper_kept = run();
  ASSERT_TRUE(upper.ok() && upper_kept.ok());
  expect_same(upper->adapter, upper_kept->adapter);
}

TEST_F(LoraTraining, ThatDivergesFailsAtThatStep) {
  options_.learning_rate = 1e18;
  options_.clip_norm = 0;
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  const auto result = run();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(result.error().message.find("diverged at step"), std::string::npos) << result.error();
  EXPECT_NE(result.error().message.find("lower learning_rate"), std::string::npos) << result.error();
  EXPECT_LT(curve_.size(), 18U);
  for (const auto& p : curve_) EXPECT_TRUE(std::isfinite(p.loss.value()));
}

TEST_F(LoraTraining, EndsWithTheAdapterThatTheValidationRowsLikeBest) {
  // Learns its rows by heart, whichever processor multiplies, and the others are all the more surprising.
  options_.learning_rate = 0.02;
  options_.decay = Decay::kConstant;
  options_.dropout = 0;
  options_.epochs = 20;
  const auto result = run();
  ASSERT_TRUE(result.ok()) << result.error();
  double least = 1e9;
  std::int64_t step = 0;
  for (const auto& p : curve_)
    if (p.validation_loss && *p.validation_loss < least) {
      least = *p.validation_loss;
      step = p.step;
    }
  EXPECT_LT(step, curve_.back().step);
  EXPECT_EQ(result->best_step, step);
  EXPECT_EQ(result->validation_loss, least);
  const PackedModel model(weights_, &result->adapter, 64);
  const auto again = score(model, weights_.config, pointers_to(validation_), 0, nullptr, 0, {});
  EXPECT_NEAR(again->loss, least, 1e-6);
}

TEST_F(LoraTraining, EndsWithTheAdapterThatAnswersMostRowsExactlyWhereThatIsAskedFor) {
  validation_ = rows_;
  options_.best_by = BestBy::kExact;
  options_.learning_rate = 0.02;
  options_.epochs = 12;
  const auto result = run();
  ASSERT_TRUE(result.ok()) << result.error();
  const Progress* best = nullptr;
  for (const auto& p : curve_) {
    if (!p.validation_exact) continue;
    const bool is_better =
        best == nullptr || *p.validation_exact > *best->validation_exact ||
        (*p.validation_exact == *best->validation_exact && *p.validation_loss < *best->validation_loss);
    if (is_better) best = &p;
  }
  EXPECT_GT(*best->validation_exact, 0);
  EXPECT_EQ(result->best_step, best->step);
  EXPECT_EQ(result->validation_exact, best->validation_exact);
}

TEST_F(LoraTraining, KeepsTheBestAdapterThroughAnInterruption) {
  options_.learning_rate = 0.2;
  options_.decay = Decay::kConstant;
  options_.epochs = 5;
  const auto whole = run();
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  EXPECT_FALSE(run(20).ok());
  const auto resumed = run();
  ASSERT_TRUE(whole.ok() && resumed.ok());
  EXPECT_EQ(resumed->best_step, whole->best_step);
  expect_same(resumed->adapter, whole->adapter);
}

TEST_F(LoraTraining, WritesCheckpointsOfOneSizeHoweverLongTheCurve) {
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  const auto size_after = [&](std::int64_t steps) {
    EXPECT_FALSE(run(steps).ok());
    return std::filesystem::file_size(folder.path() / "checkpoint.safetensors");
  };
  options_.epochs = 40;
  const auto early = size_after(20), late = size_after(180);
  EXPECT_NEAR(static_cast<double>(late), static_cast<double>(early), 64);
  const auto curve = io::read_file(folder.path() / "curve.jsonl");
  EXPECT_EQ(std::count(curve->begin(), curve->end(), '\n'), 200);
}

// A crash between the two files: the curve is ahead of the checkpoint.
TEST_F(LoraTraining, ForgetsPointsBehindTheCheckpoint) {
  const auto whole = run();
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  EXPECT_FALSE(run(7).ok());
  std::ofstream(folder.path() / "curve.jsonl", std::ios::app) << "{\"step\":8,\"total";
  const auto resumed = run();
  ASSERT_TRUE(resumed.ok()) << resumed.error();
  expect_same(whole->adapter, resumed->adapter);
  EXPECT_EQ(curve_.size(), 18U);
}

TEST_F(LoraTraining, DoesNotTakeUpTheCheckpointOfAnotherModel) {
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  EXPECT_FALSE(run(7).ok());
  weights_.layers[1].gate_up[0][0] += 0.5F;  // neither a norm nor an output matrix
  EXPECT_EQ(run()->resumed_from, 0);
}

TEST_F(LoraTraining, TrainsUpperLayersWithoutRoomForTheLowersStates) {
  options_.upper_layers = 1;
  const auto kept = run();
  options_.frozen_memory_limit = 0;
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit none{1024, before.rlim_max};
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  const auto without = run();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_TRUE(kept.ok()) << kept.error();
  ASSERT_TRUE(without.ok()) << without.error();
  ASSERT_EQ(without->warnings.size(), 1U);
  EXPECT_NE(without->warnings[0].find("there is no room for"), std::string::npos) << without->warnings[0];
  expect_same(kept->adapter, without->adapter, 2e-4);
}

// One row with another beginning must not cost that all others keep theirs.
TEST(FrozenStatesOfRows, KeepEachSharedBeginningOnce) {
  const auto weights = TinyModel::make(TinyModel::config(), 3);
  Random random(5);
  auto rows = random_rows(20, 100, 9, weights.config.vocab, random);
  const auto alike = FrozenStates::compute(weights, pointers_to(rows), 1, {1 << 20, {}, {}});
  const auto odd = random_rows(1, 0, 9, weights.config.vocab, random);
  rows.push_back(odd.front());
  const auto with_odd = FrozenStates::compute(weights, pointers_to(rows), 1, {1 << 20, {}, {}});
  ASSERT_TRUE(alike.ok() && with_odd.ok());
  EXPECT_LT(with_odd->bytes(), alike->bytes() + 10 * 24 * sizeof(float));
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

TEST_F(LoraTraining, OnADiskThatFillsNamesTheCheckpointAndGoesOnOnceThereIsRoom) {
  io::TemporaryFolder folder;
  options_.checkpoint_folder = folder.path();
  options_.checkpoint_seconds = 0;
  const auto whole = run();
  ASSERT_TRUE(whole.ok()) << whole.error();
  const auto size = std::filesystem::file_size(folder.path() / "checkpoint.safetensors");
  std::filesystem::remove(folder.path() / "checkpoint.safetensors");
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small{size / 2, before.rlim_max};
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto full = run();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(full.ok());
  EXPECT_NE(full.error().message.find("checkpoint"), std::string::npos) << full.error();
  const auto again = run();
  ASSERT_TRUE(again.ok()) << again.error();
  expect_same(again->adapter, whole->adapter);
}

TEST_F(LoraTraining, EndsWhenItsPatienceIsLostAndKeepsTheBest) {
  options_.epochs = 60;
  options_.learning_rate = 0.05;  // soon learns the training rows by heart, which makes the others worse
  options_.decay = Decay::kConstant;
  options_.patience = 2;
  const auto result = run();
  ASSERT_TRUE(result.ok()) << result.error();
  const std::int64_t epoch = 6;  // steps
  EXPECT_LT(result->steps, 60 * epoch);
  EXPECT_EQ(result->steps, result->best_step + 2 * epoch);
  ASSERT_FALSE(result->warnings.empty());
  EXPECT_NE(result->warnings.back().find("validation had not become better for 2"), std::string::npos);
}

TEST_F(LoraTraining, InterruptedAfterItsPatienceWasLostEndsTheSameWay) {
  io::TemporaryFolder folder;
  options_.epochs = 60;
  options_.learning_rate = 0.05;
  options_.decay = Decay::kConstant;
  options_.patience = 1;
  options_.checkpoint_folder = folder.path();
  const auto whole = run();
  ASSERT_TRUE(whole.ok()) << whole.error();
  const auto again = run();
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(again->resumed_from, whole->steps);
  EXPECT_EQ(again->steps, whole->steps);
  expect_same(again->adapter, whole->adapter);
}

TEST_F(LoraTraining, OfStabilisedRankIsScaledByItsRoot) {
  options_.rank_stabilised = true;
  const auto result = run();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_DOUBLE_EQ(result->adapter.settings.scale(), options_.alpha / 2);  // of rank 4
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
