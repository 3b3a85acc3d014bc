// What a store does while its disk fails, and once it is well again.

#include "logstore/tests/failing_disk.h"

#include <map>

#include "logstore/rocksdb/impl/rocksdb_log_store.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

using Failure = FailingDisk::Failure;
using testing::HasSubstr;

constexpr RocksDbOptions kSmallBuffers{.block_cache_bytes = 1 << 20, .write_buffer_bytes = 64 << 10};

std::vector<record::Interaction> batch_of(int number) {
  std::vector<record::Interaction> batch;
  for (int i = 0; i < 3; ++i) {
    batch.push_back(interaction(std::to_string(number) + "." + std::to_string(i), "w", i == 0 ? "a" : "b", number));
    batch.back().response.append(4000, static_cast<char>('a' + number % 26));
  }
  return batch;
}

class FailingDiskTest : public testing::Test {
 protected:
  void open() {
    auto database = Database::open(folder_.path() / "store", kSmallBuffers, env_.get());
    ASSERT_TRUE(database.ok()) << database.error();
    store_ = std::make_unique<RocksDbLogStore>(std::move(database).value());
  }

  /// Appends batches until the disk has failed and refused one, at most `most` of them.
  std::optional<Error> append_until_refused(int most) {
    for (int i = 0; i < most; ++i) {
      const auto appended = store_->append(batch_of(next_));
      if (!appended.ok()) return appended.error();
      ++next_;
    }
    return std::nullopt;
  }

  /// Every batch before the next is there, with counts that agree. The next may be: it was refused, not undone.
  static void check(LogStore& store, int acknowledged) {
    std::map<std::string, std::uint64_t> counts;
    std::optional<Cursor> after;
    std::uint64_t seen = 0;
    do {
      const auto page = store.scan({}, Order::kOldestFirst, 1000, after);
      ASSERT_TRUE(page.ok()) << page.error();
      for (const auto& record : page->records) ++counts[*record.client];
      seen += page->records.size();
      after = page->next;
    } while (after);
    EXPECT_GE(seen, 3U * static_cast<unsigned>(acknowledged));
    for (int number = 0; number < acknowledged; ++number) {
      for (const auto& record : batch_of(number)) {
        const auto found = store.find(record.id);
        ASSERT_TRUE(found.ok() && found->has_value()) << "acknowledged and lost: " << record.id;
        ASSERT_EQ(**found, record);
      }
    }
    const auto summaries = store.workloads();
    ASSERT_TRUE(summaries.ok()) << summaries.error();
    for (const auto& summary : *summaries) EXPECT_EQ(summary.records, counts[*summary.client]);
  }

  /// The folder as it lies on the disk now, which is what a killed process would leave.
  void check_after_a_kill() {
    const io::TemporaryFolder copy("logstore-killed");
    {
      const auto still = disk_->stillness();
      copy_as_killed(folder_.path() / "store", copy.path() / "store");
    }
    auto store = open_rocksdb_log_store(copy.path() / "store");
    ASSERT_TRUE(store.ok()) << store.error();
    check(**store, next_);
  }

  io::TemporaryFolder folder_{"logstore"};
  std::shared_ptr<FailingDisk> disk_ = std::make_shared<FailingDisk>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  std::unique_ptr<RocksDbLogStore> store_;
  int next_ = 0;
};

TEST_F(FailingDiskTest, AFullDiskRefusesWithTheRemedyAndWritesGoOnWhenThereIsSpaceAgain) {
  open();
  ASSERT_EQ(append_until_refused(1), std::nullopt);
  disk_->fail_after(0, Failure::kNoSpace);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto refused = append_until_refused(1);
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->code, ErrorCode::kStorageFull) << *refused;
    EXPECT_THAT(refused->message, HasSubstr("the disk is full; free space"));
  }
  EXPECT_TRUE((*store_->find(record::RecordId("0.0"))).has_value());
  disk_->be_well();
  EXPECT_EQ(append_until_refused(2), std::nullopt);
  store_.reset();
  open();
  check(*store_, 3);
}

TEST_F(FailingDiskTest, AViewOfBeforeIsLostWithTheStoreThatWasOpenedAgain) {
  open();
  ASSERT_EQ(append_until_refused(1), std::nullopt);
  const auto view = store_->view();
  ASSERT_TRUE(view.ok() && (*view)->scan({}, Order::kOldestFirst, 1, {}).ok());
  disk_->fail_after(0, Failure::kNoSpace);
  ASSERT_TRUE(append_until_refused(1).has_value());
  EXPECT_TRUE((*view)->scan({}, Order::kOldestFirst, 1, {}).ok()) << "reads go on";
  disk_->be_well();
  ASSERT_EQ(append_until_refused(1), std::nullopt);
  const auto lost = (*view)->scan({}, Order::kOldestFirst, 1, {});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE((*store_->view())->scan({}, Order::kOldestFirst, 1, {}).ok());
}

TEST_F(FailingDiskTest, AMomentWithoutDescriptorsDoesNotMakeTheStoreReadOnly) {
  open();
  disk_->fail_after(0, Failure::kNoDescriptors);
  const auto refused = append_until_refused(500);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, ErrorCode::kUnavailable) << *refused;
  EXPECT_THAT(refused->message, HasSubstr("raise the limit on open files"));
  EXPECT_EQ(store_->health().error().code, ErrorCode::kUnavailable);
  disk_->be_well();
  EXPECT_EQ(append_until_refused(100), std::nullopt);
  EXPECT_TRUE(store_->health().ok());
  check(*store_, next_);
}

TEST_F(FailingDiskTest, AStoreThatNobodyAppendsToIsWellAgainByItself) {
  open();
  disk_->fail_after(0, Failure::kInputOutput);
  ASSERT_TRUE(append_until_refused(1).has_value());
  EXPECT_FALSE(store_->health().ok());
  disk_->be_well();
  while (!store_->health().ok()) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // ctest limits it
  EXPECT_EQ(append_until_refused(1), std::nullopt);
}

TEST_F(FailingDiskTest, ReadsGoOnWhereTheDiskHasRoomForAFileAndNotForOpeningAgain) {
  open();
  ASSERT_EQ(append_until_refused(20), std::nullopt);
  disk_->fail_after(0, Failure::kNoSpace);
  ASSERT_TRUE(append_until_refused(1).has_value());
  for (int writes = 1; writes < 16; ++writes) {
    disk_->fail_after(writes, Failure::kNoSpace);
    (void)append_until_refused(1);
    const auto found = store_->find(record::RecordId("0.0"));
    ASSERT_TRUE(found.ok()) << "after " << writes << " writes: " << found.error();
    EXPECT_TRUE(found->has_value());
    EXPECT_TRUE(store_->workloads().ok());
  }
  disk_->be_well();
  EXPECT_EQ(append_until_refused(3), std::nullopt);
  check(*store_, next_);
}

TEST_F(FailingDiskTest, AStoreIsOpenedForReadingOnAFullDiskAndWritesGoOnWhenThereIsSpaceAgain) {
  open();
  ASSERT_EQ(append_until_refused(20), std::nullopt);
  store_.reset();
  disk_->fail_after(0, Failure::kNoSpace);
  open();
  EXPECT_EQ(store_->health().error().code, ErrorCode::kStorageFull);
  EXPECT_TRUE((*store_->find(record::RecordId("0.0"))).has_value());
  EXPECT_EQ(append_until_refused(1)->code, ErrorCode::kStorageFull);
  disk_->be_well();
  EXPECT_EQ(append_until_refused(3), std::nullopt);
  EXPECT_TRUE(store_->health().ok());
  check(*store_, next_);
}

/// Fails from every write on in turn, so that each kind of write (log, table, manifest, name) is hit once.
TEST_F(FailingDiskTest, WhereverAWriteFailsNothingAcknowledgedIsLostAndCountsAgree) {
  for (const Failure failure : {Failure::kNoSpace, Failure::kInputOutput, Failure::kNoDescriptors}) {
    open();
    for (const int writes : {0, 1, 2, 3, 5, 13, 34, 89}) {
      SCOPED_TRACE("after " + std::to_string(writes) + " writes");
      disk_->fail_after(writes, failure);
      const auto refused = append_until_refused(60);
      if (!refused) break;  // no such write
      check_after_a_kill();
      disk_->be_well();
      ASSERT_EQ(append_until_refused(3), std::nullopt);
      check_after_a_kill();
      if (HasFailure()) return;
    }
    disk_->be_well();
    check(*store_, next_);
    store_.reset();
  }
}

}  // namespace
}  // namespace fw::logstore
