#include "logstore/rocksdb/restore.h"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "io/file.h"
#include "logstore/rocksdb/impl/errors.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::logstore {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockFile = "LOCK";

bool is_store(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "CURRENT", ignored);
}

/// RocksDB's lock of a folder, as an open store has it.
class StoreLock final {
 public:
  StoreLock() = default;
  ~StoreLock() {
    if (lock_ != nullptr) (void)rocksdb::Env::Default()->UnlockFile(lock_);
  }
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

  Status take(const fs::path& folder) {
    const auto status = rocksdb::Env::Default()->LockFile((folder / kLockFile).string(), &lock_);
    if (!status.ok()) return store_error("use", folder, status);
    return {};
  }

 private:
  rocksdb::FileLock* lock_ = nullptr;
};

Status sync_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot read " + path.string(), errno);
  const int failure = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return failure == 0 ? Status() : Status(system_error("cannot write " + path.string(), failure));
}

Status take_over(const fs::path& file, const fs::path& to) {
  std::error_code error;
  if (file.extension() == ".sst") {
    fs::create_hard_link(file, to, error);
    if (!error) return {};
  }
  fs::copy_file(file, to, error);
  if (error) return system_error("cannot copy " + file.string() + " to " + to.string(), error.value());
  return sync_file(to);
}

/// The files of a store, without what damage and torn logs left beside them.
Result<std::vector<fs::path>> files_of(const fs::path& store) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(store, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool is_wanted = name != kLockFile && !name.starts_with("torn-");
    if (is_wanted && entry->is_regular_file()) files.push_back(entry->path());
  }
  if (error) return system_error("cannot read " + store.string(), error.value());
  std::ranges::sort(files);
  return files;
}

Status copy_store(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::remove_all(to, error);  // of an attempt that was ended
  if (error) return system_error("cannot remove " + to.string(), error.value());
  FW_TRY(io::create_folders(to));
  FW_ASSIGN(const auto files, files_of(from));
  for (const fs::path& file : files) FW_TRY(take_over(file, to / file.filename()));
  return io::sync_folder(to);
}

Status check_backup(const fs::path& backup) {
  if (is_store(backup)) return {};
  const bool is_data_folder = is_store(backup / "log");
  return not_found(backup.string() + " holds no log store; name the folder that flywheel log backup made" +
                   (is_data_folder ? ", or here " + (backup / "log").string() : std::string()));
}

Error rename_failure(const fs::path& place, int code) {
  if (code == EINVAL || code == ENOSYS) {
    return failed_precondition("the file system of " + place.string() +
                               " cannot exchange two folders at once; move that folder away and do it again");
  }
  return system_error("cannot put the copy at " + place.string(), code);
}

Status rename_at_once(const fs::path& from, const fs::path& to, unsigned how) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), how) == 0) return {};
  return rename_failure(to, errno);
}

}  // namespace

struct RestoredCopy::Impl {
  fs::path place;
  fs::path copy;
  bool replaces = false;  // something lies at the place
  StoreLock old_lock;
  StoreLock backup_lock;
  std::unique_ptr<LogStore> store;
};

RestoredCopy::RestoredCopy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RestoredCopy::~RestoredCopy() {
  impl_->store.reset();
  std::error_code ignored;
  fs::remove_all(impl_->copy, ignored);
}

Result<std::unique_ptr<RestoredCopy>> RestoredCopy::make(const fs::path& backup, const fs::path& named, bool replaces) {
  FW_TRY(check_backup(backup));
  auto impl = std::make_unique<Impl>();
  std::error_code ignored;
  const fs::path place = fs::weakly_canonical(named, ignored);  // a link to another disk stays
  impl->place = place;
  impl->copy = place.parent_path() / (place.filename().string() + ".restoring");
  if (fs::is_directory(place, ignored) && fs::is_empty(place, ignored)) fs::remove(place, ignored);
  impl->replaces = fs::exists(fs::symlink_status(place, ignored));
  if (impl->replaces) FW_TRY(impl->old_lock.take(place));
  if (impl->replaces && !replaces) {
    return already_exists(place.string() + " holds a log store; with --replace it is moved aside, and kept");
  }
  // A backup as it was made has no lock, and may lie on what cannot be written.
  const bool was_opened = fs::exists(backup / kLockFile, ignored);
  if (was_opened && !fs::equivalent(backup, place, ignored)) FW_TRY(impl->backup_lock.take(backup));
  std::unique_ptr<RestoredCopy> restored(new RestoredCopy(std::move(impl)));
  FW_TRY(copy_store(backup, restored->impl_->copy));
  FW_ASSIGN(restored->impl_->store, open_rocksdb_log_store(restored->impl_->copy));
  return restored;
}

LogStore& RestoredCopy::store() { return *impl_->store; }

std::optional<fs::path> RestoredCopy::moved_aside(Timestamp now) const {
  if (!impl_->replaces) return std::nullopt;
  std::string name = impl_->place.filename().string() + "-replaced-" + to_iso8601(now);
  std::erase(name, ':');
  return impl_->place.parent_path() / name;
}

Status RestoredCopy::put_in_place(Timestamp now) {
  impl_->store.reset();
  const fs::path folder = impl_->place.parent_path();
  FW_TRY(io::sync_folder(impl_->copy));
  if (const auto aside = moved_aside(now)) {
    // Under its later name first: what is exchanged then has the right one at once.
    FW_TRY(rename_at_once(impl_->copy, *aside, RENAME_NOREPLACE));
    if (auto status = rename_at_once(*aside, impl_->place, RENAME_EXCHANGE); !status.ok()) {
      (void)rename_at_once(*aside, impl_->copy, RENAME_NOREPLACE);  // to be removed
      return status;
    }
  } else {
    FW_TRY(rename_at_once(impl_->copy, impl_->place, RENAME_NOREPLACE));
  }
  return io::sync_folder(folder);
}

}  // namespace fw::logstore
