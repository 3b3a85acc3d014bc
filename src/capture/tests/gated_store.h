#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "logstore/log_store.h"

namespace fw::capture {

/// A log store in memory whose disk can be held up and made to fail. Appends alone.
class GatedStore final : public logstore::LogStore {
 public:
  /// Until open(): appends do not return.
  void shut() { set_open(false); }
  void open() { set_open(true); }
  /// The next append fails with `error`; called again, the one after it too.
  void fail_next(Error error) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(std::move(error));
  }
  /// Batches with this id fail whenever they come.
  void refuse(std::string id) {
    const std::lock_guard lock(mutex_);
    refused_ = std::move(id);
  }

  [[nodiscard]] std::vector<std::string> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  /// How many records each append had that succeeded.
  [[nodiscard]] std::vector<std::size_t> groups() const {
    const std::lock_guard lock(mutex_);
    return groups_;
  }

  Result<logstore::AppendReport> append(std::span<const record::Interaction> batch) override {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return is_open_; });
    if (!failures_.empty()) {
      const Error error = failures_.front();
      failures_.pop_front();
      if (error.code == ErrorCode::kInternal) throw std::runtime_error(error.message);
      return error;
    }
    for (const auto& record : batch) {
      if (*record.id == refused_) return invalid_argument("record " + refused_ + " is refused");
    }
    logstore::AppendReport report;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (known_.insert(*batch[i].id).second) {
        ids_.push_back(*batch[i].id);
      } else {
        report.known.push_back(i);
      }
    }
    groups_.push_back(batch.size());
    report.duplicates = report.known.size();
    report.appended = batch.size() - report.duplicates;
    return report;
  }

  Result<logstore::Page> scan(const logstore::Selection&, logstore::Order, std::size_t,
                              const std::optional<logstore::Cursor>&) override {
    return logstore::Page{};
  }
  Result<std::optional<record::Interaction>> find(const record::RecordId&) override {
    return std::optional<record::Interaction>();
  }
  Result<std::vector<logstore::WorkloadSummary>> workloads() override {
    return std::vector<logstore::WorkloadSummary>{};
  }
  Result<std::uint64_t> remove(const logstore::Selection&) override { return 0; }

 private:
  void set_open(bool is_open) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    opened_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = true;
  std::deque<Error> failures_;
  std::string refused_;
  std::unordered_set<std::string> known_;
  std::vector<std::string> ids_;
  std::vector<std::size_t> groups_;
};

}  // namespace fw::capture
