#include "logstore/verification.h"

#include <optional>
#include <utility>

#include "logstore/log_store.h"

namespace fw::logstore {
namespace {

constexpr std::size_t kPage = 500;

using Pair = std::pair<record::WorkloadId, record::ClientId>;
using Counts = std::map<Pair, std::uint64_t>;

Result<Counts> counts_of(LogStore& store) {
  FW_ASSIGN(const auto pairs, store.workloads());
  Counts counts;
  for (const WorkloadSummary& pair : pairs) counts[{pair.workload, pair.client}] = pair.records;
  return counts;
}

std::uint64_t number_in(const Counts& counts, const Pair& pair) {
  const auto found = counts.find(pair);
  return found == counts.end() ? 0 : found->second;
}

class ScanVerification final : public Verification {
 public:
  ScanVerification(LogStore& store, std::unique_ptr<View> view, Counts before)
      : store_(store), view_(std::move(view)), before_(std::move(before)) {
    found_.checked = "every document can be read, and there are as many as are counted";
  }

  Result<bool> step() override {
    if (is_done_) return false;
    const auto page = view_->scan({}, Order::kOldestFirst, kPage, after_);
    if (!page.ok() && page.error().code == ErrorCode::kDataLoss) {
      found_.add("a part of the store that cannot be read", page.error().message);
      is_done_ = true;
      return false;
    }
    if (!page.ok()) return page.error();
    for (const record::Interaction& record : page->records) {
      ++found_.records;
      found_.bytes += record.request.size() + record.response.size();
      if (!record.has_content()) ++found_.expired;
      ++seen_[{record.workload, record.client}];
    }
    after_ = page->next;
    if (after_) return true;
    is_done_ = true;
    FW_TRY(compare());
    return false;
  }

 private:
  Status compare() {
    found_.workloads = seen_.size();
    FW_ASSIGN(const Counts now, counts_of(store_));
    Counts all = before_;
    all.insert(seen_.begin(), seen_.end());
    for (const auto& [pair, ignored] : all) {
      const std::uint64_t counted = number_in(before_, pair);
      const bool is_still = counted == number_in(now, pair);
      const std::uint64_t seen = number_in(seen_, pair);
      if (!is_still || seen == counted) continue;
      found_.add("a count that is not the number of its records",
                 "workload " + *pair.first + ", client " + *pair.second + ": " + std::to_string(counted) +
                     " are counted, " + std::to_string(seen) + " can be read");
    }
    return {};
  }

  LogStore& store_;
  std::unique_ptr<View> view_;
  const Counts before_;
  Counts seen_;
  std::optional<Cursor> after_;
  bool is_done_ = false;
};

}  // namespace

void Verified::add(const std::string& what, std::string where) {
  if (++faults[what] <= kMostNamed) first_faults.push_back({what, std::move(where)});
}

Result<std::unique_ptr<Verification>> verify_by_scan(LogStore& store) {
  FW_ASSIGN(auto counts, counts_of(store));
  FW_ASSIGN(auto view, store.view());
  return std::unique_ptr<Verification>(std::make_unique<ScanVerification>(store, std::move(view), std::move(counts)));
}

}  // namespace fw::logstore
