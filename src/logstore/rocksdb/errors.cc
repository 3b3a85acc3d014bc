#include "logstore/rocksdb/impl/errors.h"

namespace fw::logstore {
namespace {

bool is_lock_failure(const rocksdb::Status& status, const std::string& words) {
  return status.IsIOError() &&
         (words.find("/LOCK: ") != std::string::npos || words.find("lock hold by") != std::string::npos);
}

}  // namespace

Error store_error(std::string_view tried, const std::filesystem::path& store, const rocksdb::Status& status) {
  const std::string words = status.ToString();
  const std::string head = "cannot " + std::string(tried) + " the log store " + store.string() + ": ";
  if (status.IsNoSpace()) {
    return storage_full(head + "the disk is full; free space there, or move the store to a larger disk (--data)");
  }
  if (words.find("Permission denied") != std::string::npos ||
      words.find("Read-only file system") != std::string::npos) {
    // A store that is open was writable: an error of the disk, or somebody, made it read-only, and may undo it.
    if (tried == "write to") {
      return unavailable(head + words + "; make the disk and the folder writable again, nothing has to be restarted");
    }
    return failed_precondition(head + words + "; check the owner and permissions of the folder");
  }
  if (is_lock_failure(status, words)) {
    return failed_precondition(head +
                               "it is in use by another process; stop that one (a running flywheel serve?), talk "
                               "to it with --server, or choose another folder with --data");
  }
  if (words.find("Too many open files") != std::string::npos) {
    return unavailable(head + words + "; raise the limit on open files (ulimit -n)");
  }
  if (status.IsCorruption()) {
    return data_loss(head + "it is damaged (" + words +
                     "); restore the folder from a backup, or move it away and load the traffic again");
  }
  return unavailable(head + words);
}

}  // namespace fw::logstore
