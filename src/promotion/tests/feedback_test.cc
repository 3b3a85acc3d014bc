#include "promotion/feedback.h"

#include <gtest/gtest.h>

#include "io/file.h"

namespace fw::promotion {
namespace {

Feedback rating(const std::string& record, double score) {
  return {.record_id = record,
          .at = from_epoch_seconds(1'790'000'000),
          .score = score,
          .comment = "wrong \"city\"",
          .workload = "router",
          .client = "demo",
          .variant = "small tuned",
          .promotion = "p-1",
          .by = "shop"};
}

TEST(FeedbackLog, KeepsARatingWithWhoAnsweredOverARestart) {
  const io::TemporaryFolder folder("feedback");
  ASSERT_TRUE(FeedbackLog(folder.path()).append(rating("r1", 0.5)).ok());
  FeedbackLog log(folder.path());
  ASSERT_TRUE(log.append(rating("r2", 1)).ok());
  ASSERT_EQ(log.recent(10).size(), 2U);
  EXPECT_EQ(log.recent(10)[1], rating("r1", 0.5));
  EXPECT_EQ(log.recent(1)[0].record_id, "r2");
}

TEST(FeedbackLog, AnAnswerIsRatedOnceAlsoOverARestart) {
  const io::TemporaryFolder folder("feedback");
  {
    FeedbackLog log(folder.path());
    ASSERT_TRUE(log.append(rating("r1", 0)).ok());
    EXPECT_EQ(log.append(rating("r1", 1)).error().code, ErrorCode::kAlreadyExists);
  }
  EXPECT_EQ(FeedbackLog(folder.path()).append(rating("r1", 1)).error().code, ErrorCode::kAlreadyExists);
}

TEST(FeedbackLog, ErasedRatingsAreInNoFile) {
  const io::TemporaryFolder folder("feedback");
  ASSERT_TRUE(io::write_file_atomically(folder.path() / "feedback.jsonl.1",
                                        to_json(rating("r1", 0)) + "\nnot json\n" + to_json(rating("r2", 0)) + '\n')
                  .ok());
  FeedbackLog log(folder.path());
  ASSERT_TRUE(log.append(rating("r3", 0)).ok());
  ASSERT_TRUE(log.append(rating("r4", 0)).ok());
  const auto fits = [](const Feedback& one) { return one.record_id == "r2" || one.record_id == "r3"; };
  EXPECT_EQ(*log.count(fits), 2U);
  EXPECT_EQ(*log.erase(fits), 2U);
  EXPECT_EQ(*log.count(fits), 0U);
  ASSERT_TRUE(log.append(rating("r5", 0)).ok());
  const auto left = [](const FeedbackLog& one) {
    std::vector<std::string> ids;
    for (const auto& each : one.recent(10)) ids.push_back(each.record_id);
    return ids;
  };
  const std::vector<std::string> rest{"r5", "r4", "r1"};
  EXPECT_EQ(left(log), rest);
  EXPECT_EQ(left(FeedbackLog(folder.path())), rest);
  EXPECT_NE(io::read_file(folder.path() / "feedback.jsonl.1", 1 << 20)->find("not json"), std::string::npos);
}

TEST(FeedbackLog, WhatIsNoRatingIsPassedOver) {
  const io::TemporaryFolder folder("feedback");
  ASSERT_TRUE(io::write_file_atomically(folder.path() / "feedback.jsonl",
                                        "{}\nnot json\n" + to_json(rating("r1", 0)) + "\n{\"rec")
                  .ok());
  FeedbackLog log(folder.path());
  EXPECT_EQ(log.recent(10).size(), 1U);
  EXPECT_TRUE(log.append(rating("r2", 0)).ok());
  EXPECT_EQ(FeedbackLog(folder.path()).recent(10).size(), 2U);
}

}  // namespace
}  // namespace fw::promotion
