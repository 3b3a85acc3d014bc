#include "logstore/arrivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

record::Interaction interaction(const std::string& id, const std::string& workload = "w") {
  return {record::RecordId(id), record::WorkloadId(workload), record::ClientId("c"), from_epoch_seconds(1), "{}", "{}"};
}

std::vector<std::string> ids_of(const Arrivals::Since& since) {
  std::vector<std::string> out;
  for (const auto& arrival : since.arrivals) out.push_back(*arrival.id);
  return out;
}

/// A log store that tells of its appends; it keeps three.
class ArrivalsTest : public testing::Test {
 protected:
  void append(const std::vector<record::Interaction>& batch) { ASSERT_TRUE(log_->append(batch).ok()); }
  Arrivals::Since since(const std::string& mark, const Selection& selection = {}, std::size_t limit = 100) {
    return arrivals_.since(mark, selection, limit).value();
  }

  io::TemporaryFolder folder_;
  Arrivals arrivals_{3};
  std::unique_ptr<LogStore> log_ = noting_arrivals(open_rocksdb_log_store(folder_.path() / "log").value(), arrivals_);
};

TEST_F(ArrivalsTest, GiveWhatIsNewInTheOrderInWhichItCame) {
  append({interaction("before")});
  const std::string mark = arrivals_.mark();
  append({interaction("b"), interaction("before"), interaction("a")});
  const auto found = since(mark);
  EXPECT_THAT(ids_of(found), ElementsAre("b", "a"));
  EXPECT_EQ(found.missed, 0U);
  EXPECT_THAT(ids_of(since(found.mark)), IsEmpty());
  EXPECT_THAT(ids_of(since(found.arrivals.front().mark)), ElementsAre("a"));
}

TEST_F(ArrivalsTest, AreReadInPagesAndByWorkload) {
  const std::string mark = arrivals_.mark();
  append({interaction("a"), interaction("b", "other"), interaction("c")});
  const auto first = since(mark, {}, 2);
  EXPECT_THAT(ids_of(first), ElementsAre("a", "b"));
  EXPECT_THAT(ids_of(since(first.mark, {}, 2)), ElementsAre("c"));
  EXPECT_THAT(ids_of(since(mark, {.workload = record::WorkloadId("other")})), ElementsAre("b"));
  EXPECT_THAT(ids_of(since(mark, {.client = record::ClientId("nobody")})), IsEmpty());
}

TEST_F(ArrivalsTest, SayHowManyCameTooFast) {
  const std::string mark = arrivals_.mark();
  for (const char* id : {"a", "b", "c", "d", "e"}) append({interaction(id)});
  const auto found = since(mark);
  EXPECT_THAT(ids_of(found), ElementsAre("c", "d", "e"));
  EXPECT_EQ(found.missed, 2U);
  EXPECT_EQ(since(found.mark).missed, 0U);
}

TEST_F(ArrivalsTest, OfAnotherProcessSayThatTheyCannotTell) {
  const std::string mark = Arrivals().mark();
  append({interaction("a")});
  const auto found = since(mark);
  EXPECT_THAT(ids_of(found), ElementsAre("a"));
  EXPECT_EQ(found.missed, std::nullopt);
  for (const char* text : {"", "x", "12", "ab.", "ab.1x", "ab.-1"}) {
    EXPECT_EQ(arrivals_.since(text, {}, 1).error().code, ErrorCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace fw::logstore
