// Who may write what becomes of a job, and what follows from its numbers being the store's.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <thread>

#include "io/file.h"
#include "metastore/sqlite_store.h"

namespace fw::metastore {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

const Timestamp kNow = from_epoch_seconds(1000);
const Timestamp kLater = from_epoch_seconds(1030);

NewEvent event(const std::string& data = "{}") { return {kNow, "stage", data}; }

class LeasesTest : public testing::Test {
 protected:
  void execute(const std::string& sql) {
    store_.reset();
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    sqlite3_close(raw);
    store_ = std::move(SqliteStore::open(file_)).value();
  }
  void create(const std::string& id, std::int64_t at_least = 0) {
    const auto events = [](std::int64_t number) { return std::vector{event(std::to_string(number))}; };
    ASSERT_TRUE(store_->create_job({.id = id, .created_at = kNow, .config = "{}"}, at_least, events).ok());
  }
  std::optional<Lease> claim_next(const std::string& worker, Timestamp now = kNow, Timestamp until = kLater,
                                  std::vector<std::string> except = {}) {
    auto lease = store_->claim_next(MetaStore::Work::kRun, worker, now, until, except);
    EXPECT_TRUE(lease.ok()) << lease.error();
    return *lease;
  }
  void reopen() {
    store_.reset();
    store_ = std::move(SqliteStore::open(file_)).value();
  }

  io::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "metadata.sqlite";
  std::unique_ptr<SqliteStore> store_ = std::move(SqliteStore::open(file_)).value();
};

TEST_F(LeasesTest, TheOldestJobThatNobodyHoldsIsNext) {
  create("a");
  create("b");
  create("c");
  EXPECT_EQ(claim_next("one", kNow, kLater, {"a"})->job_id, "b");
  EXPECT_EQ(claim_next("two")->job_id, "a");
  EXPECT_EQ(claim_next("one")->job_id, "c");
  EXPECT_FALSE(claim_next("two").has_value());
}

TEST_F(LeasesTest, AnExpiredLeaseIsAnothersToTakeAndItsWritesAreRefused) {
  create("a");
  const auto slow = claim_next("slow");
  const auto quick = claim_next("quick", kLater);
  ASSERT_TRUE(quick.has_value());
  EXPECT_GT(quick->epoch, slow->epoch);
  const StepRow step{"s", "{}", std::nullopt, kNow};
  EXPECT_EQ(store_->append_events(*slow, std::vector{event()}).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(store_->record_step(*slow, step, {}).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(store_->finish_job(*slow, {}, {}).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(store_->renew(*slow, kLater).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(store_->release(*slow).ok());
  EXPECT_TRUE(store_->record_step(*quick, step, std::vector{event()}).ok());
  EXPECT_THAT(*store_->steps("a"), SizeIs(1));
}

TEST_F(LeasesTest, ARenewedLeaseIsNobodyElses) {
  create("a");
  const auto lease = claim_next("one");
  ASSERT_TRUE(store_->renew(*lease, from_epoch_seconds(2000)).ok());
  EXPECT_FALSE(claim_next("two", kLater).has_value());
  EXPECT_EQ(store_->claim("a", "two", kLater, kLater).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(LeasesTest, AReleasedJobIsFreeAtOnceAndTheOldLeaseWritesNothingMore) {
  create("a");
  const auto lease = claim_next("one");
  ASSERT_TRUE(store_->release(*lease).ok());
  EXPECT_EQ(store_->append_events(*lease, std::vector{event()}).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(store_->claim("a", "one", kNow, kLater).ok());
}

TEST_F(LeasesTest, NobodysLeaseWritesNothing) {
  create("a");
  EXPECT_EQ(store_->append_events({.job_id = "a"}, std::vector{event()}).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(store_->append_events({.job_id = "x"}, std::vector{event()}).error().code, ErrorCode::kNotFound);
}

TEST_F(LeasesTest, WhoeverOpensTheFileHoldsNothingOfThoseBefore) {
  create("a");
  const auto dead = claim_next("dead");
  reopen();
  EXPECT_EQ(store_->append_events(*dead, std::vector{event()}).error().code, ErrorCode::kCancelled);
  const auto next = claim_next("next");
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(next->epoch, dead->epoch);
}

TEST_F(LeasesTest, AnEndedJobIsClaimedForItsDeliveriesAlone) {
  create("a");
  create("b");
  for (const auto* id : {"a", "b"}) {
    const auto lease = claim_next("one");
    const Delivery delivery{.id = std::string("d") + id, .job_id = id, .url = "http://h/", .body = "{}"};
    ASSERT_TRUE(store_->finish_job(*lease, std::vector{event()}, std::vector{delivery}).ok());
    ASSERT_TRUE(store_->release(*lease).ok());
  }
  EXPECT_FALSE(claim_next("one").has_value());
  EXPECT_EQ(store_->claim("a", "one", kNow, kLater).error().code, ErrorCode::kFailedPrecondition);
  const auto held = store_->claim_next(MetaStore::Work::kDeliver, "one", kNow, kLater, {});
  ASSERT_EQ((*held)->job_id, "a");
  EXPECT_EQ(store_->record_attempt({.job_id = "a"}, "da", {}, DeliveryStatus::kDelivered).error().code,
            ErrorCode::kCancelled);
  ASSERT_TRUE(store_->record_attempt(**held, "da", {kNow, 200, ""}, DeliveryStatus::kDelivered).ok());
  ASSERT_TRUE(store_->release(**held).ok());
  EXPECT_EQ((*store_->claim_next(MetaStore::Work::kDeliver, "two", kNow, kLater, {}))->job_id, "b");
}

TEST_F(LeasesTest, JobsGetNumbersThatGrowWhateverTheClockSays) {
  create("a", 100);
  create("b", 50);
  ASSERT_TRUE(store_->erase_job("b").ok());
  reopen();
  create("c", 50);
  const auto jobs = store_->jobs(JobStatusFilter::kAll, 0, 10);
  EXPECT_THAT(jobs->jobs, ElementsAre(Field(&JobRow::number, 100), Field(&JobRow::number, 102)));
  EXPECT_EQ((*store_->events("c", 0, 1))[0].data, "102");
}

TEST_F(LeasesTest, JobsArePagedByTheirStatus) {
  for (const auto* id : {"a", "b", "c", "d"}) create(id);
  const auto lease = store_->claim("b", "one", kNow, kLater);
  ASSERT_TRUE(store_->finish_job(*lease, {}, {}).ok());
  const auto first = store_->jobs(JobStatusFilter::kUnfinished, 0, 2);
  EXPECT_THAT(first->jobs, ElementsAre(Field(&JobRow::id, "a"), Field(&JobRow::id, "c")));
  ASSERT_TRUE(store_->erase_job("c").ok());
  const auto second = store_->jobs(JobStatusFilter::kUnfinished, *first->next, 2);
  EXPECT_THAT(second->jobs, ElementsAre(Field(&JobRow::id, "d")));
  EXPECT_FALSE(second->next.has_value());
  EXPECT_THAT(store_->jobs(JobStatusFilter::kFinished, 0, 2)->jobs, ElementsAre(Field(&JobRow::id, "b")));
}

TEST_F(LeasesTest, WritersOfOneJobNeedNotAgreeOnNumbers) {
  create("a");
  const auto lease = claim_next("one");
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; i < 10; ++i) {
          const StepRow step{std::to_string(w) + "/" + std::to_string(i), "{}", std::nullopt, kNow};
          EXPECT_TRUE(store_->record_step(*lease, step, std::vector{event(), event()}).ok());
        }
      });
    }
  }
  const auto rows = store_->events("a", 0, 1000);
  ASSERT_THAT(*rows, SizeIs(81));
  for (std::size_t i = 0; i < rows->size(); ++i) EXPECT_EQ((*rows)[i].number, static_cast<std::int64_t>(i + 1));
}

TEST_F(LeasesTest, ListenersHearOfAllThatOthersMayWaitFor) {
  std::vector<std::pair<Notice::Kind, std::int64_t>> heard;
  const auto seat = store_->listen([&](const Notice& notice) { heard.emplace_back(notice.kind, notice.number); });
  create("a", 7);
  const auto lease = claim_next("one");
  ASSERT_TRUE(store_->append_events(*lease, std::vector{event()}).ok());
  store_->announce({Notice::Kind::kProgress, "a", 0, "{}"});
  ASSERT_TRUE(store_->request_cancel("a").ok());
  ASSERT_TRUE(store_->release(*lease).ok());
  using enum Notice::Kind;
  EXPECT_THAT(heard, ElementsAre(std::pair(kCreated, 7), std::pair(kEvents, 2), std::pair(kProgress, 0),
                                 std::pair(kCancelRequested, 0), std::pair(kReleased, 0)));
}

TEST_F(LeasesTest, WordOfEventsTellsTheEpochThatWroteThem) {
  create("a");
  claim_next("one", kNow, kNow);
  const auto lease = claim_next("two");
  std::vector<std::int64_t> epochs;
  const auto seat = store_->listen([&](const Notice& notice) { epochs.push_back(notice.epoch); });
  ASSERT_TRUE(store_->append_events(*lease, std::vector{event()}).ok());
  EXPECT_THAT(epochs, ElementsAre(2));
}

TEST_F(LeasesTest, JobsThatShareANumberShareAPage) {
  for (const auto* id : {"a", "b", "c"}) create(id);
  execute("UPDATE jobs SET number = 1 WHERE id = 'b'");
  const auto first = store_->jobs(JobStatusFilter::kAll, 0, 1);
  EXPECT_THAT(first->jobs, ElementsAre(Field(&JobRow::id, "a"), Field(&JobRow::id, "b")));
  EXPECT_THAT(store_->jobs(JobStatusFilter::kAll, *first->next, 1)->jobs, ElementsAre(Field(&JobRow::id, "c")));
}

}  // namespace
}  // namespace fw::metastore
