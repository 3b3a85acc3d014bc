#include "review/reviews.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "io/file.h"
#include "metastore/sqlite_store.h"
#include "review/tests/report_fixture.h"

namespace fw::review {
namespace {

class ReviewsTest : public testing::Test {
 protected:
  ReviewsTest() {
    const Json rows{row("r1", "common", call("a", {{"y", 2}}), call("a", {{"y", 3}})),
                    row("r2", "common", call("a", {{"y", 5}}), call("a", {{"y", 6}})),
                    row("r3", "rare", call("a", {{"y", 2}}), call("b", {{"y", 3}}))};
    id_ = reviews_.open("job", report_with(rows, 3).dump()).value();
  }
  std::uint64_t say(const std::string& record, Verdict verdict, const std::string& person, bool alike = false) {
    return reviews_.label(id_, {.record_id = record, .person = person, .verdict = verdict}, alike).value();
  }
  std::vector<Label> labels() { return reviews_.whole(id_).value().labels; }

  io::TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<metastore::SqliteStore> store_ = metastore::SqliteStore::open(folder_.path() / "m.db").value();
  Reviews reviews_{store_->reviews(), clock_, {}};
  std::string id_;
};

TEST_F(ReviewsTest, TheQueueIsTheReports) {
  const auto whole = reviews_.whole(id_).value();
  EXPECT_EQ(whole.review.job_id, "job");
  EXPECT_EQ(whole.items.size(), 3u);
  EXPECT_EQ(whole.items[0].record_id, "r3");
  EXPECT_NE(reviews_.item(id_, "r1").value().body.find("hello"), std::string::npos);
}

TEST_F(ReviewsTest, TheLastWordOfAPersonCountsAndBothPeoplesAreKept) {
  say("r1", Verdict::kBothFine, "ann");
  say("r1", Verdict::kBothWrong, "ann");
  say("r1", Verdict::kBothFine, "bob");
  ASSERT_EQ(labels().size(), 2u);
  EXPECT_EQ(labels()[0].verdict, Verdict::kBothWrong);
  EXPECT_EQ(labels()[1].person, "bob");
}

TEST_F(ReviewsTest, WhatIsWithdrawnDoesNotCountUntilItIsSaidAgain) {
  say("r1", Verdict::kBothFine, "ann");
  ASSERT_TRUE(reviews_.withdraw(id_, "r1", "ann", false).ok());
  EXPECT_TRUE(labels().empty());
  say("r1", Verdict::kBothFine, "ann");
  EXPECT_EQ(labels().size(), 1u);
}

TEST_F(ReviewsTest, AVerdictOfTheGroupLeavesWhatWasJudgedAlone) {
  say("r2", Verdict::kBothWrong, "ann");
  EXPECT_EQ(say("r1", Verdict::kBothFine, "ann", true), 1u);
  EXPECT_EQ(say("r1", Verdict::kBothFine, "bob", true), 2u);
  EXPECT_EQ(labels().size(), 4u);
}

TEST_F(ReviewsTest, AVerdictOfTheGroupIsTakenBackWholeButForWhatWasSaidSince) {
  EXPECT_EQ(say("r1", Verdict::kBothFine, "bob", true), 2u);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(say("r1", Verdict::kBothFine, "ann", true), 2u);
  EXPECT_EQ(reviews_.withdraw(id_, "r1", "ann", true).value(), 2u);
  EXPECT_EQ(labels().size(), 2u) << "bob's stand";
  EXPECT_EQ(say("r1", Verdict::kBothFine, "ann", true), 2u);
  clock_.advance(std::chrono::seconds(1));
  say("r2", Verdict::kBothWrong, "ann");
  EXPECT_EQ(reviews_.withdraw(id_, "r1", "ann", true).value(), 1u);
  ASSERT_EQ(labels().size(), 3u);
  EXPECT_EQ(reviews_.withdraw(id_, "r2", "ann", false).value(), 1u);
}

TEST_F(ReviewsTest, CorrectedAnswersThatCountAreGivenToRunsOfTheirTrafficAlone) {
  const auto workload = reviews_.list().value()[0].subject.workload;
  const auto client = reviews_.list().value()[0].subject.client;
  const auto given = [&](const std::string& of, const std::string& whose) {
    return reviews_.corrections(record::WorkloadId(of), record::ClientId(whose)).value();
  };
  const auto correct = [&](const std::string& record, const std::string& person, const std::string& message) {
    ASSERT_TRUE(reviews_.label(id_, {.record_id = record, .person = person, .corrected = message}, false).ok());
  };
  correct("r1", "ann", R"({"content":"first"})");
  correct("r1", "ann", R"({"content":"then"})");
  correct("r1", "bob", R"({"content":"mine"})");
  correct("r2", "ann", R"({"content":"withdrawn"})");
  ASSERT_TRUE(reviews_.withdraw(id_, "r2", "ann", false).ok());
  say("r3", Verdict::kBothWrong, "ann");
  const auto all = given(workload, client);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(*all[0].record, "r1");
  EXPECT_EQ(all[0].message, R"({"content":"then"})");
  EXPECT_EQ(all[1].message, R"({"content":"mine"})");
  EXPECT_TRUE(given("another", client).empty());
  EXPECT_TRUE(given(workload, "another").empty());
}

TEST_F(ReviewsTest, ErasedRowsAreGoneWithAllThatWasSaidOfThem) {
  ASSERT_TRUE(reviews_.label(id_, {.record_id = "r1", .person = "ann", .note = "asked by Ada Quill"}, false).ok());
  ASSERT_TRUE(reviews_.withdraw(id_, "r1", "ann", false).ok());
  say("r2", Verdict::kBothFine, "bob");
  say("r3", Verdict::kBothFine, "bob");
  const auto names_ada = [](std::string_view json) { return json.find("Ada Quill") != json.npos; };
  const auto rows = reviews_.rows_of({"r3", "of another review"}, names_ada).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(reviews_.erase(rows).value(), 2u);
  EXPECT_EQ(reviews_.erase(rows).value(), 0u);
  const auto whole = reviews_.whole(id_).value();
  ASSERT_EQ(whole.items.size(), 1u);
  EXPECT_EQ(whole.items[0].record_id, "r2");
  ASSERT_EQ(whole.labels.size(), 1u);
  EXPECT_EQ(whole.labels[0].record_id, "r2");
  EXPECT_EQ(reviews_.item(id_, "r1").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(reviews_.rows_of({}, nullptr).value().empty());
}

TEST_F(ReviewsTest, TheBytesOfErasedRowsAreOverwritten) {
  ASSERT_TRUE(reviews_.label(id_, {.record_id = "r1", .person = "ann", .note = "asked by Ada Quill"}, false).ok());
  ASSERT_TRUE(reviews_.erase(std::vector<Reviews::RowName>{{id_, "r1"}}).ok());
  for (const char* name : {"m.db", "m.db-wal"}) {
    const auto bytes = io::read_file(folder_.path() / name, 64 << 20);
    ASSERT_TRUE(bytes.ok()) << bytes.error();
    EXPECT_EQ(bytes->find("Ada Quill"), std::string::npos) << name << " of a store that is in use";
  }
  store_.reset();
  EXPECT_EQ(io::read_file(folder_.path() / "m.db", 64 << 20).value().find("Ada Quill"), std::string::npos);
}

TEST_F(ReviewsTest, DivergencesOfLiveTrafficStandAtTheEndAndSayWhereTheyComeFrom) {
  ASSERT_TRUE(reviews_.take(id_, divergence("live-1", "hello", call("a", {{"y", 2}}), call("a", {{"y", 3}}))).value());
  EXPECT_FALSE(reviews_.take(id_, divergence("live-1", "again", call("a", {}), call("b", {}))).value());
  const auto whole = reviews_.whole(id_).value();
  ASSERT_EQ(whole.items.size(), 4u);
  EXPECT_EQ(whole.items[3].record_id, "live-1");
  EXPECT_EQ(whole.items[3].source, Source::kShadow);
  EXPECT_EQ(whole.items[0].source, Source::kEvaluation);
  // It differs as r1 does; a verdict of that group is of the evaluation alone.
  EXPECT_EQ(say("r1", Verdict::kBothFine, "ann", true), 2u);
  EXPECT_EQ(labels().size(), 2u);
}

TEST_F(ReviewsTest, NoMoreOfThemWaitThanAreWanted) {
  Reviews few(store_->reviews(), clock_, {.max_shadow_rows = 2});
  const auto take = [&](const std::string& record) {
    return few.take(id_, divergence(record, "hello", call("a", {}), call("b", {}))).value();
  };
  EXPECT_TRUE(take("live-1"));
  EXPECT_TRUE(take("live-2"));
  EXPECT_FALSE(take("live-3"));
  say("live-1", Verdict::kBothWrong, "ann");
  EXPECT_TRUE(take("live-3"));
  EXPECT_FALSE(take("live-4"));
  EXPECT_EQ(few.take("none", divergence("r", "hello", call("a", {}), call("b", {}))).error().code,
            ErrorCode::kNotFound);
}

TEST_F(ReviewsTest, AnErasureFindsDivergencesOfLiveTrafficByRecordAndByText) {
  ASSERT_TRUE(reviews_.take(id_, divergence("live-1", "where is it", call("a", {}), call("b", {{"who", "Ada Quill"}})))
                  .value());
  ASSERT_TRUE(reviews_.take(id_, divergence("live-2", "where is it", call("a", {}), call("b", {}))).value());
  ASSERT_TRUE(reviews_.take(id_, divergence("live-3", "where is it", call("a", {}), call("b", {}))).value());
  say("live-1", Verdict::kBothWrong, "ann");
  const auto names_ada = [](std::string_view json) { return json.find("Ada Quill") != json.npos; };
  const auto rows = reviews_.rows_of({"live-2"}, names_ada).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(reviews_.erase(rows).value(), 2u);
  EXPECT_EQ(reviews_.whole(id_).value().items.size(), 4u);
  EXPECT_EQ(reviews_.item(id_, "live-1").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(labels().empty());
}

TEST_F(ReviewsTest, AReviewForLiveTrafficMayBeginWithoutARow) {
  const std::string report = report_with(Json::array(), 0).dump();
  EXPECT_EQ(reviews_.open("other", report).error().code, ErrorCode::kFailedPrecondition);
  const auto opened = reviews_.open_for_shadow("other", report);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_TRUE(reviews_.take(*opened, divergence("live-1", "hello", call("a", {}), call("b", {}))).value());
}

TEST_F(ReviewsTest, TheRevisionChangesWithWhateverIsSaidAndWithNothingElse) {
  std::uint64_t last = reviews_.revision();
  const auto has_changed = [&] { return std::exchange(last, reviews_.revision()) != last; };
  say("r1", Verdict::kBothFine, "ann");
  EXPECT_TRUE(has_changed());
  (void)labels();
  EXPECT_FALSE(has_changed());
  ASSERT_TRUE(reviews_.withdraw(id_, "r1", "ann", false).ok());
  EXPECT_TRUE(has_changed());
  EXPECT_FALSE(reviews_.label(id_, {.record_id = "none", .person = "ann"}, false).ok());
  EXPECT_FALSE(has_changed());
  const std::array erased{Reviews::RowName{id_, "r1"}};
  ASSERT_TRUE(reviews_.erase(erased).ok());
  EXPECT_TRUE(has_changed());
  const Json other = row("o1", "rare", call("a", {{"y", 2}}), call("b", {{"y", 3}}));
  ASSERT_TRUE(reviews_.open("other", report_with(Json::array({other}), 1).dump()).ok());
  EXPECT_TRUE(has_changed());
  clock_.advance(std::chrono::seconds(1));
  EXPECT_NE(Reviews(store_->reviews(), clock_, {}).revision(), last) << "after a restart";
}

TEST_F(ReviewsTest, UnknownRowsAndReviewsAreNotFound) {
  EXPECT_EQ(reviews_.label(id_, {.record_id = "x", .person = "ann"}, false).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(reviews_.label("x", {.record_id = "r1", .person = "ann"}, true).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(reviews_.whole("x").error().code, ErrorCode::kNotFound);
}

TEST_F(ReviewsTest, AJobIsReviewedOnceAndOnlyIfSomethingDiffers) {
  EXPECT_EQ(reviews_.open("job", report_with(Json::array({row("r1", "rare", call("a", {}), call("b", {}))}), 1).dump())
                .error()
                .code,
            ErrorCode::kAlreadyExists);
  EXPECT_EQ(reviews_.open("other", report_with(Json::array(), 0).dump()).error().code, ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace fw::review
