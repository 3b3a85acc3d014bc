#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/random.h"
#include "dataset/impl/refusals.h"
#include "dataset/reasons.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace testing_traffic;

/// Questions after an order; what is planted is counted by kind and known by id.
class SuspectsTest : public testing::Test {
 protected:
  static Json asked(const std::string& text) {
    Json request = ask(text);
    request["tools"] = Json::array({tool("get_order"), tool("cancel")});
    return request;
  }
  void orders(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = "A-" + std::to_string(10'000 + i * 7);
      traffic.add(asked("What is the status of order " + id + " please?"), reply(call("get_order", {{"id", id}})));
    }
  }
  void plant(std::string_view why, const Json& request, const Json& answer) {
    traffic.add(request, reply(answer));
    planted[std::string(why)].insert(*traffic.records().back().id);
  }
  void plant_all() {
    orders(60);
    for (int i = 0; i < 4; ++i) {
      const std::string id = "B-" + std::to_string(2000 + i);
      plant(reasons::kOddAnswer, asked("What is the status of order " + id + " please?"), call("cancel", {{"id", id}}));
      plant(reasons::kMadeUpArgument, asked("And what is the state of my order C-" + id + '?'),
            call("get_order", {{"id", "Z-9999" + std::to_string(i)}}));
    }
    for (int i = 0; i < 3; ++i) {
      const std::string id = "D-" + std::to_string(3000 + i);
      plant(reasons::kForbiddenCall, asked("Refund " + id + " now " + std::string(i + 1, 'x')),
            call("refund", {{"id", id}}));
      plant(reasons::kForbiddenCall, asked("Look at order " + id + " again " + std::string(i + 1, 'y')),
            call("get_order", {{"id", id}, {"p0", 5}}));
    }
    Json song = ask("Play the song about rain");
    song["tools"] = Json::array({tool("play_song")});
    plant(reasons::kForeignTools, song, call("play_song", Json::object()));
    orders_after();
  }
  void orders_after() {
    for (int i = 0; i < 60; ++i) {
      const std::string id = "E-" + std::to_string(50'000 + i * 3);
      traffic.add(asked("What is the status of order " + id + " please?"), reply(call("get_order", {{"id", id}})));
    }
  }

  /// All rows are on a side.
  static SplitSettings all_rows() {
    SplitSettings split = small_split();
    split.keep_templates_together = false;
    return split;
  }

  Traffic traffic;
  std::map<std::string, std::set<std::string>> planted;
};

TEST_F(SuspectsTest, EveryPlantedFaultIsFoundByItsReasonAndNothingElse) {
  plant_all();
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok()) << built.error();
  const SuspiciousCounts& found = built->card.suspicious;
  std::map<std::string, std::uint64_t> counts;
  for (const auto& reason : found.reasons) {
    counts[reason.why] = reason.training + reason.evaluation;
    for (const auto& example : reason.examples) {
      EXPECT_TRUE(planted[reason.why].contains(example.record_id)) << example.record_id << ' ' << example.detail;
    }
  }
  std::map<std::string, std::uint64_t> expected;
  for (const auto& [why, ids] : planted) expected[why] = ids.size();
  EXPECT_EQ(counts, expected);
  EXPECT_FALSE(found.left_out);
}

TEST(Refusals, AreTheModelsOwnAndNotTheApplications) {
  for (const char* refusal :
       {"I'm sorry, but I can't help with that.", "I\u2019m sorry, but I can\u2019t assist with that request.",
        "Sorry, I cannot assist with that.", "I apologize, but I'm unable to fulfill this request.",
        "As an AI language model, I don't have personal opinions.", "I'm sorry, but as an AI, I cannot browse the web.",
        "I can't help you with this, as it may be harmful.", "  **I cannot comply with your request.**",
        "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.", "Lo siento, pero no puedo ayudarte con eso.",
        "Je suis désolé, mais je ne peux pas vous aider avec cela.", "Desculpe, mas não posso ajudar com isso.",
        "对不起，我无法协助。", "作为一个人工智能，我没有个人观点。"})
    EXPECT_TRUE(reads_like_refusal(refusal)) << refusal;
  for (const char* answer :
       {"I'm sorry, but we do not ship to Norway.", "I'm sorry, but I cannot cancel a basic economy ticket.",
        "I can't help with that order until it has left the warehouse.", "I am unable to find order A-17.",
        "Unfortunately, the flight cannot be changed.", "As an AI assistant of Acme Air, I have changed your seat.",
        "As an airline, we cannot refund that.", "As an aid, here is the table.",
        "I won't be able to help with this booking, it belongs to another person.",
        "Sorry for the delay! Your order has shipped.", "I cannot answer that without your booking number.",
        "Leider ist der Artikel nicht lieferbar.", "Als Kind zahlt man die Hälfte.", "", "but", "Sorry."})
    EXPECT_FALSE(reads_like_refusal(answer)) << answer;
  EXPECT_FALSE(reads_like_refusal("I can't help with that. " + std::string(1000, 'x')));
}

TEST_F(SuspectsTest, RefusalsInWordsAreCountedNamedAndDroppedWhereAsked) {
  orders(60);
  for (int i = 0; i < 3; ++i) {
    plant(reasons::kReadsLikeRefusal, ask("Write something rude about number " + std::string(i + 1, 'q')),
          say("assistant", "I'm sorry, but I can't help with that."));
  }
  traffic.add(ask("Do you ship to Norway?"), reply(say("assistant", "I'm sorry, but we do not ship to Norway.")));
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok()) << built.error();
  ASSERT_EQ(built->card.suspicious.reasons.size(), 1u);
  const auto& found = built->card.suspicious.reasons.front();
  EXPECT_EQ(found.why, reasons::kReadsLikeRefusal);
  EXPECT_EQ(found.training + found.evaluation, 3u);
  EXPECT_EQ(found.examples.front().detail, "I'm sorry, but I can't help with that.");
  EXPECT_THAT(built->card.notes, testing::Contains(HasSubstr("reads like a refusal of the model: 3")));
  SplitSettings split = all_rows();
  split.suspicious_answers = SuspiciousAnswers::kDrop;
  const auto dropped = build_of(traffic.records(), split);
  ASSERT_TRUE(dropped.ok()) << dropped.error();
  for (const auto& id : dropped->lineage.train) EXPECT_FALSE(planted.begin()->second.contains(*id)) << *id;
}

TEST_F(SuspectsTest, TheyAreSaidForAPerson) {
  plant_all();
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok());
  std::string all;
  for (const auto& reason : built->card.suspicious.reasons) {
    for (const auto& example : reason.examples) all += example.detail + '\n';
  }
  EXPECT_THAT(all, AllOf(HasSubstr("answer with get_order"), HasSubstr("the request has no tool refund"),
                         HasSubstr("get_order.id \"Z-9999"), HasSubstr("its tools: play_song")));
}

TEST_F(SuspectsTest, DroppedOnesNeitherTrainNorValidateAndEvaluationStaysAsItWas) {
  plant_all();
  const auto kept = build_of(traffic.records(), all_rows());
  SplitSettings split = all_rows();
  split.suspicious_answers = SuspiciousAnswers::kDrop;
  const auto built = build_of(traffic.records(), split);
  ASSERT_TRUE(kept.ok() && built.ok());
  std::set<std::string> bad;
  for (const auto& [why, ids] : planted) bad.insert(ids.begin(), ids.end());
  for (const auto* side : {&built->lineage.train, &built->lineage.validation}) {
    for (const auto& id : *side) EXPECT_FALSE(bad.contains(*id)) << *id;
  }
  EXPECT_EQ(built->lineage.eval, kept->lineage.eval);
  std::uint64_t training = 0;
  for (const auto& reason : built->card.suspicious.reasons) training += reason.training;
  EXPECT_EQ(built->card.steps.back().reasons.at(std::string(reasons::kSuspiciousAnswer)), training);
}

TEST_F(SuspectsTest, WhereWordingsAreAnsweredInTwoWaysNoneIsSuspected) {
  for (int i = 0; i < 80; ++i) {
    const std::string id = "A-" + std::to_string(10'000 + i);
    traffic.add(asked("What about order " + id + '?'),
                reply(i % 4 == 0 ? call("cancel", {{"id", id}}) : call("get_order", {{"id", id}})));
  }
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok());
  EXPECT_TRUE(built->card.suspicious.reasons.empty());
}

TEST_F(SuspectsTest, AThirdOfIdentifiersMadeUpIsFoundAndWhatWasWorkedOutIsNot) {
  for (int i = 0; i < 90; ++i) {
    const std::string id = "A-" + std::to_string(10'000 + i * 7);
    const std::string made_up = i % 3 == 0 ? "Q-" + std::to_string(50'000 + i) : id;
    const std::string day = "2026-05-" + std::to_string(10 + i % 20);
    // As it stands in the request, but for the dates and sums of every third.
    const bool is_worked_out = i % 3 == 1;
    const std::string said = is_worked_out ? "tomorrow" : day;
    const std::string sum = std::to_string(1500 + i) + " - " + std::to_string(170 + i);
    traffic.add(asked("Deliver order " + id + " on " + said + " for " + (is_worked_out ? "the rest" : sum) + " please"),
                reply(call("get_order", {{"id", made_up}, {"p0", day}, {"sum", sum}})));
  }
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok()) << built.error();
  std::uint64_t found = 0;
  for (const auto& reason : built->card.suspicious.reasons) {
    EXPECT_EQ(reason.why, reasons::kMadeUpArgument);
    found += reason.training + reason.evaluation;
    for (const auto& example : reason.examples) EXPECT_THAT(example.detail, HasSubstr("get_order.id \"Q-"));
  }
  EXPECT_EQ(found, 30U);
}

TEST_F(SuspectsTest, AThirdAsMuchOfAnotherApplicationIsFoundByToolsAndSystemMessage) {
  for (int i = 0; i < 120; ++i) {
    const std::string id = "A-" + std::to_string(10'000 + i * 7);
    if (i % 4 != 1) {
      traffic.add(asked("What is the status of order " + id + " please?"), reply(call("get_order", {{"id", id}})));
      continue;
    }
    Json song = request_of(Json::array({say("system", "You play music in the house of family " + id + " all day long."),
                                        say("user", "Play song number " + id + " for me")}));
    song["tools"] = Json::array({tool("play_song")});
    plant(reasons::kForeignTraffic, song, call("play_song", Json::object()));
  }
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok()) << built.error();
  ASSERT_EQ(built->card.suspicious.reasons.size(), 1U);
  const auto& found = built->card.suspicious.reasons.front();
  EXPECT_EQ(found.why, reasons::kForeignTraffic);
  EXPECT_EQ(found.training + found.evaluation, planted[std::string(reasons::kForeignTraffic)].size());
}

/// What the user says next, in a record of its own.
Json then(Json request, const Json& answer, const std::string& said) {
  request["messages"].push_back(answer);
  if (answer.contains("tool_calls")) {
    request["messages"].push_back({{"role", "tool"}, {"tool_call_id", "call_1"}, {"content", "done"}});
  }
  request["messages"].push_back(say("user", said));
  return request;
}

TEST_F(SuspectsTest, AnAnswerThatTheNextMessageDeniesIsFoundInItsConversationAlone) {
  orders(30);
  const Json question = asked("Where is the parcel with the lamp that I bought for my sister?");
  const Json text = say("assistant", "It is in the garden.");
  const Json called = call("get_order", {{"id", "chair"}});
  const Json other = asked("Where is the parcel with the chair that I bought for my brother?");
  plant(reasons::kDenied, question, text);
  traffic.add(then(question, text, "That's wrong, it is not there."), reply(say("assistant", "I will look.")));
  plant(reasons::kDenied, other, called);
  // The tools that follow are answers to the same message.
  const Json again = then(other, called, "No, I meant the parcel, not the order");
  const Json second = call("get_order", {{"id", "parcel"}});
  traffic.add(again, reply(second));
  Json on = again;
  on["messages"].push_back(second);
  on["messages"].push_back({{"role", "tool"}, {"tool_call_id", "call_1"}, {"content", "found"}});
  traffic.add(on, reply(say("assistant", "There it is.")));
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok()) << built.error();
  std::set<std::string> found;
  for (const auto& reason : built->card.suspicious.reasons) {
    if (reason.why != reasons::kDenied) continue;
    for (const auto& example : reason.examples) found.insert(example.record_id);
  }
  EXPECT_EQ(found, planted[std::string(reasons::kDenied)]);
}

TEST_F(SuspectsTest, AnAnswerThatFewOfItsUsersDenyIsNotSuspected) {
  const Json greeting = asked("Hello there, who are you?");
  const Json text = say("assistant", "I look after your orders.");
  for (int i = 0; i < 5; ++i) traffic.add(greeting, reply(text));
  traffic.add(then(greeting, text, "That's not what I asked"), reply(text));
  orders(30);
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_TRUE(built->card.suspicious.reasons.empty());
}

TEST_F(SuspectsTest, ManyToolsOfWhichNoneIsUsualAreNobodysOtherApplication) {
  for (int i = 0; i < 60; ++i) {
    const std::string name = "tool_" + std::to_string(i);
    Json request = ask("Do number " + std::to_string(i) + " of the list, " + name);
    request["tools"] = Json::array({tool(name)});
    traffic.add(request, reply(call(name, Json::object())));
  }
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok());
  EXPECT_TRUE(built->card.suspicious.reasons.empty());
}

/// Questions of eight desks in their own words, six of the desk's and four of anybody's; `share` of the labels are of
/// another desk.
class DeskTraffic {
 public:
  explicit DeskTraffic(double share) : random_(5) {
    Json tools = Json::array();
    for (std::uint64_t desk = 0; desk < kDesks; ++desk) tools.push_back(tool(name_of(desk)));
    for (int i = 0; i < 600; ++i) {
      const std::uint64_t desk = random_.below(kDesks);
      const bool is_wrong = random_.below(1000) < static_cast<std::uint64_t>(share * 1000);
      std::string text = "please";
      for (int k = 0; k < 6; ++k) text += ' ' + name_of(desk) + letters(random_.below(40));
      for (int k = 0; k < 4; ++k) text += " any" + letters(random_.below(400));
      Json request = ask(text);
      request["tools"] = tools;
      const std::uint64_t answered = is_wrong ? (desk + 1 + random_.below(kDesks - 1)) % kDesks : desk;
      traffic.add(request, reply(call(name_of(answered), Json::object())));
      if (is_wrong) wrong.insert(*traffic.records().back().id);
    }
  }
  static std::string letters(std::uint64_t n) {
    return {static_cast<char>('a' + n / 26), static_cast<char>('a' + n % 26)};
  }

  Traffic traffic;
  std::set<std::string> wrong;

 private:
  static constexpr std::uint64_t kDesks = 8;
  static std::string name_of(std::uint64_t desk) { return "desk" + std::string(1, static_cast<char>('a' + desk)); }

  Random random_;
};

TEST(NoisyLabels, AreSaidWithAFigureFromAFifthOnAndNotOfCleanTraffic) {
  for (const double share : {0.0, 0.05, 0.2, 0.3, 0.5}) {
    SCOPED_TRACE(share);
    DeskTraffic desks(share);
    SplitSettings split = small_split(40);
    split.keep_templates_together = false;
    const auto built = build_of(desks.traffic.records(), split);
    ASSERT_TRUE(built.ok()) << built.error();
    const LikeRequests& like = built->card.like_requests;
    EXPECT_GT(like.rows, 500U);
    EXPECT_NEAR(like.chance_share, 0.125, 0.02);
    EXPECT_EQ(like.is_noisy(), share >= 0.2) << like.agreeing_share;
    if (share == 0.0) EXPECT_GT(like.agreeing_share, 0.95);
    if (share == 0.5) EXPECT_LT(like.agreeing_share, 0.4);
    const auto said = testing::Contains(HasSubstr("production's answers are noisy"));
    if (share >= 0.2) {
      EXPECT_THAT(built->warnings, said);
    } else {
      EXPECT_THAT(built->card.notes, testing::Not(said));
    }
    ASSERT_EQ(like.classes.size(), 8U);
    EXPECT_LE(like.classes[0].agreeing_share, like.classes[1].agreeing_share);
  }
}

TEST(NoisyLabels, WrongOnesAreLeftOutAndRightOnesAreNot) {
  for (const double share : {0.0, 0.05, 0.1, 0.2}) {
    SCOPED_TRACE(share);
    DeskTraffic desks(share);
    SplitSettings split = small_split(40);
    split.keep_templates_together = false;
    const auto kept = build_of(desks.traffic.records(), split);
    split.suspicious_answers = SuspiciousAnswers::kDrop;
    const auto built = build_of(desks.traffic.records(), split);
    ASSERT_TRUE(kept.ok() && built.ok());
    const auto wrong_in = [&](const Lineage& lineage) {
      return std::ranges::count_if(lineage.train, [&](const auto& id) { return desks.wrong.contains(*id); }) +
             std::ranges::count_if(lineage.validation, [&](const auto& id) { return desks.wrong.contains(*id); });
    };
    const auto before = wrong_in(kept->lineage), after = wrong_in(built->lineage);
    EXPECT_LE(3 * after, before) << "two thirds of the wrong ones at least go";
    std::uint64_t left_out = 0;
    for (const auto& reason : built->card.suspicious.reasons) left_out += reason.training;
    EXPECT_LE(static_cast<std::int64_t>(left_out) - (before - after), 5) << "innocents, of 560";
  }
}

TEST_F(SuspectsTest, TextsThatTheirResponseFormatForbidsAreFoundAndOthersAreNot) {
  const Json object{{"type", "json_object"}};
  const Json schema{{"type", "json_schema"},
                    {"json_schema",
                     {{"name", "route"},
                      {"strict", true},
                      {"schema",
                       {{"type", "object"},
                        {"properties", {{"desk", {{"type", "string"}, {"enum", {"law", "art"}}}}}},
                        {"required", {"desk"}},
                        {"additionalProperties", false}}}}}};
  const auto asked_for = [](const Json& format, int i) {
    Json request = ask("Which desk is for question number " + std::string(1, static_cast<char>('a' + i % 26)) +
                       std::string(1, static_cast<char>('a' + i / 26)) + " of the list?");
    request["response_format"] = format;
    return request;
  };
  for (int i = 0; i < 60; ++i) {
    traffic.add(asked_for(i % 2 == 0 ? schema : object, i), reply(say("assistant", R"({"desk": "law"})")));
  }
  int n = 60;
  for (const char* text : {R"({"desk": "music"})", R"({"department": "law"})", R"({"desk": "la)", "Law."}) {
    plant(reasons::kForbiddenText, asked_for(schema, n++), say("assistant", text));
  }
  for (const char* text : {R"({"desk": "la)", "Law.", R"(["law"])"}) {
    plant(reasons::kForbiddenText, asked_for(object, n++), say("assistant", text));
  }
  traffic.add(asked_for({{"type", "text"}}, n++), reply(say("assistant", "Law.")));
  traffic.add(asked_for(object, n++), reply(say("assistant", "<think>which?</think>{\"any\": 1}")));
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok()) << built.error();
  ASSERT_EQ(built->card.suspicious.reasons.size(), 1U);
  const auto& found = built->card.suspicious.reasons.front();
  EXPECT_EQ(found.why, reasons::kForbiddenText);
  EXPECT_EQ(found.training + found.evaluation, 7U);
  for (const auto& example : found.examples) EXPECT_TRUE(planted[found.why].contains(example.record_id));
}

/// Long questions in words of their own.
std::string long_question(Random& random) {
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += DeskTraffic::letters(random.below(676)) + DeskTraffic::letters(random.below(676)) + ' ';
  return text;
}

TEST_F(SuspectsTest, NearlyEqualRequestsWithOtherCallsAreCountedAndShown) {
  Random random(3);
  for (int i = 0; i < 100; ++i) {
    traffic.add(asked(long_question(random)), reply(call("get_order", Json::object())));
  }
  for (int i = 0; i < 12; ++i) {
    const std::string text = long_question(random);
    plant(reasons::kNearlyEqualDiffer, asked(text), call("get_order", Json::object()));
    plant(reasons::kNearlyEqualDiffer, asked(text + "please"), call("cancel", Json::object()));
    const std::string other = long_question(random);
    traffic.add(asked(other), reply(call("get_order", Json::object())));
    traffic.add(asked(other + "please"), reply(call("get_order", Json::object())));
    // Later in a conversation it is the last words that decide.
    const std::string begun = long_question(random);
    const Json first = call("get_order", Json::object());
    traffic.add(then(asked(begun), first, "now"), reply(call("get_order", Json::object())));
    traffic.add(then(asked(begun), first, "cancel"), reply(call("cancel", Json::object())));
  }
  SplitSettings split = all_rows();
  split.keep_near_duplicates_apart = false;
  split.max_leaked_share = 1;
  const auto built = build_of(traffic.records(), split);
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_GE(built->card.near_duplicates.clusters, 24U + 11U);
  EXPECT_EQ(built->card.near_duplicates.called_differently, 12U);
  EXPECT_EQ(built->card.near_duplicates.answered_differently, 12U);
  EXPECT_EQ(built->card.near_duplicates.largest.front().rows(), 2U);
  EXPECT_THAT(built->card.notes, testing::Contains(HasSubstr("In 12 clusters of near-duplicates production calls")));
  ASSERT_EQ(built->card.suspicious.reasons.size(), 1U);
  const auto& found = built->card.suspicious.reasons.front();
  EXPECT_EQ(found.why, reasons::kNearlyEqualDiffer);
  // An evaluation row has no say in what training answers.
  EXPECT_GE(found.training + found.evaluation, 24U - 4U);
  EXPECT_LE(found.training + found.evaluation, 24U);
  for (const auto& example : found.examples) {
    EXPECT_TRUE(planted[found.why].contains(example.record_id));
    EXPECT_THAT(example.detail, HasSubstr("where 1 nearly equal request is answered with "));
  }
}

TEST_F(SuspectsTest, BareRequestsAmongThoseWithToolsAreAnotherApplications) {
  for (int i = 0; i < 120; ++i) {
    const std::string id = "A-" + std::to_string(10'000 + i * 7);
    const Json question = asked("What is the status of order " + id + " please?");
    if (i % 4 == 1) {
      plant(reasons::kForeignTraffic, request_of(Json::array({say("user", "Tell me a story of " + id)})),
            say("assistant", "Once upon a time there was " + id));
    } else if (i % 4 == 2) {
      // The last request of a turn, without tools and system message, is the application's own.
      Json last = then(question, call("get_order", {{"id", id}}), "And in short?");
      last.erase("tools");
      last["messages"].erase(0);
      traffic.add(last, reply(say("assistant", "It is on its way: " + id)));
    } else {
      traffic.add(question, reply(call("get_order", {{"id", id}})));
    }
  }
  const auto built = build_of(traffic.records(), all_rows());
  ASSERT_TRUE(built.ok()) << built.error();
  ASSERT_EQ(built->card.suspicious.reasons.size(), 1U);
  const auto& found = built->card.suspicious.reasons.front();
  EXPECT_EQ(found.why, reasons::kForeignTraffic);
  EXPECT_EQ(found.training + found.evaluation, 30U);
}

}  // namespace
}  // namespace fw::dataset
