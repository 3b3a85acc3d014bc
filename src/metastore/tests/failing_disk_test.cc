// The metadata store on a disk that fails at every call in turn.

#include <gtest/gtest.h>

#include <cerrno>

#include "io/file.h"
#include "io/tests/failing_calls.h"
#include "metastore/sqlite_store.h"

namespace fw::metastore {
namespace {

using io::testing::FailingCalls;

NewEvent event() { return {from_epoch_seconds(1), "stage", std::string(3000, 'x')}; }
StepRow step(int number) { return {"step" + std::to_string(number), "{}", std::nullopt, from_epoch_seconds(number)}; }

/// A job with a step and two events more at each number; those before `next` are acknowledged.
struct Work {
  std::int64_t next = 0;

  Status do_next(MetaStore& store) {
    const auto written = next == 0 ? create(store) : end_step(store);
    if (!written.ok()) return written.error();
    ++next;
    return {};
  }
  static Result<std::int64_t> create(MetaStore& store) {
    return store.create_job({.id = "a", .created_at = from_epoch_seconds(1), .config = "{}"}, 0,
                            [](std::int64_t) { return std::vector{event()}; });
  }
  Result<std::int64_t> end_step(MetaStore& store) const {
    FW_ASSIGN(const auto lease, store.claim("a", "worker", from_epoch_seconds(next), from_epoch_seconds(next)));
    return store.record_step(lease, step(static_cast<int>(next)), std::vector{event(), event()});
  }

  /// What was acknowledged is there, and of the next one all or nothing.
  void check(MetaStore& store) const {
    const auto jobs = store.jobs(JobStatusFilter::kAll, 0, 10);
    ASSERT_TRUE(jobs.ok()) << jobs.error();
    if (jobs->jobs.empty()) {
      EXPECT_EQ(next, 0);
      return;
    }
    const auto steps = store.steps("a");
    const auto events = store.events("a", 0, 1000);
    ASSERT_TRUE(steps.ok() && events.ok());
    const auto done = static_cast<std::int64_t>(steps->size());
    EXPECT_TRUE(done == next - 1 || done == next || next == 0) << done << " steps, " << next << " acknowledged";
    EXPECT_EQ(events->size(), static_cast<std::size_t>(1 + 2 * done));
  }
};

class FailingDisk : public testing::TestWithParam<int> {};

TEST_P(FailingDisk, KeepsWhatWasAcknowledgedAndTheRestWholeOrNotAtAll) {
  int failures = 0;
  for (const int calls : {0, 1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 28, 37, 50, 70, 100}) {
    SCOPED_TRACE("after " + std::to_string(calls) + " calls");
    const io::TemporaryFolder folder;
    const auto file = folder.path() / "metadata.sqlite";
    Work work;
    {
      std::unique_ptr<SqliteStore> store;
      {
        const FailingCalls failing(calls, GetParam());
        if (auto opened = SqliteStore::open(file); opened.ok()) store = std::move(opened).value();
        for (int i = 0; store && i < 8; ++i) {
          const auto status = work.do_next(*store);
          if (!status.ok()) EXPECT_NE(status.error().code, ErrorCode::kDataLoss) << status.error();
          if (!status.ok()) break;
        }
        if (failing.has_failed()) ++failures;
      }
      if (store) {
        work.check(*store);
        // Well again: the same connection goes on.
        if (const auto status = work.do_next(*store); !status.ok()) {
          EXPECT_EQ(status.error().code, ErrorCode::kAlreadyExists) << status.error();
        }
      }
    }
    auto again = SqliteStore::open(file);
    ASSERT_TRUE(again.ok()) << again.error();
    work.check(**again);
  }
  EXPECT_GT(failures, GetParam() == EMFILE ? 0 : 5);
}

INSTANTIATE_TEST_SUITE_P(Errors, FailingDisk, testing::Values(ENOSPC, EIO, EMFILE), [](const auto& test) {
  return std::string(test.param == ENOSPC ? "NoSpace" : test.param == EIO ? "InputOutput" : "NoDescriptors");
});

}  // namespace
}  // namespace fw::metastore
