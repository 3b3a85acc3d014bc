#include "async/read_ahead.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

namespace fw {
namespace {

/// 1, 2, ... `last`.
std::function<Result<std::optional<int>>()> numbers(int& read, int last) {
  return [&read, last]() -> Result<std::optional<int>> {
    if (read == last) return std::optional<int>();
    return std::optional<int>(++read);
  };
}

TEST(VisitReadingAhead, VisitsEveryPageInOrderOnTheCallersThread) {
  int read = 0;
  std::vector<int> visited;
  const auto here = std::this_thread::get_id();
  const auto status = visit_reading_ahead<int>(numbers(read, 5), [&](int& page) -> Status {
    EXPECT_EQ(std::this_thread::get_id(), here);
    visited.push_back(page);
    return {};
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(visited, (std::vector<int>{1, 2, 3, 4, 5}));
}

TEST(VisitReadingAhead, ReadsTheNextPageWhileOneIsVisited) {
  std::latch second_was_read(2);
  int read = 0;
  const auto next = [&]() -> Result<std::optional<int>> {
    if (read == 2) return std::optional<int>();
    second_was_read.count_down();
    return std::optional<int>(++read);
  };
  // Without reading ahead this waits for ever, until the test's own limit.
  EXPECT_TRUE(visit_reading_ahead<int>(next, [&](int&) -> Status {
                second_was_read.wait();
                return {};
              }).ok());
}

TEST(VisitReadingAhead, EndsWithTheFirstErrorOfEither) {
  int read = 0;
  int visits = 0;
  const auto of_visit = visit_reading_ahead<int>(numbers(read, 100), [&](int& page) -> Status {
    ++visits;
    if (page == 3) return unavailable("no more");
    return {};
  });
  EXPECT_EQ(of_visit.error().message, "no more");
  EXPECT_EQ(visits, 3);
  EXPECT_EQ(read, 4);
  visits = 0;
  int before = 0;
  const auto of_read = visit_reading_ahead<int>(
      [&]() -> Result<std::optional<int>> {
        if (before == 2) return data_loss("torn");
        return std::optional<int>(++before);
      },
      [&](int&) -> Status {
        ++visits;
        return {};
      });
  EXPECT_EQ(of_read.error().message, "torn");
  EXPECT_EQ(visits, 2);
}

TEST(VisitReadingAhead, NothingToReadIsNothingToVisit) {
  int read = 0;
  EXPECT_TRUE(visit_reading_ahead<int>(numbers(read, 0), [](int&) -> Status { return unavailable("visited"); }).ok());
}

}  // namespace
}  // namespace fw
