#include "discovery/labelled_log_store.h"

#include <algorithm>
#include <map>

#include "capture/gateway/label_rule.h"
#include "logstore/forwarding_log_store.h"

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

class LabelledLogStore final : public logstore::ForwardingLogStore {
 public:
  LabelledLogStore(std::unique_ptr<LogStore> store, const AcceptedRules& rules)
      : ForwardingLogStore(std::move(store)), rules_(rules) {}

  Result<logstore::AppendReport> append(std::span<const Interaction> batch) override {
    const auto held = rules_.hold();
    Namer namer(rules_.get());
    if (std::ranges::none_of(batch, [&](const auto& record) { return namer.has_rules_for(record); })) {
      return ForwardingLogStore::append(batch);
    }
    std::vector<Interaction> named(batch.begin(), batch.end());
    for (Interaction& record : named) {
      if (auto workload = namer.name(record)) record.workload = *std::move(workload);
    }
    return ForwardingLogStore::append(named);
  }

 private:
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
