#include "dataset/impl/near_duplicate.h"

#include <gtest/gtest.h>

#include <string>

namespace fw::dataset {
namespace {

constexpr double kNear = 0.8;
constexpr const char* kCancel = "Please cancel my reservation and refund the money to the card that I paid with.";

double likeness(const std::string& text, const std::string& other,
                NearDuplicates::Measure measure = NearDuplicates::Measure::kJaccard) {
  NearDuplicates texts(measure, 20);
  texts.add(text);
  texts.compare(other);
  const auto pairs = texts.pairs(0.01);
  return pairs.empty() ? 0 : pairs.front().likeness;
}

TEST(NearDuplicates, AreFoundWhateverCaseAndPunctuation) {
  EXPECT_EQ(likeness(kCancel, "please cancel my reservation, and refund the money to the card that I paid with"), 1);
  EXPECT_GE(likeness(kCancel, std::string(kCancel) + " Thanks"), kNear);
  EXPECT_LT(likeness(kCancel, "Please cancel my flight and send the money to the account of my wife instead."), kNear);
  EXPECT_EQ(likeness(kCancel, ""), 0);
}

TEST(NearDuplicates, AreFoundHoweverAccentsAreWritten) {
  const std::string composed = "pouvez-vous annuler ma r\u00e9servation et me rembourser \u00e0 la m\u00eame carte";
  const std::string decomposed =
      "pouvez-vous annuler ma re\u0301servation et me rembourser a\u0300 la me\u0302me carte";
  EXPECT_EQ(likeness(composed, decomposed), 1);
  EXPECT_EQ(likeness(decomposed, composed), 1);
  EXPECT_LT(likeness(composed, "pouvez-vous annuler ma reservation et me rembourser a la meme carte"), 1);
}

TEST(NearDuplicates, AreToldByAllOfAShortText) {
  EXPECT_EQ(likeness("yes please", "Yes, please!"), 1);
  EXPECT_EQ(likeness("yes please", "yes"), 0);
}

TEST(NearDuplicates, AreFoundInScriptsWithoutSpaces) {
  const std::string asked = "请取消我的预订，并把钱退到我付款时使用的那张信用卡上。";
  EXPECT_EQ(likeness(asked, "请取消我的预订并把钱退到我付款时使用的那张信用卡上"), 1);
  EXPECT_GE(likeness(asked, asked + "谢谢"), kNear);
  EXPECT_LT(likeness(asked, "请取消我的航班，并把钱转到我妻子的银行账户里。"), kNear);
  EXPECT_GE(likeness("予約をキャンセルして、支払ったカードに返金してください。",
                     "予約をキャンセルして支払ったカードに返金してくださいね"),
            kNear);
}

TEST(NearDuplicates, LikenessIsTheShareOfCommonRuns) {
  EXPECT_DOUBLE_EQ(likeness("a b c d e f", "a b c d e g"), 3.0 / 5);
  EXPECT_DOUBLE_EQ(likeness("a b c d e f g h", "x y a b c d e f g h z", NearDuplicates::Measure::kHeld), 1);
  EXPECT_EQ(likeness("a b c d", "a b c d", NearDuplicates::Measure::kHeld), 0) << "too short to tell";
}

TEST(NearDuplicates, OneWordingWithOtherNumbersIsNoDuplicate) {
  const std::string asked = "hello there I would like to know where on earth my order is by now, its number is ";
  EXPECT_LT(likeness(asked + "4711", asked + "4712"), kNear);
  EXPECT_GE(likeness(asked + "4711", asked + "4711 please"), kNear);
}

TEST(NearDuplicates, TheSameUnderAnotherSystemMessageIsNone) {
  NearDuplicates texts(NearDuplicates::Measure::kJaccard, 20);
  texts.add(kCancel, "You tell which tool a customer of the airline needs, and call it.");
  texts.compare(kCancel, "You say in one word how the writer of a message feels.");
  EXPECT_TRUE(texts.pairs(0.01).empty());
  texts.compare(kCancel, "Today is Monday. You tell which tool a customer of the airline needs, and call it.");
  EXPECT_GE(texts.pairs(0.01).at(0).likeness, 0.7);
}

TEST(NearDuplicates, WhatManyTextsShareIsTheirFrameAndDoesNotCount) {
  const std::string frame = "you are given a review of a shop and say in one word how happy its writer is about it ";
  NearDuplicates texts(NearDuplicates::Measure::kJaccard, 5);
  texts.add(frame + "the hose leaks after a week of use");
  for (const char* other : {"lovely lamps and quick delivery", "never again in my life", "all fine so far thank you",
                            "what a pity about the box", "good value if you ask me", "my cat likes it very much"}) {
    texts.compare(frame + other);
  }
  texts.compare(frame + "the hose leaks after a week of use!");
  const auto pairs = texts.pairs(0.01);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].other, 6U);
  EXPECT_EQ(pairs[0].likeness, 1);
}

TEST(NearDuplicates, EveryPairThatIsAlikeEnoughIsNamed) {
  NearDuplicates texts(NearDuplicates::Measure::kJaccard, 20);
  texts.add("one two three four five six seven");
  texts.add("one two three four five six eight");
  texts.compare("zero one two three four five six eight");
  texts.compare("something else entirely");
  EXPECT_EQ(texts.pairs(0.1).size(), 2U);
  const auto pairs = texts.pairs(kNear);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].text, 1U);
}

}  // namespace
}  // namespace fw::dataset
