#include "logstore/awaitable_log_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "async/run_until.h"

namespace fw::logstore {

namespace {

constexpr const char* kReading = "reading the log store";
constexpr std::size_t kPairsAtOnce = 500;

Result<std::vector<WorkloadSummary>> all_workloads(LogStore& store, const Deadline& deadline) {
  std::vector<WorkloadSummary> all;
  std::optional<Cursor> after;
  do {
    FW_TRY(deadline.check(kReading));
    FW_ASSIGN(auto page, store.workloads_page(kPairsAtOnce, after));
    std::ranges::move(page.workloads, std::back_inserter(all));
    after = std::move(page.next);
  } while (after);
  return all;
}

}  // namespace

Task<Result<Page>> AwaitableLogStore::scan(Selection selection, Order order, std::size_t limit,
                                           std::optional<Cursor> after, Deadline deadline) {
  co_return co_await run_until(pool_, deadline, kReading,
                               [&store = store_, selection = std::move(selection), order, limit,
                                after = std::move(after)] { return store.scan(selection, order, limit, after); });
}

Task<Result<KeyPage>> AwaitableLogStore::scan_keys(Selection selection, Order order, std::size_t limit,
                                                   std::optional<Cursor> after, Deadline deadline) {
  co_return co_await run_until(pool_, deadline, kReading,
                               [&store = store_, selection = std::move(selection), order, limit,
                                after = std::move(after)] { return store.scan_keys(selection, order, limit, after); });
}

Task<Result<std::optional<record::Interaction>>> AwaitableLogStore::find(record::RecordId id, Deadline deadline) {
  co_return co_await run_until(pool_, deadline, kReading,
                               [&store = store_, id = std::move(id)] { return store.find(id); });
}

Task<Result<std::vector<std::optional<record::Interaction>>>> AwaitableLogStore::find_batch(
    std::vector<record::RecordId> ids, Deadline deadline) {
  co_return co_await run_until(pool_, deadline, kReading,
                               [&store = store_, ids = std::move(ids)] { return store.find_batch(ids); });
}

Task<Result<std::vector<WorkloadSummary>>> AwaitableLogStore::workloads(Deadline deadline) {
  co_return co_await run_until(pool_, deadline, kReading,
                               [&store = store_, deadline] { return all_workloads(store, deadline); });
}

Task<Result<std::vector<RecordCount>>> AwaitableLogStore::counts(Deadline deadline) {
  co_return co_await run_until(pool_, deadline, kReading, [&store = store_] { return store.counts(); });
}

}  // namespace fw::logstore
