// A manifest or a newest log that is less than it was: nothing more is lost by opening, and it is told.

#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include "logstore/rocksdb/impl/log_files.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

class MarkedStore : public LogStoreTest {
 protected:
  [[nodiscard]] fs::path path() const { return folder_.path() / "store"; }
  [[nodiscard]] fs::path manifest() const {
    std::string name = *io::read_file(path() / "CURRENT");
    name.pop_back();
    return path() / name;
  }
  /// What could be restored from: all tables and logs.
  [[nodiscard]] std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(path())) {
      const auto extension = entry.path().extension();
      if (extension == ".log" || extension == ".sst") files[entry.path().filename()] = *io::read_file(entry.path());
    }
    return files;
  }
  void write(const fs::path& file, const std::string& bytes) const {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }
  void expect_refused_untouched(const std::string& what) {
    const auto before = contents();
    const auto opened = open_rocksdb_log_store(path());
    ASSERT_FALSE(opened.ok()) << what;
    EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss) << what;
    EXPECT_THAT(opened.error().message, HasSubstr("restore the folder from a backup")) << what;
    EXPECT_EQ(contents(), before) << what;
  }
  void append_some(int count) {
    for (int i = 0; i < count; ++i) append({interaction("r" + std::to_string(i), "w", "c", i)});
  }
};

TEST_F(MarkedStore, AManifestThatIsShorterThanItWasIsRefusedAndNothingIsRemoved) {
  append_some(20);  // all of them in the log: a store in its first run
  store_.reset();
  const std::string whole = *io::read_file(manifest());
  ASSERT_GT(whole.size(), 100U);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    write(manifest(), whole.substr(0, size));
    expect_refused_untouched("cut to " + std::to_string(size));
  }
  write(manifest(), whole);
  reopen();
  EXPECT_THAT(store_->damage(), IsEmpty());
}

TEST_F(MarkedStore, AFlippedBitAnywhereInTheManifestIsRefusedAndNothingIsRemoved) {
  append_some(3);
  reopen();  // the records are in a table now
  store_.reset();
  const std::string whole = *io::read_file(manifest());
  for (std::size_t at = 0; at < whole.size(); at += 5) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    write(manifest(), damaged);
    expect_refused_untouched("flipped at " + std::to_string(at));
  }
}

TEST_F(MarkedStore, AStoreThatWasNeverMarkedIsRefusedWhereItsManifestHasLostAFamily) {
  append_some(20);
  store_.reset();
  fs::remove(path() / "marks.json");
  const std::string whole = *io::read_file(manifest());
  write(manifest(), whole.substr(0, whole.size() / 2));
  expect_refused_untouched("half a manifest");
}

TEST_F(MarkedStore, AManifestOrACurrentThatIsNotThereIsRefusedWithTheRemedy) {
  append_some(3);
  store_.reset();
  const fs::path name = manifest();
  fs::rename(name, folder_.path() / "aside");
  expect_refused_untouched("no manifest");
  fs::rename(folder_.path() / "aside", name);
  fs::remove(path() / "CURRENT");
  expect_refused_untouched("no CURRENT");
}

TEST_F(MarkedStore, ANewestLogThatIsNotThereIsToldAsDamage) {
  append_some(20);
  store_.reset();
  fs::remove(log_files(path()).back());
  reopen();
  ASSERT_THAT(store_->damage(), SizeIs(1));
  EXPECT_GE(store_->damage()[0].lost_records, 20U);
  EXPECT_TRUE(fs::exists(store_->damage()[0].kept));
  append({interaction("new", "w", "c", 1)});
  reopen();
  EXPECT_THAT(store_->damage(), SizeIs(1)) << "told until somebody looked, and once";
}

TEST_F(MarkedStore, ANewestLogThatEndsTooEarlyIsToldAsDamage) {
  append_some(20);
  store_.reset();
  const fs::path log = log_files(path()).back();
  fs::resize_file(log, fs::file_size(log) / 2);
  reopen();
  ASSERT_THAT(store_->damage(), SizeIs(1));
  EXPECT_GE(store_->damage()[0].lost_records, 5U);
}

TEST_F(MarkedStore, WhatAKilledProcessLeftOfItsMarksIsRemoved) {
  append_some(1);
  store_.reset();
  write(path() / "marks.json.part-0011aabb", "{");
  reopen();
  EXPECT_FALSE(fs::exists(path() / "marks.json.part-0011aabb"));
}

TEST_F(MarkedStore, TheMarksFollowABurstThatNothingComesAfter) {
  append_some(200);
  const fs::path copy = folder_.path() / "copy";
  std::uint64_t told = 0;
  // A process that is killed closes nothing: what is on the disk now is what the next one finds.
  for (int attempt = 0; attempt < 100 && told < 200; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    fs::remove_all(copy);
    copy_as_killed(path(), copy);
    fs::remove(log_files(copy).back());
    auto opened = open_rocksdb_log_store(copy);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    for (const KeptDamage& damage : (*opened)->damage()) {
      told = damage.lost_records;
      EXPECT_TRUE(damage.is_at_least);
      EXPECT_EQ(damage.bytes, 0U);
    }
  }
  EXPECT_GE(told, 200U);
}

}  // namespace
}  // namespace fw::logstore
