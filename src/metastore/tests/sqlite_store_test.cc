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
  static JobRow job(const std::string& id) { return {id, from_epoch_seconds(100), "{}"}; }
  static EventRow event(std::int64_t number) { return {number, from_epoch_seconds(number), "stage", "{\"a\":1}"}; }
  static Delivery delivery(const std::string& id) {
    return {.id = id, .job_id = "a", .url = "http://h/", .body = "{}"};
  }

  io::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "flywheel.db";
};

TEST_F(SqliteStoreTest, KeepsJobsAcrossReopening) {
  ASSERT_TRUE(open()->create_job(job("a"), std::vector{event(1)}).ok());
  auto store = open();
  const auto jobs = store->jobs();
  ASSERT_THAT(*jobs, SizeIs(1));
  EXPECT_EQ((*jobs)[0].id, "a");
  EXPECT_EQ((*jobs)[0].created_at, from_epoch_seconds(100));
  EXPECT_THAT(*store->events("a", 0, 10), SizeIs(1));
}

TEST_F(SqliteStoreTest, RefusesAKnownJobAndKeepsTheFirst) {
  auto store = open();
  ASSERT_TRUE(store->create_job(job("a"), {}).ok());
  EXPECT_EQ(store->create_job(job("a"), std::vector{event(1)}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(*store->events("a", 0, 10), SizeIs(0));
}

TEST_F(SqliteStoreTest, OnlyATakenKeyMeansThatARowExists) {
  auto store = open();
  EXPECT_EQ(store->append_events("no such job", std::vector{event(1)}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(
      store->record_step("no such job", {.key = "k", .value = "1", .error = {}, .recorded_at = {}}, {}).error().code,
      ErrorCode::kNotFound);
  ASSERT_TRUE(store->create_job(job("a"), std::vector{event(1)}).ok());
  EXPECT_EQ(store->append_events("a", std::vector{event(1)}).error().code, ErrorCode::kAlreadyExists);
}

TEST_F(SqliteStoreTest, RecordsAStepWithItsEventsOrNeither) {
  auto store = open();
  ASSERT_TRUE(store->create_job(job("a"), std::vector{event(1)}).ok());
  const StepRow step{"datasets", "{\"n\":1}", std::nullopt, from_epoch_seconds(5)};
  EXPECT_FALSE(store->record_step("a", step, std::vector{event(2), event(1)}).ok());
  EXPECT_THAT(*store->steps("a"), SizeIs(0));
  ASSERT_TRUE(store->record_step("a", step, std::vector{event(2)}).ok());
  EXPECT_EQ((*store->steps("a"))[0].value, "{\"n\":1}");
}

TEST_F(SqliteStoreTest, KeepsAStepsFirstEnd) {
  auto store = open();
  ASSERT_TRUE(store->create_job(job("a"), {}).ok());
  ASSERT_TRUE(store->record_step("a", {"s", "first", std::nullopt, {}}, {}).ok());
  EXPECT_EQ(store->record_step("a", {"s", "second", std::nullopt, {}}, {}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ((*store->steps("a"))[0].value, "first");
}

TEST_F(SqliteStoreTest, KeepsTheErrorOfAFailedStep) {
  auto store = open();
  ASSERT_TRUE(store->create_job(job("a"), {}).ok());
  ASSERT_TRUE(store->record_step("a", {"s", "", unavailable("engine is down"), {}}, {}).ok());
  EXPECT_EQ((*store->steps("a"))[0].error, unavailable("engine is down"));
}

TEST_F(SqliteStoreTest, GivesEventsAfterANumberInOrder) {
  auto store = open();
  ASSERT_TRUE(store->create_job(job("a"), std::vector{event(1), event(2), event(3)}).ok());
  const auto rows = store->events("a", 1, 1);
  ASSERT_THAT(*rows, SizeIs(1));
  EXPECT_EQ((*rows)[0].number, 2);
}

TEST_F(SqliteStoreTest, ErasesEverythingOfAJobAndNothingOfOthers) {
  auto store = open();
  for (const auto* id : {"a", "b"}) {
    ASSERT_TRUE(store->create_job(job(id), std::vector{event(1)}).ok());
    ASSERT_TRUE(store->record_step(id, {"s", "v", std::nullopt, {}}, {}).ok());
  }
  ASSERT_TRUE(store->finish_job("a", {}, std::vector{delivery("d")}).ok());
  ASSERT_TRUE(store->record_attempt("d", {{}, 500, "broken"}, DeliveryStatus::kPending).ok());
  ASSERT_TRUE(store->erase_job("a").ok());
  EXPECT_THAT(*store->jobs(), SizeIs(1));
  EXPECT_THAT(*store->steps("a"), SizeIs(0));
  EXPECT_THAT(*store->events("a", 0, 10), SizeIs(0));
  EXPECT_THAT(*store->pending_deliveries(), SizeIs(0));
  EXPECT_THAT(*store->steps("b"), SizeIs(1));
}

TEST_F(SqliteStoreTest, KeepsEveryAttemptOfADelivery) {
  auto store = open();
  ASSERT_TRUE(store->create_job(job("a"), {}).ok());
  ASSERT_TRUE(store->finish_job("a", {}, std::vector{delivery("d")}).ok());
  ASSERT_TRUE(store->record_attempt("d", {{}, 503, "busy"}, DeliveryStatus::kPending).ok());
  ASSERT_THAT(*store->pending_deliveries(), SizeIs(1));
  ASSERT_TRUE(store->record_attempt("d", {{}, 200, ""}, DeliveryStatus::kDelivered).ok());
  EXPECT_THAT(*store->pending_deliveries(), SizeIs(0));
  const auto all = store->deliveries("a");
  ASSERT_THAT((*all)[0].attempts, SizeIs(2));
  EXPECT_EQ((*all)[0].attempts[0].http_status, 503);
}

TEST_F(SqliteStoreTest, MarksOfAnUnknownJobAreNotFound) {
  auto store = open();
  EXPECT_EQ(store->request_cancel("x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->request_delete("x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->finish_job("x", {}, {}).error().code, ErrorCode::kNotFound);
}

TEST_F(SqliteStoreTest, RefusesAFileOfANewerFlywheelAndNamesTheRemedy) {
  ASSERT_TRUE(open()->create_job(job("a"), {}).ok());
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

TEST_F(SqliteStoreTest, RefusesAFileThatIsHeldByAnother) {
  const auto first = open();
  const auto second = SqliteStore::open(file_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("held by another process"));
}

TEST_F(SqliteStoreTest, NamesAFolderThatDoesNotExist) {
  const auto store = SqliteStore::open(folder_.path() / "none" / "flywheel.db");
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message, HasSubstr("check that its folder exists"));
}

}  // namespace
}  // namespace fw::metastore
