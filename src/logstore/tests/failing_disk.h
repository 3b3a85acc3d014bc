#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>

namespace fw::logstore {

/// The system's files on a disk whose writes can be made to fail: all of them from one on, with an error of choice,
/// until it is well again. What counts as a write: opening a file for it, appending, syncing, renaming.
class FailingDisk final : public rocksdb::FileSystemWrapper {
 public:
  enum class Failure { kNoSpace, kInputOutput, kNoDescriptors };
  static constexpr long kNever = -1;

  FailingDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char* Name() const override { return "FailingDisk"; }

  /// Lets `writes` of them succeed, and fails those after them.
  void fail_after(long writes, Failure failure) {
    failure_ = failure;
    left_ = writes;
  }
  void be_well() { left_ = kNever; }
  /// While this is held nothing on the disk changes: what lies there is what a process killed now would leave.
  [[nodiscard]] std::unique_lock<std::shared_mutex> stillness() { return std::unique_lock(still_); }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    const std::shared_lock lock(still_);
    if (auto failed = next(/*is_open=*/true); !failed.ok()) return failed;
    auto status = target()->NewWritableFile(name, options, file, debug);
    if (status.ok()) *file = std::make_unique<File>(std::move(*file), *this);
    return status;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    const std::shared_lock lock(still_);
    if (auto failed = next(/*is_open=*/false); !failed.ok()) return failed;
    return target()->RenameFile(from, to, options, debug);
  }
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    const std::shared_lock lock(still_);
    return target()->DeleteFile(name, options, debug);
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile> file, FailingDisk& disk)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      const std::shared_lock lock(disk_.still_);
      if (auto failed = disk_.next(/*is_open=*/false); !failed.ok()) return failed;
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      const std::shared_lock lock(disk_.still_);
      if (auto failed = disk_.next(/*is_open=*/false); !failed.ok()) return failed;
      return FSWritableFileOwnerWrapper::Sync(options, debug);
    }

   private:
    FailingDisk& disk_;
  };

  rocksdb::IOStatus next(bool is_open) {
    if (left_ == kNever) return rocksdb::IOStatus::OK();
    if (failure_ == Failure::kNoDescriptors && !is_open) return rocksdb::IOStatus::OK();
    if (left_ > 0) {
      --left_;
      return rocksdb::IOStatus::OK();
    }
    switch (failure_) {
      case Failure::kNoSpace: return rocksdb::IOStatus::NoSpace("no space left on device");
      case Failure::kInputOutput: return rocksdb::IOStatus::IOError("Input/output error");
      case Failure::kNoDescriptors: return rocksdb::IOStatus::IOError("Too many open files");
    }
    return rocksdb::IOStatus::OK();
  }

  std::shared_mutex still_;
  std::atomic<long> left_ = kNever;
  std::atomic<Failure> failure_ = Failure::kNoSpace;
};

}  // namespace fw::logstore
