#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runs/tests/world.h"

/// Runs over a log store elsewhere, which does not hold all that was acknowledged, or more than records.
namespace fw::runs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::Life;
using testing::live;
using ::testing::Not;
using ::testing::Optional;
using testing::World;

class WaitingRecords : public ::testing::Test {
 protected:
  /// A whole run; how its job ended.
  Job run() {
    Job job;
    live(world_, [&](Life& life) -> Task<void> {
      auto created = co_await life.create();
      EXPECT_TRUE(created.ok()) << created.error();
      job = co_await life.finish(created->id);
    });
    return job;
  }
  /// What a whole run left.
  nlohmann::json report() {
    const Job job = run();
    EXPECT_EQ(job.status, JobStatus::kCompleted) << job.error.value_or("");
    const auto text = io::read_file(world_.folder.path() / "jobs" / *job.id / "report.json");
    EXPECT_TRUE(text.ok()) << text.error();
    return text.ok() ? nlohmann::json::parse(*text) : nlohmann::json();
  }
  World world_;
};

TEST_F(WaitingRecords, AreReadWhenTheyComeInTime) {
  const auto last = world_.log.records.back();
  world_.log.records.pop_back();
  world_.log.on_settle = [&] { world_.log.records.push_back(last); };
  EXPECT_EQ(run().num_records, 60U);
  world_.log.on_settle = nullptr;
  EXPECT_THAT(report().dump(), Not(HasSubstr("acknowledged")));
}

TEST_F(WaitingRecords, ThatDoNotComeAreToldWithTheirNumberAndReason) {
  world_.log.lacking.records = 12;
  world_.log.lacking.trouble = storage_full("the index is read-only");
  const auto report = this->report();
  EXPECT_EQ(report["dataset"]["waiting"]["records"], 12);
  EXPECT_EQ(report["dataset"]["waiting"]["why"], "the index is read-only");
  EXPECT_THAT(report["dataset"]["notes"].dump(), HasSubstr("About 12 records were acknowledged but not in the log"));
  EXPECT_FALSE(report["trust"]["clean"]);
  EXPECT_THAT(report["trust"].dump(), AllOf(HasSubstr("about 12 acknowledged records"), HasSubstr("read-only")));
}

TEST_F(WaitingRecords, OnTheirWaySayThatHalfAMinuteWasNotEnough) {
  world_.log.lacking.records = 1;
  EXPECT_EQ(report()["dataset"]["waiting"]["why"], "they were on their way, and 30 s were not enough");
}

TEST_F(WaitingRecords, AreNamedWhereTheOthersAreTooFew) {
  world_.log.records.resize(10);
  world_.log.lacking.records = 50;
  world_.log.lacking.trouble = unavailable("no node takes them");
  EXPECT_THAT(run().error, Optional(AllOf(HasSubstr("min_total_records"), HasSubstr("about 50 records more"),
                                          HasSubstr("no node takes them"))));
}

TEST_F(WaitingRecords, OfAStoreThatIsAwayAreWaitedForByTryingAgain) {
  world_.store_attempts = 2;
  world_.log.error = "no node answers";
  world_.log.lacking.records = 12;
  int settled = 0;
  world_.log.on_settle = [&] {
    if (++settled < 2) return;
    world_.log.error.clear();
    world_.log.lacking.records = 0;
  };
  EXPECT_FALSE(report()["dataset"].contains("waiting"));
  EXPECT_EQ(settled, 2);
}

TEST_F(WaitingRecords, DocumentsThatAreNoRecordsAreToldToo) {
  world_.log.no_records = {{"timestamp cannot be read", 3}};
  const auto report = this->report();
  EXPECT_EQ(report["dataset"]["left_out"]["timestamp cannot be read"], 3);
  EXPECT_THAT(report["dataset"]["notes"].dump(), HasSubstr("3 documents of the workload in the log store are no"));
  EXPECT_THAT(report["trust"].dump(), HasSubstr("timestamp cannot be read: 3"));
}

}  // namespace
}  // namespace fw::runs
