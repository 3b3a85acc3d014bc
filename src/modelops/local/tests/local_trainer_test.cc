// The real trainer on the real model. Needs what scripts/setup fetches, and flywheel-trainer; skipped without.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "async/run_blocking.h"
#include "io/file.h"
#include "modelops/local/trainer.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

class RealTrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* own = std::getenv("FLYWHEEL_BIN_DIR");
    const fs::path model = default_cache_folder() / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
    settings_ = {.data_folder = folder_.path() / "data",
                 .programs = find_engine_programs(own == nullptr ? "" : own, ""),
                 .threads = 2};
    if (settings_.programs.trainer.empty() || !fs::exists(model)) {
      GTEST_SKIP() << "flywheel-trainer is not built or the demo's model is missing; see scripts/setup";
    }
    job_.model = {.name = "small", .path = model};
    job_.train_rows = write_rows("train.jsonl", 16);
    job_.validation_rows = write_rows("val.jsonl", 2);
    job_.work_folder = folder_.path() / "work";
    job_.settings = {.epochs = 1, .batch_size = 8, .adapter_dim = 4, .adapter_dropout = 0.0, .upper_layers = 4};
  }
  fs::path write_rows(const std::string& name, int count) {
    const fs::path path = folder_.path() / name;
    std::ofstream out(path);
    for (int i = 0; i < count; ++i) {
      out << R"({"messages":[{"role":"user","content":"Where is order )" << i
          << R"(?"},{"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"get_order","arguments":{"id":)"
          << i
          << R"(}}}]}],"tools":[{"type":"function","function":{"name":"get_order","parameters":{"type":"object"}}}]})"
          << "\n";
    }
    return path;
  }
  Result<TrainedModel> train(std::function<void(const TrainingProgress&)> on_progress, Deadline deadline) {
    LocalTrainer trainer(settings_, launcher_);
    return run_blocking(trainer.train(job_, std::move(on_progress), std::move(deadline)));
  }

  io::TemporaryFolder folder_;
  io::ProcessLauncher launcher_;
  LocalSettings settings_;
  TrainingJob job_;
};

TEST_F(RealTrainerTest, TrainsAnAdapterAndReportsItsCurve) {
  std::int64_t last = 0;
  const auto model = train([&](const TrainingProgress& p) { last = p.step; }, Deadline::after(200s));
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->rows, 16U);
  EXPECT_EQ(model->steps, 2);
  EXPECT_EQ(last, 2);
  ASSERT_FALSE(model->curve.empty());
  EXPECT_TRUE(model->curve.front().loss.has_value());
  EXPECT_TRUE(fs::exists(model->adapter.gguf));
  EXPECT_TRUE(fs::exists(model->adapter.peft / "adapter_config.json"));
}

TEST_F(RealTrainerTest, IsGoneWithinTwoSecondsOfACancel) {
  job_.settings.epochs = 500;
  std::stop_source stop;
  Instant stopped{};
  const auto model = train(
      [&](const TrainingProgress&) {
        if (!stop.stop_requested()) stopped = std::chrono::steady_clock::now();
        stop.request_stop();
      },
      Deadline::after(200s, stop.get_token()));
  EXPECT_EQ(model.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - stopped, 2s);
}

TEST_F(RealTrainerTest, SaysWhatIsWrongWithTheRowsInTheTrainersWords) {
  std::ofstream(job_.train_rows) << "this is no JSON\n";
  const auto model = train({}, Deadline::after(100s));
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(model.error().message, HasSubstr("train.jsonl"));
}

}  // namespace
}  // namespace fw::modelops
