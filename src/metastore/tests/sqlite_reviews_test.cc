#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "metastore/sqlite_store.h"

namespace fw::metastore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SqliteReviewsTest : public testing::Test {
 protected:
  void reopen() {
    store_.reset();
    store_ = SqliteStore::open(file_).value();
  }
  ReviewStore& reviews() { return store_->reviews(); }
  static ReviewRow review(const std::string& id) { return {id, "job-" + id, from_epoch_seconds(100), "{}"}; }
  static ReviewLabelRow label(const std::string& record, const std::string& person, const std::string& data) {
    return {0, record, person, from_epoch_seconds(200), data};
  }
  const std::vector<ReviewItemRow> items_{{"r2", "{\"n\":1}", "big"}, {"r1", "{\"n\":2}", "bigger"}};

  io::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "flywheel.db";
  std::unique_ptr<SqliteStore> store_ = SqliteStore::open(file_).value();
};

TEST_F(SqliteReviewsTest, AReviewIsThereAfterReopeningWithItsItemsInOrder) {
  ASSERT_TRUE(reviews().create_review(review("a"), items_).ok());
  reopen();
  EXPECT_EQ(reviews().review("a").value()->job_id, "job-a");
  const auto items = reviews().review_items("a").value();
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items[0].record_id, "r2");
  EXPECT_EQ(items[0].body, "");
  EXPECT_EQ(reviews().review_item("a", "r1").value()->body, "bigger");
  EXPECT_FALSE(reviews().review_item("a", "r3").value());
}

TEST_F(SqliteReviewsTest, AnItemThatIsAddedStandsAfterAllOthers) {
  ASSERT_TRUE(reviews().create_review(review("a"), items_).ok());
  ASSERT_TRUE(reviews().create_review(review("b"), {}).ok());
  ASSERT_TRUE(reviews().add_item("a", {"r3", "{}", "biggest"}).ok());
  ASSERT_TRUE(reviews().add_item("b", {"r3", "{}", "first"}).ok());
  EXPECT_EQ(reviews().add_item("a", {"r1", "{}", ""}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(reviews().add_item("none", {"r1", "{}", ""}).error().code, ErrorCode::kNotFound);
  reopen();
  const auto items = reviews().review_items("a").value();
  ASSERT_THAT(items, SizeIs(3));
  EXPECT_EQ(items[2].record_id, "r3");
  EXPECT_EQ(reviews().review_item("b", "r3").value()->body, "first");
}

TEST_F(SqliteReviewsTest, AJobHasOneReview) {
  ASSERT_TRUE(reviews().create_review(review("a"), items_).ok());
  auto second = review("b");
  second.job_id = "job-a";
  EXPECT_EQ(reviews().create_review(second, items_).error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(reviews().reviews().value(), SizeIs(1));
}

TEST_F(SqliteReviewsTest, LabelsAreKeptAllInTheirOrder) {
  ASSERT_TRUE(reviews().create_review(review("a"), items_).ok());
  ASSERT_TRUE(reviews().add_labels("a", std::vector{label("r1", "ann", "{}"), label("r2", "ann", "{}")}).ok());
  ASSERT_TRUE(reviews().add_labels("a", std::vector{label("r1", "bob", "{}"), label("r1", "ann", "")}).ok());
  reopen();
  const auto labels = reviews().labels("a").value();
  ASSERT_THAT(labels, SizeIs(4));
  EXPECT_EQ(labels[3].person, "ann");
  EXPECT_EQ(labels[3].data, "");
  EXPECT_LT(labels[0].number, labels[3].number);
}

TEST_F(SqliteReviewsTest, OfLabelsOfWhichOneHasNoItemNoneIsKept) {
  ASSERT_TRUE(reviews().create_review(review("a"), items_).ok());
  EXPECT_EQ(reviews().add_labels("a", std::vector{label("r1", "ann", "{}"), label("other", "ann", "{}")}).error().code,
            ErrorCode::kNotFound);
  EXPECT_THAT(reviews().labels("a").value(), IsEmpty());
}

TEST_F(SqliteReviewsTest, ConsideredAreJobsWithAReviewAndThosePassedOver) {
  ASSERT_TRUE(reviews().pass_over("job-x").ok());
  ASSERT_TRUE(reviews().pass_over("job-x").ok());
  ASSERT_TRUE(reviews().create_review(review("a"), {}).ok());
  EXPECT_THAT(reviews().considered_jobs().value(), ElementsAre("job-a", "job-x"));
}

}  // namespace
}  // namespace fw::metastore
