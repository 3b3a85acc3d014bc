#include "auth/sessions.h"

#include <gtest/gtest.h>

namespace fw::auth {
namespace {

using namespace std::chrono_literals;

TEST(Sessions, OneIsFoundByItsTokenAndEndsWhenIdle) {
  ManualClock clock;
  Sessions sessions(clock, 30min);
  const auto opened = sessions.open("key");
  clock.advance(29min);
  ASSERT_TRUE(sessions.find(opened.token));
  EXPECT_EQ(sessions.find(opened.token)->key_id, "key");
  EXPECT_EQ(sessions.find(opened.token)->csrf, opened.session.csrf);
  clock.advance(29min);
  EXPECT_TRUE(sessions.find(opened.token)) << "it was used meanwhile";
  clock.advance(30min);
  EXPECT_FALSE(sessions.find(opened.token));
}

TEST(Sessions, WhatAPageAsksByItselfIsNoUse) {
  ManualClock clock;
  Sessions sessions(clock, 30min);
  const auto opened = sessions.open("key");
  clock.advance(29min);
  EXPECT_TRUE(sessions.find(opened.token, Sessions::Use::kNone));
  clock.advance(1min);
  EXPECT_FALSE(sessions.find(opened.token, Sessions::Use::kNone));
}

TEST(Sessions, OneThatWasClosedIsGoneAndOthersStay) {
  ManualClock clock;
  Sessions sessions(clock, 30min);
  const auto one = sessions.open("a"), other = sessions.open("a");
  EXPECT_NE(one.token, other.token);
  EXPECT_NE(one.session.csrf, other.session.csrf);
  sessions.close(one.token);
  EXPECT_FALSE(sessions.find(one.token));
  EXPECT_TRUE(sessions.find(other.token));
  EXPECT_FALSE(sessions.find(""));
}

}  // namespace
}  // namespace fw::auth
