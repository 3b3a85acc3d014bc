#include "metastore/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "io/file.h"

namespace fw::metastore {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class SqliteStoreTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> open() {
    auto store = SqliteStore::open(file_);
    EXPECT_TRUE(store.ok()) << store.error();
    return store.ok() ? std::move(store).value() : nullptr;
  }
  /// Another program's hand in the file.
  void execute(const std::string& sql) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    sqlite3_close(raw);
  }
  static NewEvent event() { return {from_epoch_seconds(1), "stage", "{\"a\":1}"}; }
  static Status create(SqliteStore& store, const std::string& id, int events = 1) {
    const auto first = [events](std::int64_t) {
      return std::vector<NewEvent>(static_cast<std::size_t>(events), event());
    };
    const auto number = store.create_job({.id = id, .created_at = from_epoch_seconds(100), .config = "{}"}, 0, first);
    return number.ok() ? Status{} : number.error();
  }
  static Lease claim(SqliteStore& store, const std::string& id) {
    return store.claim(id, "worker", from_epoch_seconds(100), from_epoch_seconds(200)).value();
  }
  static Delivery delivery(const std::string& id) {
    return {.id = id, .job_id = "a", .url = "http://h/", .body = "{}"};
  }

  io::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "flywheel.db";
};

TEST_F(SqliteStoreTest, KeepsJobsAcrossReopening) {
  ASSERT_TRUE(create(*open(), "a").ok());
  auto store = open();
  const auto jobs = store->jobs(JobStatusFilter::kAll, 0, 10);
  ASSERT_THAT(jobs->jobs, SizeIs(1));
  EXPECT_EQ(jobs->jobs[0].id, "a");
  EXPECT_EQ(jobs->jobs[0].created_at, from_epoch_seconds(100));
  EXPECT_THAT(*store->events("a", 0, 10), SizeIs(1));
}

TEST_F(SqliteStoreTest, RefusesAKnownJobAndKeepsTheFirst) {
  auto store = open();
  ASSERT_TRUE(create(*store, "a", 0).ok());
  EXPECT_EQ(create(*store, "a", 1).error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(*store->events("a", 0, 10), SizeIs(0));
}

TEST_F(SqliteStoreTest, OnlyATakenKeyMeansThatARowExists) {
  auto store = open();
  const StepRow step{.key = "k", .value = "1", .error = {}, .recorded_at = {}};
  const Lease nobodys{.job_id = "no such job", .worker = "worker", .epoch = 1, .until = {}};
  EXPECT_EQ(store->append_events(nobodys, std::vector{event()}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->record_step(nobodys, step, {}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(create(*store, "a").ok());
  const Lease lease = claim(*store, "a");
  EXPECT_EQ(store->record_attempt(lease, "no such delivery", {}, DeliveryStatus::kPending).error().code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(store->record_step(lease, step, {}).ok());
  EXPECT_EQ(store->record_step(lease, step, {}).error().code, ErrorCode::kAlreadyExists);
}

TEST_F(SqliteStoreTest, RecordsAStepWithItsEventsOrNeither) {
  auto store = open();
  ASSERT_TRUE(create(*store, "a").ok());
  const Lease lease = claim(*store, "a");
  const StepRow step{"datasets", "{\"n\":1}", std::nullopt, from_epoch_seconds(5)};
  EXPECT_EQ(*store->record_step(lease, step, std::vector{event(), event()}), 3);
  EXPECT_EQ((*store->steps("a"))[0].value, "{\"n\":1}");
  EXPECT_EQ(store->record_step(lease, step, std::vector{event()}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(*store->events("a", 0, 10), SizeIs(3));
}

TEST_F(SqliteStoreTest, KeepsAStepsFirstEnd) {
  auto store = open();
  ASSERT_TRUE(create(*store, "a").ok());
  const Lease lease = claim(*store, "a");
  ASSERT_TRUE(store->record_step(lease, {"s", "first", std::nullopt, {}}, {}).ok());
  EXPECT_EQ(store->record_step(lease, {"s", "second", std::nullopt, {}}, {}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ((*store->steps("a"))[0].value, "first");
}

TEST_F(SqliteStoreTest, KeepsTheErrorOfAFailedStep) {
  auto store = open();
  ASSERT_TRUE(create(*store, "a").ok());
  const StepRow step{"s", "", unavailable("engine is down"), {}};
  ASSERT_TRUE(store->record_step(claim(*store, "a"), step, {}).ok());
  EXPECT_EQ((*store->steps("a"))[0].error, unavailable("engine is down"));
}

TEST_F(SqliteStoreTest, GivesEventsAfterANumberInOrder) {
  auto store = open();
  ASSERT_TRUE(create(*store, "a", 3).ok());
  const auto rows = store->events("a", 1, 1);
  ASSERT_THAT(*rows, SizeIs(1));
  EXPECT_EQ((*rows)[0].number, 2);
}

TEST_F(SqliteStoreTest, ErasesEverythingOfAJobAndNothingOfOthers) {
  auto store = open();
  for (const auto* id : {"a", "b"}) {
    ASSERT_TRUE(create(*store, id).ok());
    ASSERT_TRUE(store->record_step(claim(*store, id), {"s", "v", std::nullopt, {}}, {}).ok());
  }
  const Lease lease{"a", "worker", 1, {}};
  ASSERT_TRUE(store->finish_job(lease, {}, std::vector{delivery("d")}).ok());
  ASSERT_TRUE(store->record_attempt(lease, "d", {{}, 500, "broken"}, DeliveryStatus::kPending).ok());
  ASSERT_TRUE(store->erase_job("a").ok());
  EXPECT_THAT(store->jobs(JobStatusFilter::kAll, 0, 10)->jobs, SizeIs(1));
  EXPECT_THAT(*store->steps("a"), SizeIs(0));
  EXPECT_THAT(*store->events("a", 0, 10), SizeIs(0));
  EXPECT_THAT(*store->pending_deliveries(), SizeIs(0));
  EXPECT_THAT(*store->steps("b"), SizeIs(1));
}

TEST_F(SqliteStoreTest, KeepsEveryAttemptOfADelivery) {
  auto store = open();
  ASSERT_TRUE(create(*store, "a").ok());
  const Lease lease = claim(*store, "a");
  ASSERT_TRUE(store->finish_job(lease, {}, std::vector{delivery("d")}).ok());
  ASSERT_TRUE(store->record_attempt(lease, "d", {{}, 503, "busy"}, DeliveryStatus::kPending).ok());
  ASSERT_THAT(*store->pending_deliveries(), SizeIs(1));
  ASSERT_TRUE(store->record_attempt(lease, "d", {{}, 200, ""}, DeliveryStatus::kDelivered).ok());
  EXPECT_THAT(*store->pending_deliveries(), SizeIs(0));
  const auto all = store->deliveries("a");
  ASSERT_THAT((*all)[0].attempts, SizeIs(2));
  EXPECT_EQ((*all)[0].attempts[0].http_status, 503);
}

TEST_F(SqliteStoreTest, MarksOfAnUnknownJobAreNotFound) {
  auto store = open();
  EXPECT_EQ(store->request_cancel("x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->request_delete("x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->claim("x", "worker", {}, {}).error().code, ErrorCode::kNotFound);
}

TEST_F(SqliteStoreTest, RefusesAFileOfANewerFlywheelAndNamesTheRemedy) {
  ASSERT_TRUE(create(*open(), "a").ok());
  execute("PRAGMA user_version = 99");
  const auto store = SqliteStore::open(file_);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(store.error().message, HasSubstr("schema version 99"));
}

TEST_F(SqliteStoreTest, RefusesTheFileOfAnotherProgram) {
  execute("CREATE TABLE songs (name TEXT)");
  EXPECT_EQ(SqliteStore::open(file_).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(SqliteStoreTest, RefusesADamagedFile) {
  std::ofstream(file_) << std::string(8192, 'x');
  EXPECT_EQ(SqliteStore::open(file_).error().code, ErrorCode::kDataLoss);
}

TEST_F(SqliteStoreTest, RefusesToBeginAnewWhereAFileWasBefore) {
  ASSERT_TRUE(SqliteStore::open(file_, SqliteStore::Origin::kMayBeNew).ok());
  ASSERT_TRUE(SqliteStore::open(file_, SqliteStore::Origin::kThereBefore).ok());
  for (int time = 0; time < 2; ++time) {  // what a refused start leaves is not taken for whole by the next one
    if (time == 0) std::filesystem::resize_file(file_, 0);
    const auto store = SqliteStore::open(file_, SqliteStore::Origin::kThereBefore);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(store.error().message, HasSubstr("restore the file from a backup"));
  }
  std::filesystem::remove(file_);
  EXPECT_EQ(SqliteStore::open(file_, SqliteStore::Origin::kThereBefore).error().code, ErrorCode::kDataLoss);
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsHeldByAnother) {
  const auto first = open();
  const auto second = SqliteStore::open(file_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("held by another process"));
  const auto third = SqliteStore::open(file_, SqliteStore::Origin::kThereBefore);
  ASSERT_FALSE(third.ok());
  EXPECT_THAT(third.error().message, HasSubstr("held by another process"));
}

TEST_F(SqliteStoreTest, NamesAFolderThatDoesNotExist) {
  const auto store = SqliteStore::open(folder_.path() / "none" / "flywheel.db");
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message, HasSubstr("check that its folder exists"));
}

}  // namespace
}  // namespace fw::metastore
