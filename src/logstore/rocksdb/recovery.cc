#include "logstore/rocksdb/impl/recovery.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "logstore/rocksdb/impl/errors.h"

namespace fw::logstore {
namespace {

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5000};

}  // namespace

void Recovery::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { heal_until_stopped(stop); });
}

void Recovery::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Recovery::note(const rocksdb::Status& failure) {
  const std::lock_guard lock(mutex_);
  if (!failure_) log_error("logstore", "writes fail", {{"error", store_error("write to", store_, failure).message}});
  failure_ = failure;
  failed_.notify_all();
}

rocksdb::Status Recovery::heal() {
  const std::lock_guard healing(healing_);
  if (const auto why = failure(); why.ok() || why.IsCorruption()) return why;
  auto status = heal_();
  if (!status.ok()) {
    note(status);
    return status;
  }
  const std::lock_guard lock(mutex_);
  failure_.reset();
  log_info("logstore", "writes succeed again", {{"store", store_.string()}});
  return status;
}

rocksdb::Status Recovery::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_.value_or(rocksdb::Status::OK());
}

Status Recovery::health() const {
  const auto why = failure();
  if (why.ok()) return {};
  return store_error("write to", store_, why);
}

void Recovery::heal_until_stopped(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto may_pass = [this] { return failure_ && !failure_->IsCorruption(); };
  auto pause = kFirstPause;
  while (!stop.stop_requested()) {
    if (!may_pass()) {
      pause = kFirstPause;
      failed_.wait(lock, stop, may_pass);
      continue;
    }
    failed_.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min(2 * pause, kLongestPause);
    if (stop.stop_requested()) return;
    lock.unlock();
    (void)heal();
    lock.lock();
  }
}

}  // namespace fw::logstore
