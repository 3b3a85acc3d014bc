#include "app/stop_bound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

namespace fw::app {
namespace {

using namespace std::chrono_literals;

/// The signals that end a service are blocked while it lives.
class StopBoundTest : public testing::Test {
 protected:
  StopBoundTest() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~StopBoundTest() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

TEST_F(StopBoundTest, EndsTheProcessAndSaysWhatTookSoLong) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hang = [] {
    StopBound bound(50ms, "listeners", {});
    bound.next_stage("runs");
    std::this_thread::sleep_for(1h);
  };
  EXPECT_EXIT(hang(), testing::ExitedWithCode(1), "takes too long.*runs");
}

TEST_F(StopBoundTest, WhatEndsInTimeIsLeftAlone) {
  {
    const StopBound bound(1h, "listeners", {});
  }
  SUCCEED();
}

TEST_F(StopBoundTest, AnotherSignalHurriesTheFirstStageAlone) {
  std::promise<void> first;
  int hurried = 0;
  StopBound bound(1h, "listeners", [&] {
    ++hurried;
    first.set_value();
  });
  ::kill(::getpid(), SIGTERM);
  first.get_future().wait();
  bound.next_stage("runs");
  ::kill(::getpid(), SIGTERM);
  sigset_t pending;
  do {
    std::this_thread::sleep_for(1ms);
    sigpending(&pending);
  } while (sigismember(&pending, SIGTERM) == 1);  // until the bound has taken it
  EXPECT_EQ(hurried, 1);
}

}  // namespace
}  // namespace fw::app
