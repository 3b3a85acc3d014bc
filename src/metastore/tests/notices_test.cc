#include "metastore/notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fw::metastore {
namespace {

Notice notice(const std::string& id) { return {Notice::Kind::kEvents, id, 1, {}}; }

TEST(NoticeBoard, CallsWhoeverListensAndNobodyWhoHasLeft) {
  NoticeBoard board;
  std::vector<std::string> first;
  std::vector<std::string> second;
  const auto seat = board.listen([&](const Notice& n) { first.push_back(n.job_id); });
  {
    const auto other = board.listen([&](const Notice& n) { second.push_back(n.job_id); });
    board.post(notice("a"));
  }
  board.post(notice("b"));
  EXPECT_THAT(first, testing::ElementsAre("a", "b"));
  EXPECT_THAT(second, testing::ElementsAre("a"));
}

TEST(NoticeBoard, AHandlerDoesNotRunOnceItsListeningHasEnded) {
  NoticeBoard board;
  std::jthread poster([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) board.post(notice("a"));
  });
  for (int i = 0; i < 200; ++i) {
    auto alive = std::make_unique<int>(1);
    auto seat = board.listen([&](const Notice&) { ++*alive; });
    seat.reset();
    alive.reset();
  }
}

}  // namespace
}  // namespace fw::metastore
