#include "modelops/local/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "async/run_blocking.h"
#include "io/file.h"
#include "modelops/local/impl/trainer_protocol.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// A trainer whose program is a shell script: what it does is the script's. `$out` is the adapter's folder,
/// `$checkpoint` the checkpoint's.
class LocalTrainerTest : public testing::Test {
 protected:
  void play(const std::string& script) {
    const fs::path program = folder_.path() / "fake-trainer";
    const std::string head =
        "#!/bin/sh\n[ $1 = convert ] && echo '{\"event\":\"done\",\"gguf\":\"'$3'\"}' && exit\nfor a; do case "
        "$previous in --out) out=$a;; --checkpoint) checkpoint=$a;; esac; previous=$a; "
        "done\n";
    ASSERT_TRUE(io::write_file_atomically(program, head + script).ok());
    fs::permissions(program, fs::perms::owner_all);
    settings_.data_folder = folder_.path() / "data";
    settings_.programs.trainer = program;
  }
  Result<TrainedModel> train(Deadline deadline = Deadline::after(30s)) {
    fs::create_directories(folder_.path() / "model");
    TrainingJob job{.model = {.name = "small", .path = folder_.path() / "model"},
                    .train_rows = "train.jsonl",
                    .work_folder = folder_.path() / "work"};
    LocalTrainer trainer(settings_, launcher_);
    return run_blocking(trainer.train(
        job,
        [this](const TrainingProgress& p) {
          steps_.push_back(p.step);
          on_step_();
        },
        std::move(deadline)));
  }

  static constexpr const char* kDone =
      "mkdir -p $out; echo x > $out/adapter.gguf\n"
      "echo '{\"event\":\"done\",\"adapter_gguf\":\"'$out'/adapter.gguf\",\"adapter_peft\":\"'$out'/peft\",\"steps\":2,"
      "\"epochs\":1,\"rows\":10,\"rows_left_out\":2,\"validation_exact\":0.5,"
      "\"reasons\":[{\"reason\":\"too long\",\"rows\":2,\"file\":\"/a/train.jsonl\",\"first_line\":7}]}'\n";

  io::TemporaryFolder folder_;
  io::ProcessLauncher launcher_;
  LocalSettings settings_;
  std::vector<std::int64_t> steps_;
  std::function<void()> on_step_ = [] {};
};

TEST_F(LocalTrainerTest, PassesProgressOnAndReturnsTheModel) {
  play(std::string(
           "echo '{\"event\":\"started\",\"device\":\"NVIDIA H100\"}'\n"
           "echo '{\"event\":\"progress\",\"step\":1,\"total_steps\":2,\"loss\":2.5,\"learning_rate\":0.001}'\n"
           "echo '{\"event\":\"progress\",\"step\":2,\"total_steps\":2,\"loss\":1.5,\"validation_loss\":1.0}'\n") +
       kDone);
  const auto model = train();
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_THAT(steps_, ElementsAre(1, 2));
  ASSERT_EQ(model->curve.size(), 2U);
  EXPECT_EQ(model->curve[0].loss, 2.5);
  EXPECT_EQ(model->curve[1].validation_loss, 1.0);
  EXPECT_EQ(model->device, "NVIDIA H100");
  EXPECT_EQ(model->rows, 10U);
  EXPECT_EQ(model->rows_left_out, 2U);
  EXPECT_EQ(model->validation_exact, 0.5);
  EXPECT_EQ(model->validation_loss, std::nullopt);
  EXPECT_EQ(model->adapter.gguf, folder_.path() / "work" / "adapter" / "adapter.gguf");
  EXPECT_THAT(model->warnings, ElementsAre("2 rows of train.jsonl were left out: too long (first in line 7)"));
}

TEST_F(LocalTrainerTest, GoesOnFromTheCheckpointAfterOneCrash) {
  play(
      std::string("if [ -e $checkpoint/step ]; then\n"
                  "  echo '{\"event\":\"progress\",\"step\":1,\"loss\":3.0,\"again\":true}'\n"
                  "  echo '{\"event\":\"progress\",\"step\":2,\"loss\":2.0}'\n" +
                  std::string(kDone) +
                  "else\n"
                  "  echo '{\"event\":\"progress\",\"step\":1,\"loss\":3.0}'; touch $checkpoint/step; kill -9 $$\n"
                  "fi\n"));
  const auto model = train();
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_THAT(steps_, ElementsAre(1, 2));  // reported once
  EXPECT_EQ(model->curve.size(), 2U);
}

// Memory has run out: what is planned with must shrink, or it runs out again.
TEST_F(LocalTrainerTest, PlansWithLessMemoryEachTimeItIsKilled) {
  play(
      "echo \"$*\" >> $checkpoint/runs\n"
      "if [ $(wc -l < $checkpoint/runs) -lt 3 ]; then kill -9 $$; fi\n" +
      std::string(kDone));
  ASSERT_TRUE(train().ok());
  const auto runs = *io::read_file(folder_.path() / "work" / "checkpoint" / "runs");
  const auto second = runs.find('\n') + 1, third = runs.find('\n', second) + 1;
  EXPECT_EQ(runs.substr(0, second).find("--memory-share"), std::string::npos);
  EXPECT_THAT(runs.substr(second, third - second), HasSubstr("--memory-share 0.4 "));
  EXPECT_THAT(runs.substr(third), HasSubstr("--memory-share 0.16"));
}

TEST_F(LocalTrainerTest, IsNotStartedAgainWithASettingThatItRefuses) {
  play("echo run >> $checkpoint/runs; echo '--dropout: not in range' >&2; exit 2");
  const auto model = train();
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(model.error().message, HasSubstr("--dropout: not in range"));
  EXPECT_EQ(*io::read_file(folder_.path() / "work" / "checkpoint" / "runs"), "run\n");
}

TEST_F(LocalTrainerTest, GivesUpAfterTheSecondCrashWithTheTrainersOwnWords) {
  play("echo 'out of memory, sorry' >&2; exit 139");
  const auto model = train();
  EXPECT_EQ(model.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(model.error().message, HasSubstr("out of memory, sorry"));
}

TEST_F(LocalTrainerTest, ReportsAnErrorAsTheTrainerPutIt) {
  play(
      "echo run >> $checkpoint/runs\n"
      "echo '{\"event\":\"error\",\"code\":\"invalid_argument\",\"message\":\"train.jsonl has no rows\"}'; exit 1\n");
  const auto model = train();
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(model.error().message, HasSubstr("train.jsonl has no rows"));
  EXPECT_EQ(*io::read_file(folder_.path() / "work" / "checkpoint" / "runs"), "run\n");  // and is not started again
}

TEST_F(LocalTrainerTest, IsGoneWithinTwoSecondsOfACancel) {
  play("trap '' TERM; echo '{\"event\":\"progress\",\"step\":1}'; while :; do sleep 0.05; done\n");
  std::stop_source stop;
  on_step_ = [&] { stop.request_stop(); };
  const auto begin = std::chrono::steady_clock::now();
  const auto model = train(Deadline::after(30s, stop.get_token()));
  EXPECT_EQ(model.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s + 500ms);  // start included
}

TEST_F(LocalTrainerTest, AFailureAfterDoneIsAFailure) {
  play(std::string(kDone) + "exit 3\n");
  EXPECT_EQ(train().error().code, ErrorCode::kUnavailable);
}

TEST_F(LocalTrainerTest, AnAdapterThatIsNotThereIsNoSuccess) {
  play("echo '{\"event\":\"done\",\"adapter_gguf\":\"/nonexistent/adapter.gguf\"}'\n");
  EXPECT_EQ(train().error().code, ErrorCode::kDataLoss);
}

TEST_F(LocalTrainerTest, GarbageBetweenTheEventsDoesNoHarm) {
  play("echo garbage; echo '[1]'; echo '{\"event\":7}'; echo '{\"event\":\"progress\",\"step\":\"x\",\"loss\":{}}'\n" +
       std::string(kDone));
  EXPECT_TRUE(train().ok());
}

TEST_F(LocalTrainerTest, SaysWhatToDoWhenNoTrainerIsInstalled) {
  EXPECT_EQ(train().error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(train().error().message, HasSubstr("scripts/setup"));
}

TEST_F(LocalTrainerTest, AsksOnlyForADeviceThatIsDemanded) {
  const auto check = [this](TrainingDevice device) {
    LocalTrainer trainer(settings_, launcher_);
    return run_blocking(
        trainer.check_device({.name = "small", .path = "/m.gguf"}, {.device = device}, Deadline::never()));
  };
  EXPECT_EQ(check(TrainingDevice::kCuda).error().code, ErrorCode::kFailedPrecondition);  // no trainer
  play(
      "echo '{\"event\":\"error\",\"code\":\"failed_precondition\",\"message\":\"no driver for '\"$*\"'\"}'; exit 1\n");
  EXPECT_TRUE(check(TrainingDevice::kAuto).ok());
  EXPECT_TRUE(check(TrainingDevice::kCpu).ok());
  EXPECT_THAT(check(TrainingDevice::kCuda).error().message,
              AllOf(HasSubstr("no driver for plan --model /m.gguf"), HasSubstr("--device cuda")));
  play("echo '{\"event\":\"plan\",\"pass_tokens\":8}'\n");
  EXPECT_TRUE(check(TrainingDevice::kCuda).ok());
  play("echo broken >&2; exit 2\n");
  EXPECT_THAT(check(TrainingDevice::kCuda).error().message, HasSubstr("broken"));
}

TEST(TrainerArguments, SaysEverySettingOfTheJob) {
  TrainingJob job{
      .model = {.path = "/m.gguf", .keep_layers = {0, 1, 5}}, .train_rows = "/t", .validation_rows = "/v", .seed = 9};
  job.settings.upper_layers = 15;
  job.settings.rank_stabilised = true;
  job.settings.patience = 2;
  job.settings.best_by = BestBy::kExact;
  job.settings.schedule = Schedule::kCosine;
  job.settings.learning_rate = 2e-3;
  job.settings.precision = TrainingPrecision::kFp32;
  const auto arguments = trainer_arguments(job, {.adapter = "/a", .checkpoint = "/c", .chat_template = "/j"}, 2);
  const auto value_of = [&](const std::string& name) {
    const auto it = std::ranges::find(arguments, name);
    return it == arguments.end() ? "missing" : *(it + 1);
  };
  EXPECT_EQ(arguments.front(), "train");
  EXPECT_EQ(value_of("--keep-layers"), "0,1,5");
  EXPECT_EQ(value_of("--chat-template-file"), "/j");
  EXPECT_EQ(value_of("--validation"), "/v");
  EXPECT_EQ(value_of("--upper-layers"), "15");
  EXPECT_EQ(value_of("--patience"), "2");
  EXPECT_EQ(value_of("--best-by"), "exact");
  EXPECT_EQ(value_of("--device"), "missing");
  EXPECT_TRUE(std::ranges::find(arguments, "--rank-stabilised") != arguments.end());
  EXPECT_EQ(value_of("--schedule"), "cosine");
  EXPECT_EQ(value_of("--precision"), "fp32");
  EXPECT_EQ(value_of("--learning-rate"), "0.002");
  EXPECT_EQ(value_of("--alpha"), "64");
  EXPECT_EQ(value_of("--seed"), "9");
  EXPECT_EQ(value_of("--threads"), "2");
}

TEST(TrainerArguments, NamesADeviceThatWasChosen) {
  TrainingJob job;
  const auto device_of = [&](TrainingDevice device) {
    job.settings.device = device;
    const auto arguments = trainer_arguments(job, {}, 1);
    const auto it = std::ranges::find(arguments, "--device");
    return it == arguments.end() ? "" : *(it + 1);
  };
  EXPECT_EQ(device_of(TrainingDevice::kAuto), "");
  EXPECT_EQ(device_of(TrainingDevice::kCpu), "cpu");
  EXPECT_EQ(device_of(TrainingDevice::kCuda), "cuda");
}

}  // namespace
}  // namespace fw::modelops
