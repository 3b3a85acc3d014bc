#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>
#include <utility>

#include "runs/tests/world.h"

namespace fw::runs {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::Life;
using testing::live;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;
using testing::World;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class RunTest : public ::testing::Test {
 protected:
  /// A whole run in one life; how its job ended.
  Job run() {
    Job job;
    live(world_, [&](Life& life) -> Task<void> {
      auto created = co_await life.create();
      EXPECT_TRUE(created.ok()) << created.error();
      job = co_await life.finish(created->id);
      calls_ = life.calls;
      deployments_ = life.deployer.calls;
    });
    return job;
  }
  World world_;
  std::vector<std::string> calls_;
  std::vector<std::string> deployments_;
};

TEST_F(RunTest, DoesTheStagesInOrder) {
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kCompleted) << job.error.value_or("");
  EXPECT_THAT(calls_, ElementsAre("base-eval big", "icl-eval big", "train big", "customized-eval big",
                                  "base-eval small", "icl-eval small"));
  EXPECT_THAT(deployments_, ElementsAre("deploy big", "deploy-tuned big", "deploy small"));
}

TEST_F(RunTest, AFewShotEvaluationWithoutAnyExampleIsNoneAndSaysTheRemedy) {
  world_.config.icl.max_context_length = 40;
  world_.config.icl.reserved_tokens = 30;
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kCompleted) << job.error.value_or("");
  EXPECT_THAT(calls_, ElementsAre("base-eval big", "train big", "customized-eval big", "base-eval small"));
  for (const auto& candidate : job.candidates) {
    ASSERT_GE(candidate.evaluations.size(), 2u);
    EXPECT_THAT(candidate.evaluations[1].error,
                Optional(AllOf(HasSubstr("no prompt would hold an example"),
                               HasSubstr("icl_config.max_context_length (40)"), HasSubstr("leave icl-eval out"))));
  }
}

TEST_F(RunTest, WhatPeopleCorrectedIsTaughtWhereTheConfigurationSaysSo) {
  for (const auto& one : world_.log.records)
    world_.corrections.push_back({one.id, R"({"content":"Which order is it?"})", {}});
  const auto taught = [&](bool use) {
    world_.config.use_corrections = use;
    const Job job = run();
    return io::read_file(world_.folder.path() / "datasets" / job.datasets.back().name / "training/train_data.jsonl")
        .value();
  };
  EXPECT_THAT(taught(false), Not(HasSubstr("Which order is it?")));
  const std::string rows = taught(true);
  EXPECT_EQ(std::ranges::count(rows, '\n'), 36);
  EXPECT_THAT(rows, Not(HasSubstr("tool_calls")));
}

TEST_F(RunTest, EvaluatesOnTheRowsOfAnEarlierJobAndRefusesOneThatCannotGiveThem) {
  live(world_, [&](Life& life) -> Task<void> {
    const auto first = co_await life.finish((co_await life.create())->id);
    const auto rows_of = [&](const Job& job) {
      return io::read_file(world_.folder.path() / "datasets" / job.datasets.front().name / "eval_data.jsonl").value();
    };
    for (int i = 60; i < 120; ++i) world_.log.records.push_back(World::record(i));
    JobRequest request{record::WorkloadId("router"), record::ClientId("demo"), world_.config.split};
    request.split->holdout_job = *first.id;
    request.split->eval_size = 3;
    request.split->random_seed = 99;
    const auto second = co_await life.finish((co_await life.service.create(request))->id);
    EXPECT_EQ(second.status, JobStatus::kCompleted) << second.error.value_or("");
    EXPECT_EQ(second.datasets.front().num_records, 20U);
    for (const auto& line : lines_of(rows_of(first))) {
      const auto id = nlohmann::json::parse(line).at("record_id").get<std::string>();
      EXPECT_THAT(rows_of(second), HasSubstr("\"record_id\":\"" + id + "\""));
    }
    const auto report = nlohmann::json::parse((co_await life.service.report(second.id)).value());
    EXPECT_EQ(report["dataset"]["holdout"]["evaluated"], 20);
    EXPECT_EQ(report["config"]["data_split_config"]["eval_size"], 20);
    EXPECT_THAT(report["trust"].dump(), HasSubstr("the rows are those of job " + *first.id));

    JobRequest other = request;
    other.workload = record::WorkloadId("elsewhere");
    EXPECT_THAT((co_await life.service.create(other)).error().message,
                AllOf(HasSubstr("is of workload \"router\""), HasSubstr("name a job of the same traffic")));
    other = request;
    other.split->holdout_job = std::string(24, 'a');
    EXPECT_THAT((co_await life.service.create(other)).error().message,
                HasSubstr("data_split_config.holdout_job: job aaaaaaaaaaaaaaaaaaaaaaaa is not known"));
    other.split->holdout_job = "yesterday";
    EXPECT_THAT((co_await life.service.create(other)).error().message, HasSubstr("data_split_config.holdout_job"));
    EXPECT_TRUE((co_await life.service.remove(first.id)).ok());
  });
}

TEST_F(RunTest, TellsTheJobAsTheBlueprintDoes) {
  const Job job = run();
  EXPECT_EQ(job.num_records, 60U);
  EXPECT_EQ(job.workload_type, modelops::WorkloadType::kToolCalling);
  ASSERT_THAT(job.datasets, SizeIs(3));
  EXPECT_EQ(job.datasets[0].num_records, 20U);
  const auto& big = job.candidates[0];
  EXPECT_EQ(big.status, CandidateStatus::kCompleted);
  EXPECT_EQ(big.deployment_status, DeploymentStatus::kCompleted);
  ASSERT_THAT(big.evaluations, SizeIs(3));
  EXPECT_EQ(big.evaluations[2].scores.at("agreement"), 1.0);
  EXPECT_EQ(big.evaluations[2].progress, 100);
  ASSERT_THAT(big.customizations, SizeIs(1));
  EXPECT_EQ(big.customizations[0].steps_completed, 10);
  EXPECT_THAT(big.customizations[0].customized_model, HasSubstr("big-router-"));
}

TEST_F(RunTest, ACandidateThatCannotBeServedStopsNoOther) {
  world_.script.fails = {"deploy big"};
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kCompleted);
  EXPECT_EQ(job.candidates[0].status, CandidateStatus::kFailed);
  EXPECT_EQ(job.candidates[0].deployment_status, DeploymentStatus::kFailed);
  EXPECT_THAT(job.candidates[0].error, Optional(HasSubstr("deploy big fails")));
  EXPECT_EQ(job.candidates[1].status, CandidateStatus::kCompleted);
}

TEST_F(RunTest, AFailedEvaluationKeepsItsErrorAndTheOthersGoOn) {
  world_.script.fails = {"icl-eval big"};
  const Job job = run();
  const auto& big = job.candidates[0];
  EXPECT_EQ(big.status, CandidateStatus::kFailed);
  ASSERT_THAT(big.evaluations, SizeIs(3));
  EXPECT_FALSE(big.evaluations[0].error);
  EXPECT_THAT(big.evaluations[1].error, Optional(HasSubstr("icl-eval big fails")));
  EXPECT_FALSE(big.evaluations[2].error);
  EXPECT_EQ(job.candidates[1].status, CandidateStatus::kCompleted);
}

TEST_F(RunTest, AFailedTrainingKeepsItsErrorAndTheBaseIsStillRanked) {
  world_.script.throws = {"train big"};
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kCompleted);
  EXPECT_THAT(job.candidates[0].customizations[0].error, Optional(HasSubstr("train big throws")));
  EXPECT_THAT(job.candidates[0].evaluations, SizeIs(2));
  EXPECT_THAT(job.candidates[0].error, Optional(HasSubstr("customization:")));
}

TEST_F(RunTest, ADeviceThatIsNotThereFailsTheCandidateBeforeItIsEvaluated) {
  world_.script.fails = {"device of big"};
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kCompleted);
  EXPECT_EQ(job.candidates[0].status, CandidateStatus::kFailed);
  EXPECT_THAT(job.candidates[0].error, Optional(HasSubstr("customization: device of big fails")));
  EXPECT_THAT(calls_, ElementsAre("base-eval small", "icl-eval small"));
}

TEST_F(RunTest, UnreadableTrafficFailsTheJobAndEveryCandidate) {
  world_.log.error = "the log store is closed";
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kFailed);
  EXPECT_THAT(job.error, Optional(AllOf(HasSubstr("datasets"), HasSubstr("the log store is closed"))));
  for (const auto& candidate : job.candidates) EXPECT_EQ(candidate.status, CandidateStatus::kFailed);
  EXPECT_TRUE(deployments_.empty());
}

TEST_F(RunTest, TooFewRecordsFailTheJobWithTheNameOfTheSetting) {
  world_.log.records.resize(10);
  EXPECT_THAT(run().error, Optional(HasSubstr("min_total_records")));
  EXPECT_EQ(world_.datasets.count(), 0U);
}

TEST_F(RunTest, AJudgeThatIsDownFailsTheJobAfterThreeTries) {
  world_.config.judge = modelops::Judge{{"http://judge/v1", "judge-model", ""}};
  world_.script.fails = {"judge"};
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kFailed);
  EXPECT_THAT(calls_, ElementsAre("judge", "judge", "judge"));
  EXPECT_EQ(job.judge->deployment_status, DeploymentStatus::kFailed);
  EXPECT_THAT(job.judge->error, Optional(HasSubstr("judge fails")));
}

TEST_F(RunTest, EndsOnceItsDatasetsAreMadeWhereNothingElseIsWanted) {
  const Job whole = run();
  const auto rows_of = [&](const Job& job) {
    return io::read_file(world_.folder.path() / "datasets" / job.datasets.front().name / "eval_data.jsonl").value();
  };
  const std::string rows = rows_of(whole);
  live(world_, [&](Life& life) -> Task<void> {
    JobRequest request{record::WorkloadId("router"), record::ClientId("demo"), std::nullopt};
    request.datasets_only = true;
    const auto job = co_await life.finish((co_await life.service.create(request))->id);
    EXPECT_EQ(job.status, JobStatus::kCompleted) << job.error.value_or("");
    EXPECT_TRUE(job.datasets_only);
    EXPECT_THAT(job.candidates, SizeIs(0));
    EXPECT_THAT(life.calls, SizeIs(0));
    EXPECT_THAT(life.deployer.calls, SizeIs(0));
    EXPECT_THAT(job.datasets, SizeIs(3));
    EXPECT_EQ(rows_of(job), rows);
    const auto report = nlohmann::json::parse((co_await life.service.report(job.id)).value());
    EXPECT_EQ(report["dataset"]["datasets"].size(), 3U);
    EXPECT_EQ(report["summary"]["decision"], "not_decided");
    EXPECT_THAT(report["summary"]["headline"].get<std::string>(), HasSubstr("Datasets of router alone"));
    EXPECT_THAT(report["summary"]["next_steps"].dump(), HasSubstr("flywheel dataset show " + *job.id));
  });
}

TEST_F(RunTest, FailsWhenNoCandidateCouldBeEvaluated) {
  world_.script.fails = {"deploy big", "deploy small"};
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kFailed);
  EXPECT_THAT(job.error, Optional(AllOf(HasSubstr("big: deploy"), HasSubstr("small: deploy"))));
}

TEST_F(RunTest, RunsQueuedJobsOneAfterAnother) {
  live(world_, [&](Life& life) -> Task<void> {
    const auto first = co_await life.create();
    const auto second = co_await life.create();
    EXPECT_EQ(life.service.find(second->id)->status, JobStatus::kPending);
    EXPECT_NE(first->dataset_stamp, second->dataset_stamp);
    co_await life.finish(first->id);
    EXPECT_EQ((co_await life.finish(second->id)).status, JobStatus::kCompleted);
    EXPECT_EQ(life.service.list().front().id, second->id);
  });
}

TEST_F(RunTest, SaysWhyJobsWaitForAsLongAsTheyDo) {
  world_.script.stalls_at = "base-eval big";
  live(world_, [&](Life& life) -> Task<void> {
    life.store.fail_after(1);
    const auto first = co_await life.create();
    EXPECT_TRUE(co_await life.until([&] { return !life.service.trouble().ok(); }));
    EXPECT_EQ(life.service.find(first->id)->status, JobStatus::kPending);
    life.store.heal();
    const auto second = co_await life.create();
    EXPECT_TRUE(co_await life.until([&] { return world_.script.reached == "base-eval big"; }));
    EXPECT_TRUE(life.service.trouble().ok()) << "the one place is taken, and nothing else is wrong";
  });
}

TEST_F(RunTest, DrawsASeedWhenNoneIsConfiguredAndKeepsIt) {
  world_.config.split.random_seed.reset();
  const Job first = run();
  const Job second = run();
  EXPECT_NE(first.seed, second.seed);
  EXPECT_NE(first.datasets[0].digest, second.datasets[0].digest);
}

TEST_F(RunTest, RefusesWhatCannotRun) {
  live(world_, [&](Life& life) -> Task<void> {
    const JobRequest unnamed{record::WorkloadId(""), record::ClientId("demo"), std::nullopt};
    EXPECT_EQ((co_await life.service.create(unnamed)).error().code, ErrorCode::kInvalidArgument);
    dataset::SplitSettings split;
    split.val_ratio = 1.0;
    const JobRequest bad{record::WorkloadId("router"), record::ClientId("demo"), split};
    EXPECT_THAT((co_await life.service.create(bad)).error().message, HasSubstr("val_ratio"));
    const JobId unknown(std::string(24, '0'));
    EXPECT_EQ(life.service.find(unknown).error().code, ErrorCode::kNotFound);
    EXPECT_EQ((co_await life.service.cancel(unknown)).error().code, ErrorCode::kNotFound);
    EXPECT_EQ((co_await life.service.remove(unknown)).error().code, ErrorCode::kNotFound);
  });
}

class CancelTest : public RunTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(CancelTest, EndsTheJobWithinTwoSecondsAndLeavesNothingDeployed) {
  world_.config.judge = modelops::Judge{{"http://judge/v1", "judge-model", ""}};
  world_.script.stalls_at = GetParam();
  live(world_, [&](Life& life) -> Task<void> {
    const auto job = co_await life.create();
    EXPECT_TRUE(co_await life.until([&] { return world_.script.reached == GetParam(); }));
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE((co_await life.service.cancel(job->id)).ok());
    const Job ended = co_await life.finish(job->id);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    EXPECT_EQ(ended.status, JobStatus::kCancelled);
    EXPECT_TRUE(life.deployer.live.empty());
    EXPECT_EQ(ended.candidates[1].status, CandidateStatus::kCancelled);
    for (const auto& evaluation : ended.candidates[0].evaluations) EXPECT_TRUE(evaluation.finished_at);
    EXPECT_EQ((co_await life.service.cancel(job->id)).error().code, ErrorCode::kFailedPrecondition);
  });
}

INSTANTIATE_TEST_SUITE_P(EveryStage, CancelTest,
                         ::testing::Values("judge", "deploy big", "base-eval big", "icl-eval big", "train big",
                                           "deploy-tuned big", "customized-eval big", "deploy small",
                                           "base-eval small"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace_if(name, [](char c) { return c == ' ' || c == '-'; }, '_');
                           return name;
                         });

class ServedEmbedderTest : public RunTest {
 protected:
  ServedEmbedderTest() {
    world_.config.icl.selection = dataset::ExampleSelection::kSimilar;
    world_.config.icl.embedding = modelops::ModelSpec{.name = "letters", .path = "/models/letters.gguf"};
  }
};

TEST_F(ServedEmbedderTest, IsUpWhileExamplesAreChosenAndDownBeforeCandidatesAreServed) {
  live(world_, [&](Life& life) -> Task<void> {
    life.deployer.input_tokens = 10;
    std::size_t asked = 0;
    life.embedder.on_embed = [&] {
      ++asked;
      EXPECT_THAT(life.deployer.live, SizeIs(1));
    };
    const auto created = co_await life.create();
    const Job job = co_await life.finish(created->id);
    EXPECT_EQ(job.status, JobStatus::kCompleted) << job.error.value_or("");
    EXPECT_GT(asked, 0U);
    EXPECT_THAT(life.embedder.asked, ::testing::Each("letters"));
    EXPECT_THAT(life.deployer.calls,
                ElementsAre("deploy-embedding letters", "deploy big", "deploy-tuned big", "deploy small"));
    const auto report = nlohmann::json::parse((co_await life.service.report(created->id)).value_or("{}"));
    const std::string notes = report["dataset"]["notes"].dump();
    EXPECT_THAT(notes, HasSubstr("the vectors of letters (a fake engine)"));
    EXPECT_THAT(notes, HasSubstr("letters has seen only the beginning"));
  });
}

TEST_F(ServedEmbedderTest, ThatCannotBeServedEndsTheJobBeforeRecordsAreRead) {
  world_.script.fails = {"deploy-embedding letters"};
  world_.store_attempts = 3;
  bool was_read = false;
  world_.log.on_scan = [&] { was_read = true; };
  const Job job = run();
  EXPECT_EQ(job.status, JobStatus::kFailed);
  EXPECT_THAT(job.error, Optional(AllOf(HasSubstr("icl_config"), HasSubstr("deploy-embedding letters fails"))));
  EXPECT_THAT(deployments_, ElementsAre("deploy-embedding letters")) << "it is not tried again";
  EXPECT_FALSE(was_read);
}

TEST_F(ServedEmbedderTest, IsTakenDownWhereItGivesNoVectors) {
  live(world_, [&](Life& life) -> Task<void> {
    life.embedder.fails = true;
    const auto created = co_await life.create();
    const Job job = co_await life.finish(created->id);
    EXPECT_EQ(job.status, JobStatus::kFailed);
    EXPECT_THAT(job.error, Optional(AllOf(HasSubstr("icl_config"), HasSubstr("nobody embeds"))));
    EXPECT_TRUE(life.deployer.live.empty());
  });
}

TEST_F(ServedEmbedderTest, IsTakenDownByACancel) {
  live(world_, [&](Life& life) -> Task<void> {
    life.embedder.stalls = true;
    const auto job = co_await life.create();
    EXPECT_TRUE(co_await life.until([&] { return life.embedder.is_stalled.load(); }));
    EXPECT_TRUE((co_await life.service.cancel(job->id)).ok());
    EXPECT_EQ((co_await life.finish(job->id)).status, JobStatus::kCancelled);
    EXPECT_TRUE(life.deployer.live.empty());
  });
}

TEST_F(ServedEmbedderTest, IsBroughtUpAgainByARunThatGoesOn) {
  live(world_, [&](Life& life) -> Task<void> {
    life.embedder.stalls = true;
    EXPECT_TRUE((co_await life.create()).ok());
    EXPECT_TRUE(co_await life.until([&] { return life.embedder.is_stalled.load(); }));
  });
  live(world_, [&](Life& life) -> Task<void> {
    const Job job = co_await life.finish(life.service.list().front().id);
    EXPECT_EQ(job.status, JobStatus::kCompleted) << job.error.value_or("");
    EXPECT_EQ(life.deployer.calls.front(), "deploy-embedding letters");
  });
}

TEST_F(RunTest, ACancelWhileRecordsAreReadEndsTheJob) {
  live(world_, [&](Life& life) -> Task<void> {
    std::atomic<bool> is_reading = false;
    std::atomic<bool> may_go_on = false;
    world_.log.on_scan = [&] {
      is_reading = true;
      while (!may_go_on) std::this_thread::yield();
    };
    const auto job = co_await life.create();
    EXPECT_TRUE(co_await life.until([&] { return is_reading.load(); }));
    EXPECT_TRUE((co_await life.service.cancel(job->id)).ok());
    may_go_on = true;
    EXPECT_EQ((co_await life.finish(job->id)).status, JobStatus::kCancelled);
    EXPECT_EQ(world_.datasets.count(), 0U);
  });
}

TEST_F(RunTest, AQueuedJobIsCancelledAtOnce) {
  world_.script.stalls_at = "base-eval big";
  live(world_, [&](Life& life) -> Task<void> {
    const auto first = co_await life.create();
    const auto second = co_await life.create();
    EXPECT_TRUE((co_await life.service.cancel(second->id)).ok());
    EXPECT_EQ((co_await life.finish(second->id)).status, JobStatus::kCancelled);
    EXPECT_EQ(life.service.find(first->id)->status, JobStatus::kRunning);
  });
}

TEST_F(RunTest, AJobThatWasGivenUpStaysFailedAfterARestart) {
  std::optional<JobId> id;
  const auto body = [&](Life& life) -> Task<void> {
    id = (co_await life.create())->id;
    const Job failed = co_await life.finish(*id);
    EXPECT_EQ(failed.status, JobStatus::kFailed);
    EXPECT_TRUE(life.store.has_crashed());
    life.store.heal();
    EXPECT_TRUE(co_await life.until([&] { return life.stored().front().is_finished; }));
  };
  live(world_, body, 5, false);
  live(world_, [&](Life& life) -> Task<void> {
    const auto job = life.service.find(*id);
    EXPECT_EQ(job->status, JobStatus::kFailed);
    EXPECT_THAT(job->error, Optional(HasSubstr("the process is dead")));
    EXPECT_THAT(life.calls, ElementsAre());
    const auto events = co_await life.watch(*id);
    EXPECT_THAT(events.back().data, HasSubstr("job-finished"));
  });
}

TEST_F(RunTest, TheListIsPagedFromTheNewestOn) {
  world_.script.stalls_at = "base-eval big";
  live(world_, [&](Life& life) -> Task<void> {
    std::vector<JobId> ids;
    for (int i = 0; i < 5; ++i) ids.insert(ids.begin(), (co_await life.create())->id);
    const auto first = life.service.list(2, std::nullopt);
    EXPECT_THAT(first.jobs, ElementsAre(Field(&Job::id, ids[0]), Field(&Job::id, ids[1])));
    // A cursor stays good when its job has gone, and when new jobs come.
    EXPECT_TRUE((co_await life.service.cancel(ids[1])).ok());
    static_cast<void>(co_await life.finish(ids[1]));
    EXPECT_TRUE((co_await life.service.remove(ids[1])).ok());
    EXPECT_TRUE((co_await life.create()).ok());
    const auto second = life.service.list(2, first.next);
    EXPECT_THAT(second.jobs, ElementsAre(Field(&Job::id, ids[2]), Field(&Job::id, ids[3])));
    const auto last = life.service.list(2, second.next);
    EXPECT_THAT(last.jobs, ElementsAre(Field(&Job::id, ids[4])));
    EXPECT_FALSE(last.next.has_value());
  });
}

TEST_F(RunTest, TheReportOfARunningJobIsMadeOncePerChange) {
  world_.script.stalls_at = "icl-eval big";
  live(world_, [&](Life& life) -> Task<void> {
    const auto job = co_await life.create();
    EXPECT_TRUE(co_await life.until([&] { return world_.script.reached == "icl-eval big"; }));
    const auto first = co_await life.service.report(job->id);
    const int reads = life.store.steps_reads();
    const auto again = co_await life.service.report(job->id);
    EXPECT_EQ(*first, *again);
    EXPECT_EQ(life.store.steps_reads(), reads);
    EXPECT_TRUE((co_await life.service.cancel(job->id)).ok());
    static_cast<void>(co_await life.finish(job->id));
    const auto ended = co_await life.service.report(job->id);
    EXPECT_THAT(*ended, HasSubstr("cancelled"));
  });
}

TEST_F(RunTest, NumRecordsCountsWhatIsSplitAsTheBlueprintDoes) {
  world_.log.records.push_back(World::record(3));  // asked before: de-duplication leaves it out
  world_.log.records.back().id = record::RecordId("again");
  world_.config.split.limit = 40;
  EXPECT_EQ(run().num_records, 40U);
  world_.config.split.limit.reset();
  EXPECT_EQ(run().num_records, 60U);
}

TEST_F(RunTest, ContentsThatExpireWhileTheDatasetsAreMadeAreLeftOutOfThem) {
  bool is_done = false;
  world_.store_attempts = 2;
  world_.log.on_find = [&] {
    if (std::exchange(is_done, true)) return;
    for (std::size_t i = 0; i < 60; i += 6) {
      world_.log.records[i].request.clear();
      world_.log.records[i].response.clear();
      world_.log.records[i].outline.emplace();
    }
  };
  const Job job = run();
  EXPECT_TRUE(is_done);
  EXPECT_EQ(job.status, JobStatus::kCompleted) << job.error.value_or("");
  EXPECT_EQ(job.num_records, 50U);
}

TEST_F(RunTest, DeletingRemovesEverythingThatTheJobMade) {
  live(world_, [&](Life& life) -> Task<void> {
    const auto job = co_await life.create();
    EXPECT_EQ((co_await life.service.remove(job->id)).error().code, ErrorCode::kFailedPrecondition);
    co_await life.finish(job->id);
    const auto folder = world_.folder.path() / "jobs" / *job->id;
    EXPECT_TRUE(std::filesystem::exists(folder));
    EXPECT_TRUE((co_await life.service.remove(job->id)).ok());
    EXPECT_EQ(life.service.find(job->id).error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(co_await life.until([&] { return life.stored().empty(); }));
    EXPECT_FALSE(std::filesystem::exists(folder));
    EXPECT_EQ(world_.datasets.count(), 0U);
    EXPECT_TRUE(life.store.steps(*job->id)->empty());
  });
}

TEST_F(RunTest, ADeletionGoesOnPastWhatCannotBeRemoved) {
  live(world_, [&](Life& life) -> Task<void> {
    const auto job = co_await life.create();
    co_await life.finish(job->id);
    world_.datasets.refuses_removal = true;
    EXPECT_TRUE((co_await life.service.remove(job->id)).ok());
    EXPECT_TRUE(co_await life.until([&] { return life.stored().empty(); }));
    EXPECT_FALSE(std::filesystem::exists(world_.folder.path() / "jobs" / *job->id));
  });
}

TEST_F(RunTest, StreamsEventsInOrderAndReplaysFromAnId) {
  live(world_, [&](Life& life) -> Task<void> {
    const auto job = co_await life.create();
    const auto events = co_await life.watch(job->id);
    std::int64_t last = 0;
    std::size_t progress = 0;
    for (const auto& event : events) {
      if (event.id) EXPECT_EQ(*event.id, ++last);
      if (event.kind == "progress") ++progress;
    }
    EXPECT_GT(progress, 10U);
    EXPECT_THAT(events.front().data, HasSubstr("job-created"));
    EXPECT_THAT(events.back().data, HasSubstr("job-finished"));
    const auto rest = co_await life.watch(job->id, last - 2);
    EXPECT_THAT(rest, SizeIs(2));
  });
}

TEST_F(RunTest, SubscribersGetTheTrainingCurve) {
  live(world_, [&](Life& life) -> Task<void> {
    const auto job = co_await life.create();
    std::vector<double> losses;
    for (const auto& event : co_await life.watch(job->id)) {
      const auto data = nlohmann::json::parse(event.data);
      if (event.kind == "progress" && data["stage"] == "customization") losses.push_back(data["loss"].get<double>());
    }
    EXPECT_THAT(losses, SizeIs(10));
  });
}

TEST(RunService, BeforeItHasReadTheJobsItSaysThatAJobIsUnknownToNobody) {
  World world;
  const auto body = [&]() -> Task<void> {
    Life life(world, co_await boost::asio::this_coro::executor);
    EXPECT_EQ(life.service.loaded().error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(life.service.find(JobId("a")).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ((co_await life.create()).error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE((co_await life.service.start()).ok());
    EXPECT_EQ(life.service.find(JobId("a")).error().code, ErrorCode::kNotFound);
    EXPECT_TRUE((co_await life.create()).ok());
    co_await life.service.stop();
  };
  run_blocking(body());
}

}  // namespace
}  // namespace fw::runs
