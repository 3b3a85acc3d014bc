#include "dataset/impl/denial.h"

#include <gtest/gtest.h>

namespace fw::dataset {
namespace {

constexpr const char* kAnswer = "Your order A-1 arrives on Monday.";
constexpr const char* kQuestion = "Do you mean order A-1?";

TEST(Denial, WordingsOfTenLanguages) {
  for (const char* said : {"No, I meant order A-2.",
                           "That's wrong.",
                           "no that’s WRONG, it was A-2",
                           "I think you misunderstood me.",
                           "Wait - that's not what I asked",
                           "I meant the other one",
                           "Nein, ich meinte A-2",
                           "Das stimmt nicht!",
                           "Das habe ich nicht gemeint",
                           "No, eso está mal",
                           "¡No! Me refería a A-2",
                           "Non, c'est faux",
                           "Ce n’est pas ce que j'ai demandé",
                           "Não, eu quis dizer A-2",
                           "No, intendevo A-2",
                           "Nee, dat bedoel ik niet",
                           "Нет, я имел в виду A-2",
                           "不，你理解错了",
                           "不对，我要A-2",
                           "いいえ、そうではなくA-2です",
                           "That's not right.",
                           "Wrong.",
                           "Incorrect!",
                           "Wrong, I meant A-2",
                           "This is not correct",
                           "You're wrong about that.",
                           "your answer is wrong",
                           "You booked the wrong flight!",
                           "Nope, try again.",
                           "You didn't answer my question.",
                           "I think you made a mistake, it's 3 bags.",
                           "wtf that's totally wrong",
                           "Thanks, but that is not what I meant.",
                           "Das ist nicht richtig.",
                           "Falsch, ich meinte Berlin.",
                           "Nein, das war die falsche Buchung",
                           "No es correcto",
                           "Sbagliato, intendevo Roma",
                           "ты ошибся, я имел в виду Москву",
                           "不对"}) {
    EXPECT_TRUE(denies(kAnswer, said)) << said;
  }
}

TEST(Denial, RepliesDisputesAndNewTopicsDenyNothing) {
  for (const char* said : {"No, that's all. Thanks!",
                           "No thank you",
                           "Nein danke",
                           "No problem, then cancel it",
                           "Non merci",
                           "That can't be right, everyone else has insurance",
                           "Actually, I did purchase insurance.",
                           "There must be some mistake. I am a gold member.",
                           "You are right, that's not a problem",
                           "Wrong size delivered",
                           "Wrong number, I live at 12",
                           "Incorrect bills are a problem here",
                           "Thanks a lot!",
                           "Falsch verbunden war ich gestern",
                           "Fout nummer gebeld",
                           "Not right now",
                           "You made my day",
                           "不对称加密是什么",
                           "The wrong flight was shown to me yesterday",
                           "That's not a problem",
                           "Thank you, that is right",
                           "What is wrong with my order?",
                           "I said to my wife that we go",
                           "Is that what I asked for?",
                           "I meanwhile found it",
                           "Note: no, I meant nothing",
                           "",
                           "!!!",
                           "不用了，谢谢"}) {
    EXPECT_FALSE(denies(kAnswer, said)) << said;
  }
}

TEST(Denial, AReplyToAQuestionIsNoneUnlessItWasMisunderstood) {
  EXPECT_FALSE(denies(kQuestion, "No, I meant A-2"));
  EXPECT_FALSE(denies(kQuestion, "Wrong."));
  EXPECT_FALSE(denies("是A-1吗？", "不对，我要A-2"));
  EXPECT_TRUE(denies(kQuestion, "That's not what I asked."));
}

TEST(Denial, WhoTakesTheFaultDeniesNothing) {
  EXPECT_FALSE(denies(kAnswer, "I meant A-2, sorry!"));
  EXPECT_FALSE(denies(kAnswer, "No, I meant A-2, my mistake"));
  EXPECT_FALSE(denies(kAnswer, "Ich meinte A-2, Entschuldigung"));
}

}  // namespace
}  // namespace fw::dataset
