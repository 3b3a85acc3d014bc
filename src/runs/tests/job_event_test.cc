#include "runs/job_event.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::runs {
namespace {

const Timestamp kNow = from_epoch_seconds(1'700'000'000);

Job created() {
  Job job;
  apply(job,
        {kNow, JobCreated{record::WorkloadId("router"), record::ClientId("demo"), 7, 1, {{"big", true}}, "judge"}});
  return job;
}

TEST(JobEvent, EveryKindComesBackFromItsJson) {
  const std::vector<JobEvent> events{
      {kNow, JobCreated{record::WorkloadId("w"), record::ClientId("c"), 7, 1, {{"big", true}}, std::nullopt}},
      {kNow, JobCreated{record::WorkloadId("w"), record::ClientId("c"), 7, 1, {}, std::nullopt, true}},
      {kNow, JobStarted{}},
      {kNow, StageStarted{StageKind::kDatasets, std::nullopt}},
      {kNow, StageFinished{Stage::evaluation(modelops::VariantId("base-eval")), 0, 1.5, "no", "{}"}},
      {kNow, CandidateFinished{0, CandidateStatus::kFailed, "no"}},
      {kNow, JobFinished{JobStatus::kCancelled, std::nullopt}},
  };
  for (const auto& event : events) {
    const auto text = to_json(event).dump();
    const auto read = event_from_json(text, kNow);
    ASSERT_TRUE(read.ok()) << read.error();
    EXPECT_EQ(to_json(*read).dump(), text);
    EXPECT_EQ(read->what.index(), event.what.index());
  }
}

TEST(JobEvent, WhatIsNoEventIsDamage) {
  for (const auto* text :
       {"", "{}", "[]", R"({"event":"unheard-of"})", R"({"event":"stage-started","stage":"lunch"})"}) {
    EXPECT_EQ(event_from_json(text, kNow).error().code, ErrorCode::kDataLoss) << text;
  }
}

TEST(Apply, IgnoresACandidateThatDoesNotExist) {
  Job job = created();
  apply(job, {kNow, StageStarted{Stage::evaluation(modelops::VariantId("base-eval")), 9}});
  apply(job, JobProgress{EvaluationProgressed{9, modelops::VariantId("base-eval"), 1, 2, 0, std::nullopt}});
  EXPECT_TRUE(job.candidates[0].evaluations.empty());
}

TEST(Apply, AStageThatStartsAgainForgetsItsFirstTry) {
  Job job = created();
  apply(job, {kNow, StageStarted{Stage::evaluation(modelops::VariantId("base-eval")), 0}});
  apply(job, JobProgress{EvaluationProgressed{0, modelops::VariantId("base-eval"), 1, 2, 0, std::nullopt}});
  EXPECT_EQ(job.candidates[0].evaluations[0].progress, 50);
  apply(job, {kNow + std::chrono::seconds(9), StageStarted{Stage::evaluation(modelops::VariantId("base-eval")), 0}});
  ASSERT_EQ(job.candidates[0].evaluations.size(), 1U);
  EXPECT_EQ(job.candidates[0].evaluations[0].progress, 0);
}

TEST(Apply, ACancelledJobEndsWhatWasGoingOn) {
  Job job = created();
  apply(job, {kNow, StageStarted{StageKind::kCustomization, 0}});
  apply(job, {kNow, JobFinished{JobStatus::kCancelled, std::nullopt}});
  EXPECT_EQ(job.candidates[0].status, CandidateStatus::kCancelled);
  EXPECT_EQ(job.candidates[0].customizations[0].error, "cancelled");
  EXPECT_TRUE(job.candidates[0].customizations[0].finished_at);
}

TEST(ParseJobId, TakesExactlyTwentyFourHexDigits) {
  EXPECT_EQ(parse_job_id("0123456789abcdef01234567").value(), JobId("0123456789abcdef01234567"));
  EXPECT_EQ(parse_job_id("0123456789ABCDEF01234567").value(), JobId("0123456789abcdef01234567"));
  for (const auto* text : {"", "0123456789abcdef0123456", "0123456789abcdef0123456g"}) {
    EXPECT_EQ(parse_job_id(text).error().code, ErrorCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace fw::runs
