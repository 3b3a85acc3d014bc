// A file that an older flywheel wrote goes on where that one stood.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "io/file.h"
#include "metastore/sqlite_store.h"

namespace fw::metastore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kEnded = "824c62f11e3c300e36fbac95";
constexpr const char* kCutOff = "047c7d2488f089a242dd93c6";
constexpr const char* kWaiting = "d20dcd13b536116b2cf1846f";

class UpgradeTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto sql = io::read_file(std::filesystem::path(FW_SOURCE_DIR) / "src/metastore/tests/version_3.sql");
    ASSERT_TRUE(sql.ok()) << sql.error();
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql->c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    sqlite3_close(raw);
    reopen();
  }
  void reopen() {
    store_.reset();
    auto opened = SqliteStore::open(file_);
    ASSERT_TRUE(opened.ok()) << opened.error();
    store_ = *std::move(opened);
  }
  std::string claim_next(MetaStore::Work work) {
    const auto lease = store_->claim_next(work, "one", from_epoch_seconds(1), from_epoch_seconds(2), {});
    EXPECT_TRUE(lease.ok()) << lease.error();
    return *lease ? (*lease)->job_id : "";
  }

  io::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "metadata.sqlite";
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(UpgradeTest, JobsKeepTheirOrderAndTheNumbersOfTheirFirstEvents) {
  std::vector<std::pair<std::string, std::int64_t>> jobs;
  const auto page = store_->jobs(JobStatusFilter::kAll, 0, 10);
  for (const auto& job : page->jobs) jobs.emplace_back(job.id, job.number);
  EXPECT_THAT(jobs, ElementsAre(std::pair(kEnded, 1'795'775'023), std::pair(kCutOff, 1'795'775'025),
                                std::pair(kWaiting, 1'795'775'026)));
  EXPECT_EQ(store_->create_job({.id = "new", .config = "{}"}, 5, [](auto) { return std::vector<NewEvent>{}; }).value(),
            1'795'775'027);
}

TEST_F(UpgradeTest, UnfinishedJobsAndWebhooksAreClaimedAndNothingElse) {
  EXPECT_EQ(claim_next(MetaStore::Work::kRun), kCutOff);
  EXPECT_EQ(claim_next(MetaStore::Work::kRun), kWaiting);
  EXPECT_EQ(claim_next(MetaStore::Work::kRun), "");
  EXPECT_EQ(claim_next(MetaStore::Work::kDeliver), kEnded);
  EXPECT_EQ(claim_next(MetaStore::Work::kDeliver), "");
}

TEST_F(UpgradeTest, WhatWasWrittenIsThereAndGoesOnAlsoAfterTheNextOpening) {
  reopen();
  EXPECT_THAT(*store_->events(kEnded, 0, 100), SizeIs(14));
  EXPECT_THAT(*store_->steps(kEnded), SizeIs(3));
  EXPECT_THAT(store_->deliveries(kEnded)->at(0).attempts, SizeIs(1));
  const auto lease = store_->claim(kCutOff, "one", from_epoch_seconds(1), from_epoch_seconds(2));
  ASSERT_TRUE(lease.ok()) << lease.error();
  const StepRow step{"candidate/0/base-eval", "{}", std::nullopt, from_epoch_seconds(1)};
  EXPECT_EQ(store_->record_step(*lease, step, std::vector{NewEvent{from_epoch_seconds(1), "stage", "{}"}}).value(), 8);
  EXPECT_EQ(store_->finish_job(*lease, std::vector{NewEvent{from_epoch_seconds(1), "job", "{}"}}, {}).value(), 9);
  EXPECT_THAT(*store_->steps(kCutOff), SizeIs(2));
  ASSERT_TRUE(store_->erase_job(kEnded).ok());
  EXPECT_THAT(*store_->pending_deliveries(), IsEmpty());
}

}  // namespace
}  // namespace fw::metastore
