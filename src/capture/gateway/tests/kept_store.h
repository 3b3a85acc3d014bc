#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "logstore/log_store.h"

namespace fw::capture {

/// A log store in memory that gives out what was appended, and fails as long as it is told to.
class KeptStore final : public logstore::LogStore {
 public:
  [[nodiscard]] std::vector<record::Interaction> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }
  void fail_with(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }

  Result<logstore::AppendReport> append(std::span<const record::Interaction> batch) override {
    const std::lock_guard lock(mutex_);
    if (failure_) return *failure_;
    records_.insert(records_.end(), batch.begin(), batch.end());
    return logstore::AppendReport{.appended = batch.size()};
  }
  Result<logstore::Page> scan(const logstore::Selection&, logstore::Order, std::size_t,
                              const std::optional<logstore::Cursor>&) override {
    return logstore::Page{.records = records()};
  }
  Result<std::optional<record::Interaction>> find(const record::RecordId&) override {
    return std::optional<record::Interaction>();
  }
  Result<std::vector<logstore::WorkloadSummary>> workloads() override {
    return std::vector<logstore::WorkloadSummary>{};
  }
  Result<std::uint64_t> remove(const logstore::Selection&) override { return 0; }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  std::vector<record::Interaction> records_;
};

}  // namespace fw::capture
