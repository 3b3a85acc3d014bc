#include "dataset/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::HasSubstr;

std::string row(const std::string& asked, const std::string& answer, const std::string& system = "You route.") {
  const Json messages = Json::array({say("system", system), say("user", asked)});
  return Json{{"record_id", "of " + asked},
              {"request", request_of(messages)},
              {"response", reply(say("assistant", answer))}}
             .dump() +
         '\n';
}
std::string taught(const Json& messages) { return Json{{"messages", messages}}.dump() + '\n'; }
std::string taught(const std::string& asked, const std::string& answer) {
  return taught(Json::array({say("system", "You route."), say("user", asked), say("assistant", answer)}));
}

VerifiedRows verified(const RowFiles& files) {
  auto found = verify_rows(files, 0.8, Deadline::never());
  EXPECT_TRUE(found.ok()) << found.error();
  return found.ok() ? std::move(*found) : VerifiedRows{};
}

const std::string kParcel =
    "my parcel was left in the rain by your driver again and I would like to be paid for what was in it";

TEST(VerifyRows, CountsWhatStandsOnBothSides) {
  const std::string answer = "we are sorry to hear it and pay the whole price of the parcel to your card by friday";
  const RowFiles files{.evaluation = row(kParcel, answer) + row("where is my order now", "on its way") +
                                     row("what do you sell", "hoses"),
                       .in_context = {},
                       .training = taught(kParcel + " please", "no") + taught("where is my order now", "it is lost") +
                                   taught("what did they answer: " + answer, "as you say"),
                       .validation = {}};
  const VerifiedRows rows = verified(files);
  EXPECT_EQ(rows.evaluation, 3U);
  EXPECT_EQ(rows.training, 3U);
  EXPECT_EQ(rows.unclear, 0U);
  EXPECT_EQ(rows.leak.requests_on_two_sides, 1U);
  EXPECT_EQ(rows.leak.eval_rows_said_in_training, 1U);
  EXPECT_EQ(rows.leak.eval_rows_near_training, 2U);
  EXPECT_EQ(rows.leak.eval_rows_answered_in_training, 1U);
  EXPECT_EQ(rows.leak.eval_rows_own_answer_in_training, 1U);
  ASSERT_EQ(rows.leak.pairs.size(), 3U);
  EXPECT_EQ(rows.leak.pairs[0].likeness, 1);
  EXPECT_EQ(rows.leak.pairs[1].evaluation.record_id, "of " + kParcel);
  EXPECT_EQ(rows.leak.pairs[1].training.record_id, "training:1");
  EXPECT_EQ(rows.leak.pairs[1].training.text, kParcel + " please");
  EXPECT_EQ(rows.leak.pairs[2].kind, LeakPair::Kind::kAnswer);
}

TEST(VerifyRows, TellsConversationsByWhatTheySay) {
  const RowFiles files{.evaluation = row(kParcel, "which one was it"),
                       .in_context = {},
                       .training = taught(Json::array({say("system", "You route."), say("user", kParcel),
                                                       say("assistant", "which one was it"),
                                                       say("user", "the blue one"), say("assistant", "thank you")})),
                       .validation = {}};
  EXPECT_EQ(verified(files).leak.conversations_on_two_sides, 1U);
}

TEST(VerifyRows, FindsARowAmongItsOwnExamples) {
  const RowFiles files{
      .evaluation = row(kParcel, "yes") + row("what do you sell in your shop in Leeds", "hoses"),
      .in_context = row(kParcel, "yes", "Earlier requests and how they were answered:\n\nuser: " + kParcel) +
                    row("what do you sell in your shop in Leeds", "hoses", "Earlier requests: user: " + kParcel),
      .training = {},
      .validation = {}};
  EXPECT_EQ(verified(files).leak.eval_rows_near_example, 1U);
}

TEST(VerifyRows, NamesTheLineThatIsNoRow) {
  const auto found = verify_rows(
      {.evaluation = row("hi", "hi") + "\n{\"x\": 1}\n", .in_context = {}, .training = {}, .validation = {}}, 0.8,
      Deadline::never());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(found.error().message, HasSubstr("evaluation:3:"));
}

TEST(VerifyRows, AgreesWithTheCardOfTheBuild) {
  Traffic traffic;
  traffic.ask_often(200, "get_order")
      .ask_often(60, "cancel", "stop the delivery of ")
      .ask_often(60, "", "many thanks for ");
  SplitSettings split = small_split(40);
  const auto built = build_of(traffic.records(), split);
  ASSERT_TRUE(built.ok()) << built.error();
  const VerifiedRows rows = verified({.evaluation = built->eval.files[0].content,
                                      .in_context = built->icl.files[0].content,
                                      .training = built->train.files[0].content,
                                      .validation = built->train.files[1].content});
  const Leak& card = built->card.leak;
  EXPECT_EQ(rows.evaluation, 40U);
  EXPECT_EQ(rows.unclear, 0U);
  EXPECT_EQ(rows.leak.conversations_on_two_sides, card.conversations_on_two_sides);
  EXPECT_EQ(rows.leak.requests_on_two_sides, card.requests_on_two_sides);
  EXPECT_EQ(rows.leak.eval_rows_near_training, card.eval_rows_near_training);
  EXPECT_EQ(rows.leak.eval_rows_answered_in_training, card.eval_rows_answered_in_training);
  EXPECT_EQ(rows.leak.eval_rows_own_answer_in_training, card.eval_rows_own_answer_in_training);
}

/// Chats of four turns about matters of their own; after the second turn they go on under another id.
std::vector<record::Interaction> resumed_chats(int chats) {
  Traffic traffic;
  Random random(11);
  const auto words = [&](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "w" + std::to_string(random.below(4000)) + ' ';
    return text;
  };
  for (int chat = 0; chat < chats; ++chat) {
    Json messages =
        Json::array({say("system", "You help."), say("user", "I need some help, please, with " + words(1))});
    for (int turn = 0; turn < 4; ++turn) {
      Json request = request_of(messages);
      request["metadata"] = {{"session_id", std::to_string(chat) + '-' + std::to_string(turn / 2)}};
      const Json answer = say("assistant", words(12));
      traffic.add(request, reply(answer));
      messages.push_back(answer);
      messages.push_back(say("user", words(11)));
    }
  }
  return traffic.records();
}

TEST(VerifyRows, AgreesWithTheCardWhereChatsAreResumedUnderAnotherId) {
  auto records = resumed_chats(60);
  const auto built = build_of(records, small_split(40));
  ASSERT_TRUE(built.ok()) << built.error();
  const VerifiedRows rows = verified({.evaluation = built->eval.files[0].content,
                                      .in_context = built->icl.files[0].content,
                                      .training = built->train.files[0].content,
                                      .validation = built->train.files[1].content});
  EXPECT_EQ(built->card.leak.conversations_on_two_sides, 0U);
  EXPECT_EQ(rows.leak.conversations_on_two_sides, 0U);
  EXPECT_EQ(rows.leak.eval_rows_answered_in_training, 0U);
  std::set<std::string> conversations;
  for (const Json& one : rows_of(built->eval, "eval_data.jsonl")) {
    EXPECT_EQ(one["conversation_turns"], 4) << one["record_id"];
    conversations.insert(one["conversation"].get<std::string>());
  }
  EXPECT_EQ(conversations.size(), 10U) << "four rows each";
}

}  // namespace
}  // namespace fw::dataset
