#include "discovery/labelled_log_store.h"

#include <algorithm>
#include <map>

#include "capture/gateway/label_rule.h"

namespace fw::discovery {
namespace {

using logstore::Cursor;
using logstore::LogStore;
using logstore::Order;
using logstore::Selection;
using record::Interaction;

constexpr std::size_t kPage = 500;

/// Asks the rules about records.
class Namer final {
 public:
  explicit Namer(std::shared_ptr<const AcceptedRules::BySource> rules) : rules_(std::move(rules)) {}

  [[nodiscard]] bool has_rules_for(const Interaction& record) const { return rules_->contains(*record.workload); }

  /// Another workload for the record; nothing where it stays.
  std::optional<record::WorkloadId> name(const Interaction& record) {
    const auto rules = rules_->find(*record.workload);
    if (rules == rules_->end() || !record.has_content()) return std::nullopt;
    buffer_ = record.request;
    const auto scan = scanner_.scan(buffer_, true);
    if (!scan.is_object) return std::nullopt;
    std::string workload = capture::workload_by(rules->second, "", scan);
    if (workload.empty()) return std::nullopt;
    return record::WorkloadId::from_stored(std::move(workload));
  }

 private:
  std::shared_ptr<const AcceptedRules::BySource> rules_;
  capture::RequestScanner scanner_;
  std::string buffer_;
};

class LabelledLogStore final : public LogStore {
 public:
  LabelledLogStore(std::unique_ptr<LogStore> store, const AcceptedRules& rules)
      : store_(std::move(store)), rules_(rules) {}

  Result<logstore::AppendReport> append(std::span<const Interaction> batch) override {
    const auto held = rules_.hold();
    Namer namer(rules_.get());
    if (std::ranges::none_of(batch, [&](const auto& record) { return namer.has_rules_for(record); })) {
      return store_->append(batch);
    }
    std::vector<Interaction> named(batch.begin(), batch.end());
    for (Interaction& record : named) {
      if (auto workload = namer.name(record)) record.workload = *std::move(workload);
    }
    return store_->append(named);
  }

  Result<logstore::Page> scan(const Selection& selection, Order order, std::size_t limit,
                              const std::optional<Cursor>& after) override {
    return store_->scan(selection, order, limit, after);
  }
  Result<logstore::KeyPage> scan_keys(const Selection& selection, Order order, std::size_t limit,
                                      const std::optional<Cursor>& after) override {
    return store_->scan_keys(selection, order, limit, after);
  }
  Result<std::optional<Interaction>> find(const record::RecordId& id) override { return store_->find(id); }
  Result<std::vector<std::optional<Interaction>>> find_batch(std::span<const record::RecordId> ids) override {
    return store_->find_batch(ids);
  }
  Result<std::vector<logstore::WorkloadSummary>> workloads() override { return store_->workloads(); }
  Result<logstore::WorkloadPage> workloads_page(std::size_t limit, const std::optional<Cursor>& after) override {
    return store_->workloads_page(limit, after);
  }
  Result<std::vector<logstore::RecordCount>> counts() override { return store_->counts(); }
  Result<std::uint64_t> remove(const Selection& selection) override { return store_->remove(selection); }
  Result<std::uint64_t> remove_records(std::span<const record::RecordId> ids) override {
    return store_->remove_records(ids);
  }
  Result<std::uint64_t> relabel(std::span<const record::RecordId> ids, const record::WorkloadId& workload) override {
    return store_->relabel(ids, workload);
  }
  Result<std::uint64_t> expire_contents(std::span<const Interaction> outlined) override {
    return store_->expire_contents(outlined);
  }
  Result<bool> purge(const Deadline& deadline) override { return store_->purge(deadline); }
  Status backup(const std::filesystem::path& folder) override { return store_->backup(folder); }
  void stop() override { store_->stop(); }
  Status health() const override { return store_->health(); }
  logstore::Backlog backlog() const override { return store_->backlog(); }
  std::vector<logstore::KeptDamage> damage() const override { return store_->damage(); }

 private:
  std::unique_ptr<LogStore> store_;
  const AcceptedRules& rules_;
};

}  // namespace

std::unique_ptr<LogStore> labelled(std::unique_ptr<LogStore> store, const AcceptedRules& rules) {
  return std::make_unique<LabelledLogStore>(std::move(store), rules);
}

Result<Relabelled> relabel_some(LogStore& log, const AcceptedRules& rules, const std::string& source,
                                const std::optional<Cursor>& after, Duration time, const Deadline& deadline) {
  const Selection selection{.workload = record::WorkloadId::from_stored(source), .client = {}, .from = {}, .to = {}};
  const Instant end = kernel_now() + time;
  Namer namer(rules.get());
  Relabelled done{.read = 0, .moved = 0, .next = after};
  do {
    FW_TRY(deadline.check("naming records"));
    FW_ASSIGN(auto page, log.scan(selection, Order::kOldestFirst, kPage, done.next));
    std::map<record::WorkloadId, std::vector<record::RecordId>> moves;
    for (const Interaction& record : page.records) {
      if (auto workload = namer.name(record)) moves[*std::move(workload)].push_back(record.id);
    }
    for (const auto& [workload, ids] : moves) {
      FW_ASSIGN(const std::uint64_t moved, log.relabel(ids, workload));
      done.moved += moved;
    }
    done.read += page.records.size();
    done.next = std::move(page.next);
  } while (done.next && kernel_now() < end);
  return done;
}

}  // namespace fw::discovery
