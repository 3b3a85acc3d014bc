#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <latch>
#include <thread>

#include "async/event_loops.h"
#include "async/pool.h"
#include "async/run_blocking.h"
#include "async/task_group.h"

namespace fw {
namespace {

using namespace std::chrono_literals;
using testing::Each;

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

TEST(Deadline, OneThatLiesBeyondTheEndOfTimeIsNotOver) {
  EXPECT_FALSE(Deadline::after(Duration::max()).is_over());
  EXPECT_FALSE(Deadline::never().within(Duration::max()).is_over());
}

Task<void> ring_while_others_wait(std::stop_source stop) {
  TaskGroup group(co_await boost::asio::this_coro::executor);
  for (int i = 0; i < 50; ++i) {
    group.spawn("sleeper", [](std::stop_token token) -> Task<void> {
      EXPECT_EQ((co_await sleep_long(token)).error().code, ErrorCode::kCancelled);
    }(stop.get_token()));
  }
  std::jthread other([&] { stop.request_stop(); });
  co_await group.join();
}

TEST(Deadline, AStopReachesEveryWaitOnAnExecutorOfSeveralThreads) {
  Pool pool("threads", 4);
  for (int round = 0; round < 20; ++round) {
    boost::asio::co_spawn(pool.executor(), ring_while_others_wait({}), boost::asio::use_future).get();
  }
}

Task<bool> throws_no_exception() {
  TaskGroup group(co_await boost::asio::this_coro::executor);
  group.spawn("odd", []() -> Task<void> {
    throw 7;
    co_return;
  }());
  co_await group.join();
  co_return true;
}

TEST(TaskGroup, SurvivesATaskThatThrowsSomethingElseThanAnException) {
  EXPECT_TRUE(run_blocking(throws_no_exception()));
}

Task<bool> stays_on_one_thread() {
  const auto here = std::this_thread::get_id();
  EXPECT_TRUE(EventLoops::is_serial(co_await boost::asio::this_coro::executor));
  (void)co_await sleep_for(1ms, Deadline::never());
  co_return std::this_thread::get_id() == here;
}

TEST(EventLoops, WhatIsBegunOnOneStaysOnIt) {
  EventLoops loops(2);
  for (const Executor& loop : loops.executors()) {
    EXPECT_TRUE(boost::asio::co_spawn(loop, stays_on_one_thread(), boost::asio::use_future).get());
    EXPECT_FALSE(EventLoops::is_serial(loop)) << "of another thread";
  }
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

Task<void> ask(Pool& pool, std::latch& held, int& refused) {
  const auto done = co_await run_if_room(pool, [&held]() -> Status {
    held.wait();
    return {};
  });
  if (!done.ok()) {
    EXPECT_EQ(done.error().code, ErrorCode::kUnavailable);
    if (refused++ == 0) held.count_down();
  }
}

Task<int> ask_often(Pool& pool, int times, std::latch& held) {
  int refused = 0;
  TaskGroup group(co_await boost::asio::this_coro::executor);
  for (int i = 0; i < times; ++i) group.spawn("ask", ask(pool, held, refused));
  co_await group.join();
  co_return refused;
}

TEST(Pool, RefusesWhatWouldWaitBeyondItsLimitAndCounts) {
  Pool pool("query", 1, 2);
  std::latch held(1);  // opened by the first refusal
  const int refused = run_blocking(ask_often(pool, 4, held));
  EXPECT_GE(refused, 1);  // one runs, two wait; that one runs may not have been seen yet
  EXPECT_EQ(pool.refused(), static_cast<std::uint64_t>(refused));
  EXPECT_EQ(pool.waiting(), 0U);
  EXPECT_EQ(pool.running(), 0U);
}

/// Of the thread that does the work, of one that it starts, and again when the same thread is asked a second time.
Task<std::vector<int>> niceness_in(Pool& pool) {
  std::vector<int> out;
  for (int time = 0; time < 2; ++time) {
    co_await run_on(pool, [&] {
      out.push_back(::getpriority(PRIO_PROCESS, 0));
      std::thread([&] { out.push_back(::getpriority(PRIO_PROCESS, 0)); }).join();
    });
  }
  co_return out;
}

TEST(Pool, ItsThreadsGiveWayAsMuchAsTheyAreTold) {
  const int ours = ::getpriority(PRIO_PROCESS, 0);
  Pool pool("cpu", 1, Pool::kNoLimit, 5);
  EXPECT_THAT(run_blocking(niceness_in(pool)), Each(ours + 5));
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), ours);
  Pool other("query", 1);
  EXPECT_THAT(run_blocking(niceness_in(other)), Each(ours));
}

TEST(Pool, RunsWorkElsewhereAndComesBack) {
  Pool pool("cpu", 1);
  EXPECT_TRUE(run_blocking(leaves_the_thread(pool)));
}

}  // namespace
}  // namespace fw
