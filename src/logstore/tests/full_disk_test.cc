#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>

#include "logstore/rocksdb/impl/rocksdb_log_store.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

/// The system's files on a disk that can be filled.
class FillableDisk final : public rocksdb::FileSystemWrapper {
 public:
  FillableDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char* Name() const override { return "FillableDisk"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    auto status = target()->NewWritableFile(name, options, file, debug);
    if (status.ok()) *file = std::make_unique<File>(std::move(*file), is_full);
    return status;
  }

  std::atomic<bool> is_full = false;

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile> file, std::atomic<bool>& full)
        : FSWritableFileOwnerWrapper(std::move(file)), is_full_(full) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (is_full_) return rocksdb::IOStatus::NoSpace("no space left on device");
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }

   private:
    std::atomic<bool>& is_full_;
  };
};

TEST(FullDisk, RefusesTheBatchWithTheRemedyAndGoesOnWhenThereIsSpaceAgain) {
  const io::TemporaryFolder folder("logstore");
  const auto disk = std::make_shared<FillableDisk>();
  const auto env = rocksdb::NewCompositeEnv(disk);
  {
    RocksDbLogStore store(*Database::open(folder.path(), {}, env.get()));
    ASSERT_TRUE(store.append(std::vector{interaction("a", "w", "c", 1)}).ok());
    disk->is_full = true;
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto refused = store.append(std::vector{interaction("b", "w", "c", 2)});
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.error().code, ErrorCode::kStorageFull) << refused.error();
      EXPECT_THAT(refused.error().message, testing::HasSubstr("the disk is full; free space"));
    }
    EXPECT_TRUE((*store.find(record::RecordId("a"))).has_value());
    disk->is_full = false;
    EXPECT_TRUE(store.append(std::vector{interaction("b", "w", "c", 2), interaction("c", "w", "c", 3)}).ok());
  }
  RocksDbLogStore reopened(*Database::open(folder.path(), {}));
  EXPECT_EQ(reopened.workloads()->at(0).records, 3U);
}

}  // namespace
}  // namespace fw::logstore
