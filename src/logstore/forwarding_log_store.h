#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "logstore/log_store.h"

namespace fw::logstore {

/// Hands everything on to another log store: for one that does something beside it in some members.
class ForwardingLogStore : public LogStore {
 public:
  explicit ForwardingLogStore(std::unique_ptr<LogStore> store) : store_(std::move(store)) {}

  Result<AppendReport> append(std::span<const record::Interaction> batch) override { return store_->append(batch); }
  Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                    const std::optional<Cursor>& after) override {
    return store_->scan(selection, order, limit, after);
  }
  Result<KeyPage> scan_keys(const Selection& selection, Order order, std::size_t limit,
                            const std::optional<Cursor>& after) override {
    return store_->scan_keys(selection, order, limit, after);
  }
  Result<std::unique_ptr<View>> view() override { return store_->view(); }
  Result<std::optional<record::Interaction>> find(const record::RecordId& id) override { return store_->find(id); }
  Result<std::vector<std::optional<record::Interaction>>> find_batch(std::span<const record::RecordId> ids) override {
    return store_->find_batch(ids);
  }
  Result<std::vector<WorkloadSummary>> workloads() override { return store_->workloads(); }
  Result<WorkloadPage> workloads_page(std::size_t limit, const std::optional<Cursor>& after) override {
    return store_->workloads_page(limit, after);
  }
  Result<std::vector<RecordCount>> counts() override { return store_->counts(); }
  Backlog settle(const Selection& selection, const Deadline& deadline) override {
    return store_->settle(selection, deadline);
  }
  Result<std::map<std::string, std::uint64_t>> left_out(const Selection& selection) override {
    return store_->left_out(selection);
  }
  Result<std::uint64_t> remove(const Selection& selection) override { return store_->remove(selection); }
  Result<std::uint64_t> remove_records(std::span<const record::RecordId> ids) override {
    return store_->remove_records(ids);
  }
  Result<std::uint64_t> relabel(std::span<const record::RecordId> ids, const record::WorkloadId& workload) override {
    return store_->relabel(ids, workload);
  }
  Result<std::uint64_t> expire_contents(std::span<const record::Interaction> outlined) override {
    return store_->expire_contents(outlined);
  }
  Result<bool> purge(const Deadline& deadline) override { return store_->purge(deadline); }
  Status backup(const std::filesystem::path& folder) override { return store_->backup(folder); }
  Result<std::unique_ptr<Verification>> verification() override { return store_->verification(); }
  void stop() override { store_->stop(); }
  Status health() const override { return store_->health(); }
  Backlog backlog() const override { return store_->backlog(); }
  std::vector<KeptDamage> damage() const override { return store_->damage(); }

 private:
  std::unique_ptr<LogStore> store_;
};

}  // namespace fw::logstore
