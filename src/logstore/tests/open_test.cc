#include <fcntl.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// Opens the store's bytes past our code, as a newer version or a broken disk would have left them.
class OpenLogStore : public LogStoreTest {
 protected:
  fs::path path() const { return folder_.path() / "store"; }

  Error error_of_opening() {
    store_.reset();
    auto opened = open_rocksdb_log_store(path());
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? internal("it opened") : opened.error();
  }

  void with_raw_store(const std::function<void(rocksdb::DB&)>& change, bool add_family = false) {
    store_.reset();
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path().string(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    if (add_family) families.emplace_back("of_a_newer_version", rocksdb::ColumnFamilyOptions());
    rocksdb::DBOptions options;
    options.create_missing_column_families = true;
    options.avoid_flush_during_recovery = true;  // without the store's merge operator it would lose counts
    options.avoid_flush_during_shutdown = true;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, path().string(), families, &handles, &db).ok());
    change(*db);
    for (auto* handle : handles) ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
    delete db;
  }

  template <class Wanted>
  void damage_files(Wanted wanted) {
    store_.reset();
    for (const auto& entry : fs::directory_iterator(path())) {
      if (!wanted(entry.path())) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      const auto middle = static_cast<std::streamoff>(fs::file_size(entry.path()) / 2);
      file.seekp(middle);
      file.write("damaged!", 8);
    }
  }
};

TEST_F(OpenLogStore, ASecondOpenIsRefusedWithTheRemedy) {
  const auto second = open_rocksdb_log_store(path());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.error().message, HasSubstr("in use by another process"));
}

TEST_F(OpenLogStore, AStoreOpenInAnotherProcessIsRefusedWithTheRemedy) {
  store_.reset();
  // What RocksDB holds is a POSIX lock on this file; a child that holds it stands for the other process.
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    const int file = ::open((path() / "LOCK").c_str(), O_RDWR);
    if (::fcntl(file, F_SETLK, &lock) != 0) ::_exit(1);
    (void)!::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(error_of_opening().message, HasSubstr("in use by another process"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  reopen();
}

TEST_F(OpenLogStore, ANewerFormatIsRefusedAndNamed) {
  with_raw_store([](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, "version", "4").ok()); }, /*add_family=*/true);
  const Error error = error_of_opening();
  EXPECT_EQ(error.code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(error.message, HasSubstr("has format 4, made by a newer Flywheel; this one reads up to 3"));
}

TEST_F(OpenLogStore, AStoreOfTheFirstFormatIsUpgradedAndReadsAsItWas) {
  // Records without provenance are written as the first format wrote all (Layout tests hold its bytes).
  const auto old = interaction("old", "w", "c", 1);
  append({old});
  with_raw_store([](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, "version", "1").ok()); });
  reopen();
  auto fresh = interaction("new", "w", "c", 2);
  fresh.provenance = {.origin = record::Origin::kGateway, .ending = record::Ending::kClientGone};
  append({fresh});
  EXPECT_EQ(all({}, Order::kOldestFirst), (std::vector{old, fresh}));
  EXPECT_THAT(store_->counts().value(),
              testing::ElementsAre(
                  RecordCount{old.workload, old.client, record::Origin::kFile, record::Ending::kFinished, 1},
                  RecordCount{old.workload, old.client, record::Origin::kGateway, record::Ending::kClientGone, 1}));
  with_raw_store([](rocksdb::DB& db) {
    std::string version;
    ASSERT_TRUE(db.Get({}, "version", &version).ok());
    EXPECT_EQ(version, "3");
  });
}

TEST_F(OpenLogStore, AnUnreadableVersionIsDataLoss) {
  with_raw_store([](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, "version", "one").ok()); });
  EXPECT_EQ(error_of_opening().code, ErrorCode::kDataLoss);
}

TEST_F(OpenLogStore, AStoreOfAnotherProgramIsLeftAlone) {
  store_.reset();
  fs::remove_all(path());
  rocksdb::DB* db = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  ASSERT_TRUE(rocksdb::DB::Open(options, path().string(), &db).ok());
  ASSERT_TRUE(db->Put({}, "their key", "their value").ok());
  delete db;
  EXPECT_THAT(error_of_opening().message, HasSubstr("not Flywheel's"));
}

TEST_F(OpenLogStore, ADamagedManifestIsDataLoss) {
  append({interaction("a", "w", "c", 1)});
  damage_files([](const fs::path& file) { return file.filename().string().starts_with("MANIFEST"); });
  EXPECT_EQ(error_of_opening().code, ErrorCode::kDataLoss);
}

TEST_F(OpenLogStore, AFileInPlaceOfTheFolderIsNamed) {
  const auto file = folder_.path() / "file";
  ASSERT_TRUE(io::write_file_atomically(file, "x").ok());
  const auto opened = open_rocksdb_log_store(file);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, HasSubstr(file.string()));
}

}  // namespace
}  // namespace fw::logstore
