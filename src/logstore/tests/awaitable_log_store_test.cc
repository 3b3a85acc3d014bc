#include "logstore/awaitable_log_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <latch>

#include "async/run_blocking.h"
#include "async/task_group.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

using namespace std::chrono_literals;

/// A store that gives no answer until it is let go.
class StuckStore final : public LogStore {
 public:
  Result<AppendReport> append(std::span<const record::Interaction>) override { return AppendReport{}; }
  Result<Page> scan(const Selection&, Order, std::size_t, const std::optional<Cursor>&) override {
    ++scans;
    entered.count_down();
    held.wait();
    return Page{};
  }
  Result<std::optional<record::Interaction>> find(const record::RecordId&) override {
    ++finds;
    return std::optional<record::Interaction>();
  }
  Result<std::vector<WorkloadSummary>> workloads() override { return std::vector<WorkloadSummary>(); }
  Result<std::uint64_t> remove(const Selection&) override { return std::uint64_t{0}; }

  std::atomic<int> scans = 0;
  std::atomic<int> finds = 0;
  std::latch entered{1};
  std::latch held{1};
};

Task<ErrorCode> scan_until(AwaitableLogStore& log, Deadline deadline) {
  const auto page = co_await log.scan({}, Order::kOldestFirst, 10, std::nullopt, deadline);
  co_return page.ok() ? ErrorCode::kInternal : page.error().code;
}

Task<ErrorCode> find_until(AwaitableLogStore& log, Deadline deadline) {
  const auto found = co_await log.find(record::RecordId("a"), deadline);
  co_return found.ok() ? ErrorCode::kInternal : found.error().code;
}

TEST(AwaitableLogStore, AWaitEndsWithItsDeadlineThoughTheStoreHangsAndWhatWaitsBehindIsNotBegun) {
  StuckStore store;
  {
    Pool pool("query", 1);
    AwaitableLogStore log(store, pool);
    EXPECT_EQ(run_blocking(scan_until(log, Deadline::after(20ms))), ErrorCode::kDeadlineExceeded);
    store.entered.wait();
    EXPECT_EQ(run_blocking(find_until(log, Deadline::after(20ms))), ErrorCode::kDeadlineExceeded);
    store.held.count_down();
  }
  EXPECT_EQ(store.scans, 1);
  EXPECT_EQ(store.finds, 0);
}

Task<void> stop_while_one_reads(StuckStore& store, AwaitableLogStore& log) {
  TaskGroup group(co_await boost::asio::this_coro::executor);
  group.spawn("reader", [](AwaitableLogStore& reads, std::stop_token stop) -> Task<void> {
    EXPECT_EQ(co_await scan_until(reads, Deadline::when_stopped(std::move(stop))), ErrorCode::kCancelled);
  }(log, group.stop_token()));
  group.spawn("stopper", [](StuckStore& reads, TaskGroup& all) -> Task<void> {
    while (reads.scans == 0) (void)co_await sleep_for(1ms, Deadline::never());
    all.request_stop();
  }(store, group));
  co_await group.join();
}

TEST(AwaitableLogStore, AStopEndsAWaitAtOnce) {
  StuckStore store;
  Pool pool("query", 1);
  AwaitableLogStore log(store, pool);
  run_blocking(stop_while_one_reads(store, log));
  store.held.count_down();
}

Task<void> refuse_beyond_the_limit(StuckStore& store, AwaitableLogStore& log, Pool& pool) {
  TaskGroup group(co_await boost::asio::this_coro::executor);
  const auto read = [](AwaitableLogStore& reads) -> Task<void> { (void)co_await scan_until(reads, Deadline::never()); };
  group.spawn("running", read(log));
  while (store.scans == 0) (void)co_await sleep_for(1ms, Deadline::never());
  group.spawn("waiting", read(log));
  while (pool.waiting() == 0) (void)co_await sleep_for(1ms, Deadline::never());
  EXPECT_EQ(co_await scan_until(log, Deadline::never()), ErrorCode::kUnavailable);
  store.held.count_down();
  co_await group.join();
}

TEST(AwaitableLogStore, RefusesWhatWouldWaitInALongLine) {
  StuckStore store;
  Pool pool("query", 1, 1);
  AwaitableLogStore log(store, pool);
  run_blocking(refuse_beyond_the_limit(store, log, pool));
}

class AwaitableTest : public LogStoreTest {
 protected:
  Pool pool_{"query", 2};
};

TEST_F(AwaitableTest, ReadsWhatTheStoreHolds) {
  append({interaction("a", "w", "c", 1), interaction("b", "w", "c", 2), interaction("c", "v", "c", 3)});
  AwaitableLogStore log(*store_, pool_);
  const auto later = Deadline::after(10s);
  const Selection all;
  EXPECT_EQ(ids_of(run_blocking(log.scan(all, Order::kNewestFirst, 2, std::nullopt, later))->records),
            (std::vector<std::string>{"c", "b"}));
  EXPECT_EQ(run_blocking(log.scan_keys(all, Order::kOldestFirst, 10, std::nullopt, later))->keys.size(), 3U);
  EXPECT_TRUE(run_blocking(log.find(record::RecordId("b"), later))->has_value());
  EXPECT_EQ(run_blocking(log.workloads(later))->size(), 2U);
  EXPECT_EQ(run_blocking(log.counts(later))->size(), 2U);
}

}  // namespace
}  // namespace fw::logstore
