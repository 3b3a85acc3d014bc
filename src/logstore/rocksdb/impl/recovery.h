#pragma once

#include <rocksdb/listener.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"

namespace fw::logstore {

/// Knows whether writes fail, and sees to it that they succeed again: every failure but corruption (no space, no
/// descriptors, an I/O error) may pass, so `heal` is tried in a thread of its own with growing pauses, and at once when
/// an append asks for it. The log has one line when writes begin to fail and one when they succeed again. Safe from
/// any thread; start() when `heal` can be called, stop() before it no longer can.
class Recovery final : public rocksdb::EventListener {
 public:
  Recovery(std::filesystem::path store, std::function<rocksdb::Status()> heal)
      : store_(std::move(store)), heal_(std::move(heal)) {}
  ~Recovery() override { stop(); }

  void start();
  void stop();

  /// A write failed.
  void note(const rocksdb::Status& failure);
  /// Heals now; success when writes can be tried again. Nothing to do is success.
  [[nodiscard]] rocksdb::Status heal();
  /// Why writes fail at present; OK while they do not. Never waits for the disk.
  [[nodiscard]] rocksdb::Status failure() const;
  [[nodiscard]] Status health() const;

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override { note(*status); }
  /// RocksDB's own attempts would be in the way of ours.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  void heal_until_stopped(const std::stop_token& stop);

  const std::filesystem::path store_;
  const std::function<rocksdb::Status()> heal_;
  std::mutex healing_;  // held over heal_; before mutex_
  mutable std::mutex mutex_;
  std::condition_variable_any failed_;
  std::optional<rocksdb::Status> failure_;
  std::jthread thread_;
};

}  // namespace fw::logstore
