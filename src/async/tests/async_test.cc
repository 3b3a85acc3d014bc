#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <thread>

#include "async/pool.h"
#include "async/run_blocking.h"
#include "async/task_group.h"

namespace fw {
namespace {

using namespace std::chrono_literals;

Task<Status> sleep_long(std::stop_token stop) { co_return co_await sleep_for(1h, Deadline::when_stopped(stop)); }

TEST(Deadline, AStopFromAnotherThreadEndsAWaitAtOnce) {
  std::stop_source stop;
  std::jthread other([&] { stop.request_stop(); });
  const auto status = run_blocking(sleep_long(stop.get_token()));
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
}

Task<Status> sleep_past_deadline() { co_return co_await sleep_for(1h, Deadline::after(1ms)); }

TEST(Deadline, AWaitLongerThanItsDeadlineEndsWithIt) {
  EXPECT_EQ(run_blocking(sleep_past_deadline()).error().code, ErrorCode::kDeadlineExceeded);
}

Task<int> most_at_once(std::size_t count, std::size_t parallelism) {
  int now = 0;
  int most = 0;
  int done = 0;
  co_await for_each_bounded(count, parallelism, Deadline::never(), [&](std::size_t) -> Task<void> {
    most = std::max(most, ++now);
    (void)co_await sleep_for(1ms, Deadline::never());
    --now;
    ++done;
  });
  EXPECT_EQ(done, static_cast<int>(count));
  co_return most;
}

TEST(ForEachBounded, RunsAllAndNeverMoreThanAllowed) { EXPECT_EQ(run_blocking(most_at_once(20, 4)), 4); }

Task<void> fan_that_throws(int& started) {
  co_await for_each_bounded(100, 2, Deadline::never(), [&](std::size_t) -> Task<void> {
    ++started;
    (void)co_await sleep_for(1ms, Deadline::never());
    throw std::runtime_error("row");
  });
}

TEST(ForEachBounded, StopsStartingAfterAnExceptionAndRethrowsIt) {
  int started = 0;
  EXPECT_THROW(run_blocking(fan_that_throws(started)), std::runtime_error);
  EXPECT_LE(started, 4);
}

Task<bool> leaves_the_thread(Pool& pool) {
  const auto here = std::this_thread::get_id();
  const auto there = co_await run_on(pool, [] { return std::this_thread::get_id(); });
  co_return there != here&& std::this_thread::get_id() == here;
}

TEST(Pool, RunsWorkElsewhereAndComesBack) {
  Pool pool("cpu", 1);
  EXPECT_TRUE(run_blocking(leaves_the_thread(pool)));
}

}  // namespace
}  // namespace fw
