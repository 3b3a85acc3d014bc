#include "workflow/workflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/run_blocking.h"

namespace fw::workflow {
namespace {

class MemoryJournal final : public Journal {
 public:
  Task<Result<History>> load() override { co_return history; }
  Task<Status> record(StepKey key, StepEnd end) override {
    if (broken) co_return resource_exhausted("the disk is full");
    apply(history, key, end);
    co_return Status{};
  }
  History history;
  bool broken = false;
};

class WorkflowTest : public testing::Test {
 protected:
  /// A new process: a workflow that knows only the journal. Its step ends with what `ends` holds for this attempt.
  Result<std::string> run(std::vector<Result<std::string>> ends, RetryPolicy retry = {},
                          Deadline deadline = Deadline::never()) {
    Workflow workflow(journal_);
    EXPECT_TRUE(run_blocking(workflow.load()).ok());
    const StepWork work = [this, ends]() -> Task<Result<std::string>> {
      co_return ends.at(static_cast<std::size_t>(attempts_++));
    };
    return run_blocking(workflow.run_step(StepKey("step"), work, retry, deadline));
  }
  static RetryPolicy impatient(int attempts) { return {.max_attempts = attempts, .first_pause = Duration(1)}; }

  MemoryJournal journal_;
  int attempts_ = 0;
};

TEST_F(WorkflowTest, ReplaysARecordedValueWithoutRunningTheStep) {
  EXPECT_EQ(*run({std::string("one")}), "one");
  EXPECT_EQ(*run({std::string("two"), std::string("two")}), "one");
  EXPECT_EQ(attempts_, 1);
}

TEST_F(WorkflowTest, ReplaysARecordedError) {
  EXPECT_EQ(run({invalid_argument("bad rows")}).error(), invalid_argument("bad rows"));
  EXPECT_EQ(run({}).error(), invalid_argument("bad rows"));
}

TEST_F(WorkflowTest, RetriesWhatTimeMayHeal) {
  EXPECT_EQ(*run({unavailable("down"), std::string("up")}, impatient(3)), "up");
  EXPECT_EQ(attempts_, 2);
}

TEST_F(WorkflowTest, GivesUpAfterTheLastAttempt) {
  EXPECT_EQ(run({unavailable("down"), unavailable("down")}, impatient(2)).error(), unavailable("down"));
}

TEST_F(WorkflowTest, DoesNotRetryWhatTimeCannotHeal) {
  EXPECT_FALSE(run({invalid_argument("bad")}, impatient(3)).ok());
  EXPECT_EQ(attempts_, 1);
}

TEST_F(WorkflowTest, LeavesNoRecordOfAnInterruptedStep) {
  std::stop_source stop;
  Workflow workflow(journal_);
  const StepWork work = [&stop]() -> Task<Result<std::string>> {
    stop.request_stop();
    co_return unavailable("connection closed");
  };
  const auto end = run_blocking(workflow.run_step(StepKey("step"), work, {}, Deadline::when_stopped(stop.get_token())));
  EXPECT_EQ(end.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(journal_.history.steps.empty());
}

TEST_F(WorkflowTest, StartsNothingAfterTheStop) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run({}, {}, Deadline::when_stopped(stop.get_token())).error().code, ErrorCode::kCancelled);
}

TEST_F(WorkflowTest, TakesAnExceptionAsTheStepsError) {
  Workflow workflow(journal_);
  const StepWork work = []() -> Task<Result<std::string>> {
    throw std::runtime_error("out of luck");
    co_return std::string();
  };
  EXPECT_EQ(run_blocking(workflow.run_step(StepKey("step"), work, {}, Deadline::never())).error(),
            internal("out of luck"));
}

TEST_F(WorkflowTest, CannotGoOnWhenTheJournalFails) {
  journal_.broken = true;
  EXPECT_THROW(static_cast<void>(run({std::string("one")})), JournalFailure);
}

TEST(RetryPolicy, PausesGrowUpToTheLongest) {
  const RetryPolicy policy{.max_attempts = 9,
                           .first_pause = std::chrono::seconds(2),
                           .factor = 4.0,
                           .longest_pause = std::chrono::seconds(20)};
  EXPECT_EQ(pause_after(policy, 1), std::chrono::seconds(2));
  EXPECT_EQ(pause_after(policy, 2), std::chrono::seconds(8));
  EXPECT_EQ(pause_after(policy, 3), std::chrono::seconds(20));
  EXPECT_EQ(pause_after(policy, 5000), std::chrono::seconds(20));
}

}  // namespace
}  // namespace fw::workflow
