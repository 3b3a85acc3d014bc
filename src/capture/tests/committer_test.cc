#include "capture/committer/committer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "async/event_loops.h"
#include "async/run_blocking.h"
#include "async/task_group.h"
#include "capture/committer/impl/commit_queue.h"
#include "capture/tests/gated_store.h"
#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::capture {
namespace {

using namespace std::chrono_literals;
using logstore::AppendReport;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

record::Interaction interaction(const std::string& id, std::size_t bytes = 10) {
  return {.id = record::RecordId(id),
          .workload = record::WorkloadId("w"),
          .client = record::ClientId("c"),
          .timestamp = from_epoch_seconds(1),
          .request = std::string(bytes, 'q'),
          .response = "{}"};
}

std::vector<record::Interaction> batch(std::initializer_list<std::string> ids) {
  std::vector<record::Interaction> records;
  for (const auto& id : ids) records.push_back(interaction(id));
  return records;
}

/// Room for `records` of those above, for all who come.
CommitterOptions room_for(std::size_t records) {
  return {.max_queued_bytes = records * bytes_of(interaction("1")) + records};
}

/// A commit that was begun on another thread.
struct Begun {
  std::future<std::optional<Result<AppendReport>>> future;
  [[nodiscard]] Result<AppendReport> get() { return *future.get(); }
};

class CommitterTest : public testing::Test {
 protected:
  void make(CommitterOptions options = {}) { committer_.emplace(store_, disk_, options); }

  Result<AppendReport> commit(std::vector<record::Interaction> records, Deadline deadline = Deadline::never()) {
    return run_blocking(committer_->commit(std::move(records), std::move(deadline)));
  }
  /// Begins on a loop of its own.
  Begun begin(std::vector<record::Interaction> records, Deadline deadline = Deadline::never(),
              std::string tenant = {}) {
    return {boost::asio::co_spawn(loops_.executor(0), keep(std::move(records), std::move(deadline), std::move(tenant)),
                                  boost::asio::use_future)};
  }
  Begun begin_for(std::string tenant, std::vector<record::Interaction> records) {
    return begin(std::move(records), Deadline::never(), std::move(tenant));
  }
  Status flush(Deadline deadline = Deadline::never()) { return run_blocking(committer_->flush(std::move(deadline))); }
  /// The writer has taken everything that it will take.
  void wait_until_queued(std::size_t records) const {
    while (committer_->stats().queued_records < records) std::this_thread::yield();
  }

  GatedStore store_;
  EventLoops loops_{2};
  Pool disk_{"disk", 1};
  std::optional<Committer> committer_;

 private:
  Task<std::optional<Result<AppendReport>>> keep(std::vector<record::Interaction> records, Deadline deadline,
                                                 std::string tenant) {
    co_return co_await committer_->commit(std::move(records), std::move(deadline), std::move(tenant));
  }
};

Task<void> commit_one(Committer& committer, std::string id, int& done) {
  const auto home = std::this_thread::get_id();
  std::vector<record::Interaction> records{interaction(id)};
  const auto report = co_await committer.commit(std::move(records), Deadline::never());
  EXPECT_TRUE(report.ok()) << report.error();
  EXPECT_EQ(report->appended, 1U);
  EXPECT_EQ(std::this_thread::get_id(), home);
  ++done;
}

Task<int> commit_many(Committer& committer, GatedStore& store, int count) {
  int done = 0;
  TaskGroup group(co_await boost::asio::this_coro::executor);
  for (int i = 0; i < count; ++i) group.spawn("commit", commit_one(committer, std::to_string(i), done));
  group.spawn("open", [](GatedStore& gate) -> Task<void> {
    gate.open();
    co_return;
  }(store));
  co_await group.join();
  co_return done;
}

TEST_F(CommitterTest, WhatArrivesWhileTheDiskIsBusyIsOneAppend) {
  make();
  store_.shut();
  ASSERT_TRUE(committer_->offer(interaction("first")));
  EXPECT_EQ(run_blocking(commit_many(*committer_, store_, 64)), 64);
  EXPECT_EQ(store_.ids().size(), 65U);
  EXPECT_LE(store_.groups().size(), 2U);
  EXPECT_EQ(committer_->stats().committed, 65U);
  EXPECT_EQ(committer_->stats().queued_bytes, 0U);
}

TEST_F(CommitterTest, WaitersOfSeveralLoopsAreResumedOnTheirOwn) {
  make();
  std::vector<std::future<int>> loops;
  for (std::size_t loop = 0; loop < 2; ++loop) {
    loops.push_back(boost::asio::co_spawn(
        loops_.executor(loop),
        [](Committer& committer, std::size_t number) -> Task<int> {
          int done = 0;
          for (int i = 0; i < 100; ++i) {
            co_await commit_one(committer, std::to_string(number) + "." + std::to_string(i), done);
          }
          co_return done;
        }(*committer_, loop),
        boost::asio::use_future));
  }
  for (auto& loop : loops) EXPECT_EQ(loop.get(), 100);
  EXPECT_EQ(store_.ids().size(), 200U);
}

TEST_F(CommitterTest, EachBatchIsToldWhichOfItsRecordsWereKnown) {
  make();
  ASSERT_TRUE(commit(batch({"a", "b"})).ok());
  store_.shut();
  ASSERT_TRUE(committer_->offer(interaction("busy")));
  auto one = begin(batch({"c", "a"}));
  wait_until_queued(3);
  auto two = begin(batch({"d"}));
  wait_until_queued(4);
  auto three = begin(batch({"b", "e", "d"}));
  wait_until_queued(7);
  store_.open();
  const auto first = one.get();
  EXPECT_EQ(first->appended, 1U);
  EXPECT_THAT(first->known, ElementsAre(1));
  EXPECT_THAT(two.get()->known, ElementsAre());
  const auto third = three.get();
  EXPECT_EQ(third->duplicates, 2U);
  EXPECT_THAT(third->known, ElementsAre(0, 2));
}

TEST_F(CommitterTest, AFullQueueMakesThoseWhoWaitWaitAndKeepsTheLastQuarterForThoseWhoCannot) {
  make(room_for(8));
  store_.shut();
  std::vector<Begun> taken;
  for (int i = 0; i < 6; ++i) {
    taken.push_back(begin_for("tenant " + std::to_string(i), batch({std::to_string(i)})));
    wait_until_queued(static_cast<std::size_t>(i) + 1);
  }
  const auto late = commit(batch({"late", "too"}), Deadline::after(5ms));
  EXPECT_EQ(late.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(late.error().message, HasSubstr("does not keep up"));
  EXPECT_EQ(committer_->stats().refused, 2U);
  EXPECT_TRUE(committer_->offer(interaction("6"), "tenant 6"));
  EXPECT_TRUE(committer_->offer(interaction("7"), "tenant 7"));
  EXPECT_FALSE(committer_->offer(interaction("8"), "tenant 8"));
  EXPECT_EQ(committer_->stats().refused, 3U);
  store_.open();
  for (auto& one : taken) EXPECT_TRUE(one.get().ok());
  EXPECT_TRUE(flush().ok());
  EXPECT_THAT(store_.ids(), UnorderedElementsAre("0", "1", "2", "3", "4", "5", "6", "7"));
}

TEST_F(CommitterTest, ThoseInLineComeInWhenThereIsRoomAndTheFirstIsNotOvertaken) {
  make(room_for(8));
  store_.shut();
  auto busy = begin(batch({"0", "1", "2", "3", "4"}));
  wait_until_queued(5);
  auto large = begin(batch({"5", "6"}));
  while (committer_->stats().in_line < 2) std::this_thread::yield();
  const auto small = commit(batch({"7"}), Deadline::after(5ms));  // there is room for one
  EXPECT_EQ(small.error().code, ErrorCode::kResourceExhausted);
  store_.open();
  EXPECT_TRUE(busy.get().ok());
  EXPECT_TRUE(large.get().ok());
  EXPECT_THAT(store_.ids(), ElementsAre("0", "1", "2", "3", "4", "5", "6"));
}

TEST_F(CommitterTest, ATenantThatFloodsIsRefusedAndAQuietOneIsNot) {
  make(room_for(16));
  store_.shut();
  std::vector<Begun> taken;
  for (int i = 0; i < 9; ++i) {
    taken.push_back(begin_for("flood", batch({std::to_string(i)})));
    wait_until_queued(static_cast<std::size_t>(i) + 1);
  }
  const auto refused = run_blocking(committer_->commit(batch({"9"}), Deadline::after(5ms), "flood"));
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  auto quiet = begin_for("quiet", batch({"quiet"}));
  wait_until_queued(10);
  EXPECT_TRUE(committer_->offer(interaction("a"), "flood"));
  EXPECT_TRUE(committer_->offer(interaction("b"), "flood"));
  EXPECT_FALSE(committer_->offer(interaction("c"), "flood"));
  EXPECT_TRUE(committer_->offer(interaction("c"), "quiet"));
  store_.open();
  EXPECT_TRUE(quiet.get().ok());
  for (auto& one : taken) EXPECT_TRUE(one.get().ok());
}

TEST_F(CommitterTest, AQuietTenantsRecordIsInTheNextAppendHoweverMuchWaitsBeforeIt) {
  make({.max_group_records = 4});
  store_.shut();
  auto busy = begin_for("flood", batch({"busy"}));
  wait_until_queued(1);
  std::vector<Begun> taken;
  for (int i = 0; i < 40; ++i) {
    taken.push_back(begin_for("flood", {interaction(std::to_string(i), CommitQueue::kTurnBytes / 2)}));
    wait_until_queued(static_cast<std::size_t>(i) + 2);
  }
  auto quiet = begin_for("quiet", batch({"quiet"}));
  wait_until_queued(42);
  store_.open();
  EXPECT_TRUE(quiet.get().ok());
  for (auto& one : taken) EXPECT_TRUE(one.get().ok());
  const auto ids = store_.ids();
  EXPECT_LE(std::ranges::find(ids, "quiet") - ids.begin(), 4) << "it waited behind the other's";
}

TEST_F(CommitterTest, ABatchLargerThanTheQueueComesInWhenNothingElseIsThere) {
  make(room_for(1));
  EXPECT_EQ(commit(batch({"a", "b", "c"}))->appended, 3U);
}

TEST_F(CommitterTest, ADeadlineEndsTheWaitForTheDiskAndTheRecordIsWrittenAllTheSame) {
  make();
  store_.shut();
  EXPECT_EQ(commit(batch({"a"}), Deadline::after(5ms)).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(flush(Deadline::after(5ms)).error().code, ErrorCode::kDeadlineExceeded);
  store_.open();
  EXPECT_TRUE(flush().ok());
  EXPECT_THAT(store_.ids(), ElementsAre("a"));
}

TEST_F(CommitterTest, ACancelledWaiterLosesNothingThatWasTaken) {
  make();
  store_.shut();
  std::stop_source stop;
  auto one = begin(batch({"a"}), Deadline::when_stopped(stop.get_token()));
  wait_until_queued(1);
  stop.request_stop();
  EXPECT_EQ(one.get().error().code, ErrorCode::kCancelled);
  store_.fail_next(unavailable("the disk is away"));  // of what nobody waits for any more
  store_.open();
  EXPECT_TRUE(flush().ok());
  EXPECT_THAT(store_.ids(), ElementsAre("a"));
  EXPECT_EQ(committer_->stats().failed, 0U);
}

TEST_F(CommitterTest, AWaiterWhoseLoopIsDestroyedLosesNothingEither) {
  make();
  store_.shut();
  {
    boost::asio::io_context loop;
    std::optional<Result<AppendReport>> never;
    boost::asio::co_spawn(loop, keep_result(committer_->commit(batch({"a"}), Deadline::never()), never),
                          boost::asio::detached);
    loop.poll();
  }
  store_.open();
  EXPECT_TRUE(flush().ok());
  EXPECT_THAT(store_.ids(), ElementsAre("a"));
}

TEST_F(CommitterTest, AStoreThatFailsIsTheWaitersToHandle) {
  make();
  store_.fail_next(storage_full("the disk is full"));
  EXPECT_EQ(commit(batch({"a"})).error(), storage_full("the disk is full"));
  EXPECT_EQ(committer_->stats().failed, 1U);
  EXPECT_TRUE(commit(batch({"a"})).ok());
  EXPECT_EQ(committer_->stats().queued_bytes, 0U);
}

TEST_F(CommitterTest, WhatAStoreThrowsIsAnErrorToo) {
  make();
  store_.fail_next(internal("odd"));
  const auto report = commit(batch({"a"}));
  EXPECT_EQ(report.error().code, ErrorCode::kInternal);
  EXPECT_THAT(report.error().message, HasSubstr("odd"));
}

TEST_F(CommitterTest, ABatchThatTheStoreRefusesFailsAlone) {
  make();
  store_.shut();
  store_.refuse("bad");
  ASSERT_TRUE(committer_->offer(interaction("busy")));
  auto good = begin(batch({"a", "b"}));
  wait_until_queued(3);
  auto bad = begin(batch({"c", "bad"}));
  wait_until_queued(5);
  ASSERT_TRUE(committer_->offer(interaction("d")));
  store_.open();
  EXPECT_EQ(good.get()->appended, 2U);
  EXPECT_EQ(bad.get().error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(flush().ok());
  EXPECT_THAT(store_.ids(), UnorderedElementsAre("busy", "a", "b", "d"));
  EXPECT_EQ(committer_->stats().failed, 2U);
}

TEST_F(CommitterTest, WhatNobodyWaitsForIsKeptUntilTheStoreTakesIt) {
  make();
  store_.fail_next(unavailable("the disk is away"));
  store_.fail_next(unavailable("the disk is away"));
  ASSERT_TRUE(committer_->offer(interaction("a")));
  EXPECT_TRUE(flush().ok());
  EXPECT_THAT(store_.ids(), ElementsAre("a"));
  EXPECT_EQ(committer_->stats().failed, 0U);
}

TEST_F(CommitterTest, ACommitDuringAPauseIsTriedAtOnceAndBringsBackWhatWasKept) {
  make();
  for (int i = 0; i < 3; ++i) store_.fail_next(unavailable("the disk is away"));
  ASSERT_TRUE(committer_->offer(interaction("a")));
  while (commit(batch({"b"})).ok()) FAIL() << "the store failed";
  (void)commit(batch({"b"}));
  EXPECT_TRUE(flush().ok());
  EXPECT_THAT(store_.ids(), testing::Contains("a"));
}

TEST_F(CommitterTest, DestructionWritesWhatWasTakenAndTurnsBackThoseInLine) {
  make(room_for(4));
  store_.shut();
  auto taken = begin(batch({"a", "b", "c"}));
  wait_until_queued(3);
  auto in_line = begin(batch({"d"}));
  while (committer_->stats().in_line < 1) std::this_thread::yield();
  ASSERT_TRUE(committer_->offer(interaction("e"), "another"));
  std::jthread opens([this] { store_.open(); });
  committer_.reset();
  EXPECT_TRUE(taken.get().ok());
  const auto last = in_line.get();
  EXPECT_TRUE(last.ok() || last.error().code == ErrorCode::kCancelled);
  EXPECT_EQ(store_.ids().size(), last.ok() ? 5U : 4U);
}

TEST_F(CommitterTest, DestructionTriesOnceMoreWhatTheStoreHasNotTaken) {
  make();
  store_.fail_next(unavailable("the disk is away"));
  ASSERT_TRUE(committer_->offer(interaction("a")));
  committer_.reset();
  EXPECT_THAT(store_.ids(), ElementsAre("a"));
}

TEST_F(CommitterTest, ClosingTellsHowManyRecordsWereLostInOneLine) {
  make();
  for (int i = 0; i < 100; ++i) store_.fail_next(unavailable("the disk is full"));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(committer_->offer(interaction(std::to_string(i))));
  testing::internal::CaptureStderr();
  EXPECT_EQ(committer_->close(), 20U);
  EXPECT_FALSE(committer_->offer(interaction("late")));
  EXPECT_EQ(committer_->close(), 20U);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("records=20"));
  EXPECT_EQ(log.find("records are lost"), log.rfind("records are lost"));
}

TEST_F(CommitterTest, TheWaitOfTheOldestRecordIsTold) {
  make();
  EXPECT_EQ(committer_->stats().oldest_wait, Duration{});
  store_.shut();
  ASSERT_TRUE(committer_->offer(interaction("a")));
  while (committer_->stats().oldest_wait == Duration{}) std::this_thread::yield();
  store_.open();
}

Task<void> commit_in_turn(Committer& committer, int writer, int count) {
  for (int i = 0; i < count; ++i) {
    std::vector<record::Interaction> records{interaction(std::to_string(writer) + "." + std::to_string(i), 3000)};
    const auto report = co_await committer.commit(std::move(records), Deadline::never());
    EXPECT_TRUE(report.ok()) << report.error();
  }
}

TEST(CommitterOnRocksDb, SixtyFourWaitersShareTheirSyncsAndFindEverythingAfterwards) {
  constexpr int kWaiters = 64;
  constexpr int kRecords = 20;
  const io::TemporaryFolder folder("committer");
  {
    auto store = logstore::open_rocksdb_log_store(folder.path());
    ASSERT_TRUE(store.ok()) << store.error();
    EventLoops loops(2);
    Pool disk("disk", 1);
    Committer committer(**store, disk);
    TaskGroup group(loops.executor(0));
    for (int writer = 0; writer < kWaiters; ++writer) {
      group.spawn_on(loops.executor(static_cast<std::size_t>(writer) % 2), "writer",
                     commit_in_turn(committer, writer, kRecords));
    }
    group.join_blocking();
    EXPECT_EQ(committer.stats().committed, kWaiters * kRecords);
    EXPECT_LT(committer.stats().groups, kWaiters * kRecords / 4);
  }
  auto store = logstore::open_rocksdb_log_store(folder.path());
  ASSERT_TRUE(store.ok()) << store.error();
  EXPECT_EQ((*store)->workloads()->front().records, kWaiters * kRecords);
  EXPECT_EQ(**(*store)->find(record::RecordId("63.19")), interaction("63.19", 3000));
}

}  // namespace
}  // namespace fw::capture
