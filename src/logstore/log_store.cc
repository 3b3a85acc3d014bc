#include "logstore/log_store.h"

#include <algorithm>
#include <charconv>

namespace fw::logstore {
namespace {

constexpr std::size_t kMostRecordsAPage = 10'000;

}  // namespace

Result<KeyPage> LogStore::scan_keys(const Selection& selection, Order order, std::size_t limit,
                                    const std::optional<Cursor>& after) {
  FW_ASSIGN(auto page, scan(selection, order, std::min(limit, kMostRecordsAPage), after));
  KeyPage keys{.next = std::move(page.next)};
  for (auto& record : page.records) {
    keys.keys.push_back({std::move(record.id), std::move(record.workload), std::move(record.client), record.timestamp});
  }
  return keys;
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
