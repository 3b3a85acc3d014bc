#include "dataset/impl/near_duplicate.h"

#include <gtest/gtest.h>

#include <string>

namespace fw::dataset {
namespace {

constexpr double kNear = 0.8;
constexpr const char* kCancel = "Please cancel my reservation and refund the money to the card that I paid with.";

double likeness(const std::string& text, const std::string& other) {
  NearDuplicates texts(20);
  texts.add(text);
  texts.compare(other);
  texts.finish();
  const auto pairs = texts.pairs(0.01);
  return pairs.empty() ? 0 : pairs.front().likeness;
}

/// Of one question under two system messages.
double likeness_under(const std::string& system, const std::string& other) {
  NearDuplicates texts(20);
  texts.add(kCancel, system);
  texts.compare(kCancel, other);
  texts.finish();
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
}

TEST(NearDuplicates, OneWordingWithOtherNumbersIsNoDuplicate) {
  const std::string asked = "hello there I would like to know where on earth my order is by now, its number is ";
  EXPECT_LT(likeness(asked + "4711", asked + "4712"), kNear);
  EXPECT_GE(likeness(asked + "4711", asked + "4711 please"), kNear);
}

TEST(NearDuplicates, TheSameUnderAnotherSystemMessageIsNone) {
  const std::string task = "You tell which tool a customer of the airline needs, and call it.";
  EXPECT_EQ(likeness_under(task, "You say in one word how the writer of a message feels."), 0);
  EXPECT_EQ(likeness_under(task, "Today is Monday. " + task), 1);
  EXPECT_EQ(likeness_under(task + " Now: 2025-06-01T10:11:12Z", task + " Now: 2025-07-02T23:11:12Z"), 1);
  EXPECT_EQ(likeness_under(task + " The customer is Anna.", task + " The customer is Bob, 4711."), 1);
  EXPECT_EQ(likeness_under("", task), 0) << "a task that the other row lacks, longer than the question";
  EXPECT_EQ(likeness_under("", "You are kind."), 1);
}

TEST(NearDuplicates, WhatManyTextsShareIsTheirFrameAndDoesNotCount) {
  const std::string frame = "you are given a review of a shop and say in one word how happy its writer is about it ";
  NearDuplicates texts(5);
  texts.add(frame + "the hose leaks after a week of use");
  for (const char* other : {"lovely lamps and quick delivery", "never again in my life", "all fine so far thank you",
                            "what a pity about the box", "good value if you ask me", "my cat likes it very much"}) {
    texts.compare(frame + other);
  }
  texts.compare(frame + "the hose leaks after a week of use!");
  texts.finish();
  const auto pairs = texts.pairs(0.01);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].other, 6U);
  EXPECT_EQ(pairs[0].likeness, 1);
}

TEST(NearDuplicates, EveryPairThatIsAlikeEnoughIsNamed) {
  NearDuplicates texts(20);
  texts.add("one two three four five six seven");
  texts.add("one two three four five six eight");
  texts.compare("zero one two three four five six eight");
  texts.compare("something else entirely");
  texts.finish();
  EXPECT_EQ(texts.pairs(0.1).size(), 2U);
  const auto pairs = texts.pairs(kNear);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].text, 1U);
}

TEST(NearDuplicates, LongTextsAreToldByAPart) {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += std::string(i % 2 == 0 ? "left" : "right") + std::to_string(i) + ' ';
  NearDuplicates texts(20);
  texts.add(text);
  texts.compare("a word more " + text);
  texts.compare(text.substr(text.size() / 2));
  texts.finish();
  EXPECT_LT(texts.own_runs(0), 40'000U);
  const auto pairs = texts.pairs(0.9);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].other, 0U);
}

constexpr const char* kAsked = "Summarize the document for a busy reader.";

/// A text of words that no other number has.
std::string document(int number) {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += "w" + std::string(1, static_cast<char>('a' + number)) + std::string(i + 1, 'x') + ' ';
  return text;
}

TEST(NearDuplicates, OfOneQuestionAreToldByTheDocumentInTheSystemMessage) {
  NearDuplicates texts(5);
  for (int i = 0; i < 10; ++i) texts.add(kAsked, "Retrieved on 2025-06-01.\nDocument:\n" + document(i));
  for (int i = 5; i < 15; ++i) texts.compare(kAsked, "Retrieved on 2025-06-09.\nDocument:\n" + document(i));
  texts.compare(kAsked, "Retrieved on 2025-06-09.\nDocument:\n" + document(3) + "and a line more");
  texts.compare("Translate what is written there.", "Document:\n" + document(4));
  texts.finish();
  const auto groups = texts.groups();
  ASSERT_EQ(groups.size(), 5U) << "but for the date";
  for (std::size_t i = 0; i < groups.size(); ++i) {
    EXPECT_EQ(groups[i].texts, std::vector<std::uint32_t>{static_cast<std::uint32_t>(5 + i)});
    EXPECT_EQ(groups[i].others, std::vector<std::uint32_t>{static_cast<std::uint32_t>(i)});
  }
  const auto pairs = texts.pairs(0.8);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].text, 3U);
  EXPECT_EQ(pairs[0].other, 10U);
}

TEST(NearDuplicates, OneQuestionThatManyAskIsEqualByItsWords) {
  NearDuplicates texts(5);
  const auto system = [](int day) {
    return "You are the assistant of a shop. Today is June " + std::to_string(day) + ", 2025.";
  };
  for (int i = 0; i < 4; ++i) {
    texts.add("Where do I find the bill?", system(i + 1));
    texts.add("Who is there to help me?", system(i + 1));
  }
  for (int i = 0; i < 4; ++i) {
    texts.compare("Where do I find the bill", system(i + 10));
    texts.compare("WHO is there to help me?", system(i + 10));
  }
  texts.finish();
  EXPECT_TRUE(texts.pairs(0.01).empty());
  const auto groups = texts.groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].texts, (std::vector<std::uint32_t>{0, 2, 4, 6}));
  EXPECT_EQ(groups[0].others, (std::vector<std::uint32_t>{0, 2, 4, 6}));
  EXPECT_EQ(groups[1].others, (std::vector<std::uint32_t>{1, 3, 5, 7}));
}

TEST(NearDuplicates, OneQuestionOfDifferentCustomersIsNone) {
  NearDuplicates texts(5);
  const auto system = [](int customer) { return "You help customer " + std::to_string(customer) + " of the bank."; };
  for (int i = 0; i < 10; ++i) texts.add("What is my balance?", system(1000 + i));
  for (int i = 0; i < 10; ++i) texts.compare("What is my balance?", system(2000 + i));
  texts.compare("What is my balance?", system(1003) + " ");
  texts.finish();
  EXPECT_TRUE(texts.pairs(0.8).empty());
  const auto groups = texts.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].others, std::vector<std::uint32_t>{10});
}

}  // namespace
}  // namespace fw::dataset
