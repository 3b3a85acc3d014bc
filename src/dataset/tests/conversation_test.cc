#include "dataset/impl/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/impl/facts.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using testing::ElementsAre;
using testing_traffic::call;
using testing_traffic::Json;
using testing_traffic::reply;
using testing_traffic::request_of;
using testing_traffic::say;

struct Asked {
  Json request;
  Json answer;
};

/// A request whose turns alternate between user and assistant, with its answer.
Asked asked(const std::vector<std::string>& turns, const std::string& answer, const std::string& system = "S") {
  Json messages = Json::array({say("system", system)});
  for (std::size_t i = 0; i < turns.size(); ++i) messages.push_back(say(i % 2 == 0 ? "user" : "assistant", turns[i]));
  return {request_of(messages), say("assistant", answer)};
}

std::vector<std::uint32_t> groups_of(const std::vector<Asked>& all) {
  FactsReader reader(true);
  std::vector<Link> links;
  std::vector<ConversationId> ids;
  std::uint32_t number = 0;
  for (const Asked& one : all) {
    const RecordFacts facts = reader.read(one.request.dump(), reply(one.answer).dump());
    EXPECT_EQ(facts.defect, "");
    for (const Prefix& prefix : facts.prefixes) {
      links.push_back({prefix.hash, number, prefix.bytes, prefix.place});
    }
    if (facts.explicit_id != 0) ids.push_back({facts.explicit_id, number});
    ++number;
  }
  return group_conversations(number, std::move(links), ids);
}

std::size_t count_groups(const std::vector<Asked>& all) {
  const auto groups = groups_of(all);
  return std::set(groups.begin(), groups.end()).size();
}

TEST(Conversations, AreFollowedFromTurnToTurnInAnyOrder) {
  const auto first = asked({"a"}, "b");
  const auto second = asked({"a", "b", "c"}, "d");
  const auto third = asked({"a", "b", "c", "d", "e"}, "f");
  const auto other = asked({"x"}, "b");
  EXPECT_THAT(groups_of({first, second, other, third}), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(groups_of({third, other, first, second}), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(groups_of({first, third}), ElementsAre(0, 0)) << "a turn that was not captured between them";
  EXPECT_THAT(groups_of({second, third}), ElementsAre(0, 0)) << "the first turn was not captured";
}

TEST(Conversations, AreNotJoinedByTheSystemMessageOrOneQuestionAlone) {
  EXPECT_THAT(groups_of({asked({"a"}, "b"), asked({"c"}, "b")}), ElementsAre(0, 1));
  EXPECT_THAT(groups_of({asked({"a"}, "b"), asked({"a", "other", "c"}, "d")}), ElementsAre(0, 1));
}

TEST(Conversations, BranchWhereAnAnswerIsAskedForAgain) {
  EXPECT_THAT(groups_of({asked({"a", "b", "c"}, "d"), asked({"a", "b", "x"}, "y"), asked({"a"}, "b")}),
              ElementsAre(0, 0, 0));
}

TEST(Conversations, ThatOpenWithAGreetingStayApart) {
  std::vector<Asked> all;
  for (int i = 0; i < 300; ++i) {
    const std::string question = "where is order " + std::to_string(i);
    all.push_back(asked({"hi"}, "Hello! How can I help?"));
    all.push_back(asked({"hi", "Hello! How can I help?", question}, "It is on its way."));
    all.push_back(asked({"hi", "Hello! How can I help?", question, "It is on its way.", "thanks"}, "Bye."));
  }
  const auto groups = groups_of(all);
  EXPECT_EQ(count_groups(all), 600u) << "300 conversations, and 300 greetings that could belong to any of them";
  for (std::size_t i = 0; i < all.size(); i += 3) EXPECT_EQ(groups[i + 1], groups[i + 2]);
}

TEST(Conversations, ThatAreAskedAndAnsweredAlikeAreNotOne) {
  const std::vector<Asked> all(50, asked({"What are your opening hours?"}, "From 9 to 18."));
  EXPECT_EQ(count_groups(all), 50u);
  auto gone_on = all;
  gone_on.push_back(asked({"What are your opening hours?", "From 9 to 18.", "Sundays too?"}, "No."));
  EXPECT_EQ(count_groups(gone_on), 50u) << "the last of them went on";
}

TEST(Conversations, AreToldByALongFirstQuestion) {
  const std::string matter(300, 'q');
  EXPECT_THAT(groups_of({asked({matter}, "b"), asked({matter, "b, rewritten", "c"}, "d")}), ElementsAre(0, 0));
  EXPECT_THAT(groups_of({asked({matter}, "b", "S"), asked({matter, "x", "c"}, "d", "T")}), ElementsAre(0, 1));
}

TEST(Conversations, AreNotJoinedByExamplesInEveryPrompt) {
  const std::string example(300, 'e');
  std::vector<Asked> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(asked({example, example, "q" + std::to_string(i)}, "answer " + std::to_string(i)));
  }
  EXPECT_EQ(count_groups(all), 40u);
}

TEST(Conversations, GoOnUnderAnotherSystemMessageWhereTheAnswerIsRepeated) {
  EXPECT_THAT(groups_of({asked({"a"}, "b", "it is 10:00"), asked({"a", "b", "c"}, "d", "it is 10:01")}),
              ElementsAre(0, 0));
}

TEST(Conversations, WithOneFixedQuestionAndTheMatterInTheSystemMessageStayApart) {
  const auto one = asked({"summarise"}, "about cats", "document 1");
  const auto two = asked({"summarise"}, "about dogs", "document 2");
  const auto more = asked({"summarise", "about dogs", "shorter"}, "dogs", "document 2");
  EXPECT_THAT(groups_of({one, two, more}), ElementsAre(0, 1, 1));
}

TEST(Conversations, AreFollowedThroughToolCallsWhateverTheirIdsAndArgumentWriting) {
  const Json answer = call("get_order", {{"id", "1"}});
  Json repeated = answer;
  repeated["tool_calls"][0]["id"] = "rewritten";
  repeated["tool_calls"][0]["function"]["arguments"] = "{\"id\":   \"1\"}";
  Json result = say("tool", "sent");
  result["tool_call_id"] = "rewritten";
  const Asked first{request_of(Json::array({say("user", "a")})), answer};
  const Asked second{request_of(Json::array({say("system", "new"), say("user", "a"), repeated, result})),
                     say("assistant", "x")};
  EXPECT_THAT(groups_of({first, second}), ElementsAre(0, 0));
}

TEST(Conversations, AreJoinedByExplicitIdsTheMostParticularFirst) {
  const auto with = [](const std::string& text, const Json& metadata) {
    Json request = request_of(Json::array({say("user", text)}));
    request["metadata"] = metadata;
    return Asked{request, say("assistant", "x")};
  };
  const Json conversation{{"conversation_id", "7"}};
  EXPECT_THAT(groups_of({with("a", conversation), with("b", conversation), with("c", {{"session_id", "7"}}),
                         with("d", {{"conversation_id", ""}}), with("e", {{"conversation_id", ""}}),
                         with("f", {{"thread_id", 12}}), with("g", {{"thread_id", "12"}}), with("h", {{"user", "u"}}),
                         with("i", {{"user", "u"}}), with("j", {{"thread_id", 13}, {"session_id", "7"}})}),
              ElementsAre(0, 0, 1, 2, 3, 4, 4, 5, 6, 7));
}

Asked under_id(Asked one, const std::string& id) {
  one.request["metadata"] = {{"session_id", id}};
  return one;
}

TEST(Conversations, ThatAreResumedUnderAnotherIdAreOne) {
  const auto first = under_id(asked({"a"}, "b"), "1");
  const auto later = under_id(asked({"a", "b", "c"}, "d"), "2");
  const auto last = under_id(asked({"a", "b", "c", "d", "e"}, "f"), "3");
  EXPECT_THAT(groups_of({first, later, last}), ElementsAre(0, 0, 0));
  EXPECT_THAT(groups_of({first, last}), ElementsAre(0, 0)) << "a turn that was not captured between them";
  EXPECT_THAT(groups_of({first, under_id(asked({"a", "other", "c"}, "d"), "2")}), ElementsAre(0, 1))
      << "one short question is no conversation";
}

TEST(Conversations, OfDifferentIdsAreNotJoinedByExamplesInEveryPrompt) {
  const std::string example(300, 'e');
  std::vector<Asked> all;
  for (int i = 0; i < 12; ++i) {
    const std::string number = std::to_string(i);
    all.push_back(under_id(asked({example, example, "q" + number}, "answer " + number), number));
  }
  EXPECT_EQ(count_groups(all), 12u);
}

TEST(Conversations, WithoutAUserMessageAreNotFollowed) {
  const Asked one{request_of(Json::array({say("system", "go")})), say("assistant", "x")};
  EXPECT_THAT(groups_of({one, one}), ElementsAre(0, 1));
}

}  // namespace
}  // namespace fw::dataset
