#include "logstore/rocksdb/impl/store_marks.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/log.h"
#include "io/file.h"
#include "logstore/rocksdb/impl/crc32c.h"
#include "logstore/rocksdb/impl/log_files.h"

namespace fw::logstore {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestFile = 64 << 10;
constexpr std::size_t kPiece = 1 << 20;
constexpr std::chrono::seconds kBetween{1};

}  // namespace

bool holds_records(const fs::path& folder) {
  std::error_code ignored;
  const auto logs = log_files(folder);
  if (std::ranges::any_of(logs, [&](const fs::path& log) { return fs::file_size(log, ignored) > 0; })) return true;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".sst") return true;
  }
  return false;
}

Error files_damaged(const fs::path& folder, const std::string& what) {
  return data_loss("cannot open the log store " + folder.string() + ": it is damaged (" + what +
                   "); nothing in it was changed: restore the folder from a backup, or move it away and load the " +
                   "traffic again");
}

Status StoreMarks::read() {
  std::error_code ignored;
  if (!fs::exists(file(), ignored)) return {};
  FW_ASSIGN(const std::string text, io::read_file(file(), kLargestFile));
  const Json json = Json::parse(text, nullptr, false);
  try {
    marks_ = {.manifest = json.at("manifest").get<std::string>(),
              .manifest_bytes = json.at("manifest_bytes").get<std::uint64_t>(),
              .manifest_sum = json.at("manifest_crc32c").get<std::uint32_t>(),
              .sequence = json.at("sequence").get<std::uint64_t>()};
  } catch (const Json::exception&) {
    log_warning("logstore", "marks cannot be read; the store is not held against them", {{"file", file().string()}});
  }
  return {};
}

Status StoreMarks::check_files() {
  const std::lock_guard lock(mutex_);
  FW_TRY(read());
  const fs::path current = folder_ / "CURRENT";
  std::error_code ignored;
  if (!fs::exists(current, ignored)) {
    const bool is_used = marks_.sequence > 0 || holds_records(folder_);
    return is_used ? Status(files_damaged(folder_, "CURRENT is not there, which names its manifest")) : Status();
  }
  FW_ASSIGN(std::string name, io::read_file(current, kLargestFile));
  while (name.ends_with('\n')) name.pop_back();
  if (!name.starts_with("MANIFEST-")) return files_damaged(folder_, "CURRENT does not name a manifest");
  return check_manifest(name);
}

Status StoreMarks::check_manifest(const std::string& name) const {
  std::error_code ignored;
  if (!fs::exists(folder_ / name, ignored))
    return files_damaged(folder_, name + " is not there, which names its tables and logs");
  if (marks_.manifest == name) {
    const auto sum = sum_of(name, 0, marks_.manifest_bytes, 0);
    if (!sum.ok() || *sum != marks_.manifest_sum) {
      return files_damaged(folder_, "the first " + std::to_string(marks_.manifest_bytes) + " bytes of " + name +
                                        " are not what was written");
    }
  }
  return {};
}

Result<std::uint32_t> StoreMarks::sum_of(const std::string& name, std::uint64_t from, std::uint64_t to,
                                         std::uint32_t sum) const {
  std::ifstream file(folder_ / name, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(from));
  std::vector<char> piece(kPiece);
  while (from < to) {
    const auto size = std::min<std::uint64_t>(piece.size(), to - from);
    if (!file.read(piece.data(), static_cast<std::streamsize>(size))) return data_loss(name + " ends early");
    sum = crc32c(sum, {piece.data(), static_cast<std::size_t>(size)});
    from += size;
  }
  return sum;
}

Status StoreMarks::take(rocksdb::DB& db) {
  const std::lock_guard lock(mutex_);
  Marks now{.manifest = {}, .sequence = db.GetLatestSequenceNumber()};
  std::vector<std::string> files;
  if (const auto status = db.GetLiveFiles(files, &now.manifest_bytes, false); !status.ok()) {
    return unavailable("the files of the log store cannot be listed: " + status.ToString());
  }
  const auto manifest = std::ranges::find_if(files, [](const auto& file) { return file.starts_with("/MANIFEST-"); });
  if (manifest == files.end()) return unavailable("the log store names no manifest");
  now.manifest = manifest->substr(1);
  const bool is_same = now.manifest == marks_.manifest && now.manifest_bytes >= marks_.manifest_bytes;
  FW_ASSIGN(now.manifest_sum, sum_of(now.manifest, is_same ? marks_.manifest_bytes : 0, now.manifest_bytes,
                                     is_same ? marks_.manifest_sum : 0));
  if (now == marks_) return {};
  const Json json{{"manifest", now.manifest},
                  {"manifest_bytes", now.manifest_bytes},
                  {"manifest_crc32c", now.manifest_sum},
                  {"sequence", now.sequence}};
  FW_TRY(io::write_file_atomically(file(), json.dump(2) + "\n"));
  marks_ = std::move(now);
  return {};
}

void StoreMarks::start(std::function<void()> take) {
  remove_unfinished();
  thread_ =
      std::jthread([this, take = std::move(take)](const std::stop_token& stop) { take_until_stopped(stop, take); });
}

void StoreMarks::remove_unfinished() const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    if (entry.path().filename().string().starts_with("marks.json.part-")) fs::remove(entry.path(), ignored);
  }
}

void StoreMarks::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void StoreMarks::note_write() {
  if (is_behind_.exchange(true)) return;
  {
    const std::lock_guard lock(waiting_);
  }  // whoever has found the flag down waits by now
  behind_.notify_one();
}

void StoreMarks::take_until_stopped(const std::stop_token& stop, const std::function<void()>& take) {
  std::unique_lock lock(waiting_);
  while (behind_.wait(lock, stop, [this] { return is_behind_.load(); })) {
    is_behind_ = false;
    lock.unlock();
    take();
    lock.lock();
    behind_.wait_for(lock, stop, kBetween, [] { return false; });
    if (stop.stop_requested()) return;
  }
}

}  // namespace fw::logstore
