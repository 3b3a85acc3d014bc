#include "logstore/log_store.h"

#include <algorithm>
#include <charconv>

namespace fw::logstore {
namespace {

constexpr std::size_t kMostRecordsAPage = 10'000;
constexpr std::size_t kMostBytesOfBatch = std::size_t{64} << 20;

/// The store itself, whatever comes and goes.
class LiveView final : public View {
 public:
  explicit LiveView(LogStore& store) : store_(store) {}
  Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                    const std::optional<Cursor>& after) override {
    return store_.scan(selection, order, limit, after);
  }

 private:
  LogStore& store_;
};

}  // namespace

Status check_batch_of_ids(std::span<const record::RecordId> ids) {
  if (ids.size() <= kMostRecordsAPage) return {};
  return invalid_argument("a batch of records to find has at most 10000 ids, not " + std::to_string(ids.size()));
}

Status check_outlined(std::span<const record::Interaction> outlined) {
  if (outlined.size() > kMostRecordsAPage) {
    return invalid_argument("at most 10000 records lose their content at once, not " + std::to_string(outlined.size()));
  }
  for (const record::Interaction& record : outlined) {
    if (record.has_content() || !record.request.empty() || !record.response.empty()) {
      return invalid_argument("record " + *record.id + " has content, or no outline to put in its place");
    }
  }
  return {};
}

Result<std::unique_ptr<View>> LogStore::view() { return std::unique_ptr<View>(std::make_unique<LiveView>(*this)); }

Result<KeyPage> LogStore::scan_keys(const Selection& selection, Order order, std::size_t limit,
                                    const std::optional<Cursor>& after) {
  FW_ASSIGN(auto page, scan(selection, order, std::min(limit, kMostRecordsAPage), after));
  KeyPage keys{.next = std::move(page.next)};
  for (auto& record : page.records) {
    keys.keys.push_back({std::move(record.id), std::move(record.workload), std::move(record.client), record.timestamp});
  }
  return keys;
}

Result<std::vector<std::optional<record::Interaction>>> LogStore::find_batch(std::span<const record::RecordId> ids) {
  FW_TRY(check_batch_of_ids(ids));
  std::vector<std::optional<record::Interaction>> records;
  std::size_t bytes = 0;
  for (const record::RecordId& id : ids) {
    if (bytes >= kMostBytesOfBatch) break;
    FW_ASSIGN(auto found, find(id));
    if (found) bytes += found->request.size() + found->response.size();
    records.push_back(std::move(found));
  }
  return records;
}

Result<WorkloadPage> LogStore::workloads_page(std::size_t limit, const std::optional<Cursor>& after) {
  FW_ASSIGN(auto all, workloads());
  std::size_t from = 0;
  if (after) std::from_chars(after->token.data(), after->token.data() + after->token.size(), from);
  from = std::min(from, all.size());
  const std::size_t to = from + std::min(limit, all.size() - from);
  WorkloadPage page;
  std::move(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to),
            std::back_inserter(page.workloads));
  if (to < all.size()) page.next = Cursor{std::to_string(to)};
  return page;
}

}  // namespace fw::logstore
