// A backup that takes the place of a log store.

#include "logstore/rocksdb/restore.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class RestoreTest : public testing::Test {
 protected:
  RestoreTest() {
    const auto store = open_rocksdb_log_store(folder_.path() / "elsewhere").value();
    EXPECT_TRUE(store->append(std::vector{interaction("old", "w", "c", 1)}).ok());
    EXPECT_TRUE(store->backup(backup_).ok());
    fs::create_directory(data_);
  }

  void make_store() {
    const auto store = open_rocksdb_log_store(place_).value();
    EXPECT_TRUE(store->append(std::vector{interaction("new", "w", "c", 2)}).ok());
  }
  static std::vector<std::string> ids_in(const fs::path& folder) {
    const auto store = open_rocksdb_log_store(folder);
    EXPECT_TRUE(store.ok()) << store.error();
    return ids_of((*store)->scan({}, Order::kOldestFirst, 100, {})->records);
  }
  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(data_)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
  static std::map<std::string, std::string> bytes_of(const fs::path& folder) {
    std::map<std::string, std::string> bytes;
    for (const auto& file : fs::directory_iterator(folder))
      bytes[file.path().filename().string()] = *io::read_file(file.path());
    return bytes;
  }

  io::TemporaryFolder folder_{"restore"};
  const fs::path backup_ = folder_.path() / "backup";
  const fs::path data_ = folder_.path() / "data";
  const fs::path place_ = data_ / "log";
  const Timestamp now_ = from_epoch_seconds(1'790'000'000);
};

TEST_F(RestoreTest, ABackupIsPutWhereThereIsNoneAndStaysAsItIs) {
  const auto before = bytes_of(backup_);
  {
    const auto copy = RestoredCopy::make(backup_, place_, false);
    ASSERT_TRUE(copy.ok()) << copy.error();
    EXPECT_TRUE((*copy)->store().find(record::RecordId("old"))->has_value());
    EXPECT_FALSE(fs::exists(place_));
    EXPECT_EQ((*copy)->moved_aside(now_), std::nullopt);
    ASSERT_TRUE((*copy)->put_in_place(now_).ok());
  }
  EXPECT_THAT(entries(), ElementsAre("log"));
  EXPECT_THAT(ids_in(place_), ElementsAre("old"));
  EXPECT_EQ(bytes_of(backup_), before);
}

TEST_F(RestoreTest, WhatIsThereIsMovedAsideWhereThatIsWanted) {
  make_store();
  const auto refused = RestoredCopy::make(backup_, place_, false);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(refused.error().message, HasSubstr("--replace"));
  EXPECT_THAT(entries(), ElementsAre("log"));
  fs::path aside;
  {
    const auto copy = RestoredCopy::make(backup_, place_, true);
    ASSERT_TRUE(copy.ok()) << copy.error();
    aside = (*copy)->moved_aside(now_).value();
    ASSERT_TRUE((*copy)->put_in_place(now_).ok());
  }
  EXPECT_THAT(entries(), ElementsAre("log", aside.filename().string()));
  EXPECT_THAT(ids_in(place_), ElementsAre("old"));
  EXPECT_THAT(ids_in(aside), ElementsAre("new"));
}

TEST_F(RestoreTest, ACopyThatIsNotPutInPlaceLeavesNothing) {
  make_store();
  ASSERT_TRUE(RestoredCopy::make(backup_, place_, true).ok());
  EXPECT_THAT(entries(), ElementsAre("log"));
  EXPECT_THAT(ids_in(place_), ElementsAre("new"));
}

TEST_F(RestoreTest, WhatAnAttemptThatWasKilledLeftIsNoHindrance) {
  fs::create_directory(data_ / "log.restoring");
  std::ofstream(data_ / "log.restoring" / "000012.sst") << "half";
  {
    const auto copy = RestoredCopy::make(backup_, place_, false);
    ASSERT_TRUE(copy.ok()) << copy.error();
    ASSERT_TRUE((*copy)->put_in_place(now_).ok());
  }
  EXPECT_THAT(entries(), ElementsAre("log"));
  EXPECT_THAT(ids_in(place_), ElementsAre("old"));
}

TEST_F(RestoreTest, StoresThatAreInUseAreLeftAlone) {
  const auto in_use = open_rocksdb_log_store(place_).value();
  const auto refused = RestoredCopy::make(backup_, place_, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("in use"));
  const auto of_a_live_one = RestoredCopy::make(place_, folder_.path() / "third", false);
  ASSERT_FALSE(of_a_live_one.ok());
  EXPECT_EQ(of_a_live_one.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(RestoreTest, AFolderThatIsNoBackupIsRefusedWithWhatToName) {
  const auto nothing = RestoredCopy::make(folder_.path(), place_, false);
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().code, ErrorCode::kNotFound);
  make_store();
  const auto whole = RestoredCopy::make(data_, folder_.path() / "third", false);
  ASSERT_FALSE(whole.ok());
  EXPECT_THAT(whole.error().message, HasSubstr("or here " + place_.string()));
}

TEST_F(RestoreTest, ALinkToAnotherDiskStays) {
  const fs::path far = folder_.path() / "far";
  fs::create_directory(far);
  make_store();
  fs::rename(place_, far / "log");
  fs::create_directory_symlink(far / "log", place_);
  {
    const auto copy = RestoredCopy::make(backup_, place_, true);
    ASSERT_TRUE(copy.ok()) << copy.error();
    ASSERT_TRUE((*copy)->put_in_place(now_).ok());
  }
  EXPECT_TRUE(fs::is_symlink(place_));
  EXPECT_THAT(ids_in(place_), ElementsAre("old"));
}

}  // namespace
}  // namespace fw::logstore
