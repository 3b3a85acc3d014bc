#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/result.h"

namespace fw::logstore {

/// Records may lie in the folder of a database: one whose making was cut short has neither tables nor anything in a
/// log.
[[nodiscard]] bool holds_records(const std::filesystem::path& folder);
/// kDataLoss of a database that was not touched, with the remedy.
[[nodiscard]] Error files_damaged(const std::filesystem::path& folder, const std::string& what);

/// How far a database had come when its marks were written, in `marks.json` of its folder: a lower bound of what was
/// durable before. RocksDB takes a manifest that ends early for one that a crash tore, and removes what it no longer
/// names; and it does not know how far its newest log went. The marks tell both from a crash. Safe from any thread;
/// start() when `take` can be called, stop() before it no longer can.
class StoreMarks final {
 public:
  explicit StoreMarks(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Before the database is opened, and with nothing changed in its folder: kDataLoss, with the remedy, where the files
  /// that say what belongs to it are not there, or not as they were.
  [[nodiscard]] Status check_files();
  /// The last change that was durable; 0: not known.
  [[nodiscard]] std::uint64_t sequence() const { return marks_.sequence; }
  /// Takes the open database as it is, and writes that down.
  [[nodiscard]] Status take(rocksdb::DB& db);
  /// From now on `take` is called in a thread of its own at most a second after each note_write(), and once for those
  /// of a second. What fails in it leaves a lower bound that is too low.
  void start(std::function<void()> take);
  void stop();
  /// A change was made durable. Costs an exchange of a flag, as a rule.
  void note_write();
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "marks.json"; }

 private:
  struct Marks {
    std::string manifest;              // the file's name
    std::uint64_t manifest_bytes = 0;  // of its front
    std::uint32_t manifest_sum = 0;    // their CRC-32C
    std::uint64_t sequence = 0;

    friend bool operator==(const Marks&, const Marks&) = default;
  };

  /// Of a process that was killed while it wrote marks.
  void remove_unfinished() const;
  void take_until_stopped(const std::stop_token& stop, const std::function<void()>& take);
  [[nodiscard]] Status read();
  [[nodiscard]] Status check_manifest(const std::string& name) const;
  /// The CRC-32C of the manifest's bytes between two places, on top of the sum of those before.
  [[nodiscard]] Result<std::uint32_t> sum_of(const std::string& name, std::uint64_t from, std::uint64_t to,
                                             std::uint32_t sum) const;

  const std::filesystem::path folder_;
  std::mutex mutex_;  // guards marks_
  Marks marks_;
  std::atomic<bool> is_behind_{false};  // something was written since `take` was last called
  std::mutex waiting_;                  // for behind_
  std::condition_variable_any behind_;
  std::jthread thread_;
};

}  // namespace fw::logstore
