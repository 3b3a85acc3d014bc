#include "capture/gateway/impl/recent_answers.h"

#include <gtest/gtest.h>

#include <string>

namespace fw::capture {
namespace {

record::RecordId record_of(std::size_t number) { return record::RecordId("r" + std::to_string(number)); }

TEST(RecentAnswers, KnowsTheRecordOfEachOfTheLastAnswersAndOfNoneBefore) {
  RecentAnswers recent;
  for (std::size_t i = 0; i < RecentAnswers::kMost + 10; ++i) recent.note("a" + std::to_string(i), record_of(i));
  for (std::size_t i = 0; i < 10; ++i) EXPECT_FALSE(recent.find("a" + std::to_string(i)));
  for (std::size_t i = 10; i < RecentAnswers::kMost + 10; ++i) {
    ASSERT_EQ(recent.find("a" + std::to_string(i)), record_of(i));
  }
}

TEST(RecentAnswers, AnIdThatComesAgainIsOfTheLaterRecordForAsLongAsThatIsRecent) {
  RecentAnswers recent;
  recent.note("again", record_of(0));
  for (std::size_t i = 1; i < RecentAnswers::kMost - 5; ++i) recent.note("a" + std::to_string(i), record_of(i));
  recent.note("again", record_of(7'000'000));
  for (std::size_t i = 0; i < RecentAnswers::kMost - 1; ++i) recent.note("b" + std::to_string(i), record_of(i));
  EXPECT_EQ(recent.find("again"), record_of(7'000'000));
  recent.note("one more", record_of(1));
  EXPECT_FALSE(recent.find("again"));
}

TEST(RecentAnswers, AnswersWithoutAnIdAreNotNoted) {
  RecentAnswers recent;
  recent.note("", record_of(1));
  EXPECT_FALSE(recent.find(""));
}

}  // namespace
}  // namespace fw::capture
