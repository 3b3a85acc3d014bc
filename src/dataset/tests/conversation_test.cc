#include "dataset/impl/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using testing::ElementsAre;
using testing_traffic::call;
using testing_traffic::request_of;
using testing_traffic::say;

/// A request whose turns alternate between user and assistant, with its answer.
Trail trail(const std::vector<std::string>& turns, const std::string& answer, const std::string& system = "S") {
  Json messages = Json::array({say("system", system)});
  for (std::size_t i = 0; i < turns.size(); ++i) messages.push_back(say(i % 2 == 0 ? "user" : "assistant", turns[i]));
  return trail_of(request_of(messages), say("assistant", answer));
}

std::vector<std::uint32_t> groups_of(const std::vector<Trail>& trails) { return group_conversations(trails); }

TEST(Conversations, AreFollowedFromTurnToTurnInAnyOrder) {
  const Trail first = trail({"a"}, "b");
  const Trail second = trail({"a", "b", "c"}, "d");
  const Trail third = trail({"a", "b", "c", "d", "e"}, "f");
  const Trail other = trail({"x"}, "b");
  EXPECT_THAT(groups_of({first, second, other, third}), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(groups_of({third, other, first, second}), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(groups_of({first, third}), ElementsAre(0, 0)) << "a turn that was not captured between them";
}

TEST(Conversations, AreNotJoinedByTheSystemMessageAlone) {
  EXPECT_THAT(groups_of({trail({"a"}, "b"), trail({"c"}, "b")}), ElementsAre(0, 1));
}

TEST(Conversations, BranchFromACommonBeginning) {
  EXPECT_THAT(groups_of({trail({"a", "b", "c"}, "d"), trail({"a", "b", "x"}, "y"), trail({"a"}, "b")}),
              ElementsAre(0, 0, 0));
}

TEST(Conversations, GoOnUnderAnotherSystemMessageWhereTheAnswerIsRepeated) {
  EXPECT_THAT(groups_of({trail({"a"}, "b", "it is 10:00"), trail({"a", "b", "c"}, "d", "it is 10:01")}),
              ElementsAre(0, 0));
}

TEST(Conversations, WithOneFixedQuestionAndTheMatterInTheSystemMessageStayApart) {
  const Trail one = trail({"summarise"}, "about cats", "document 1");
  const Trail two = trail({"summarise"}, "about dogs", "document 2");
  const Trail more = trail({"summarise", "about dogs", "shorter"}, "dogs", "document 2");
  EXPECT_THAT(groups_of({one, two, more}), ElementsAre(0, 1, 1));
}

TEST(Conversations, AreFollowedThroughToolCallsWhateverTheirIdsAndArgumentWriting) {
  const Json answer = call("get_order", {{"id", "1"}});
  Json repeated = answer;
  repeated["tool_calls"][0]["id"] = "rewritten";
  repeated["tool_calls"][0]["function"]["arguments"] = "{\"id\":   \"1\"}";
  const Trail first = trail_of(request_of(Json::array({say("user", "a")})), answer);
  const Trail second =
      trail_of(request_of(Json::array({say("system", "new"), say("user", "a"), repeated, say("tool", "sent")})),
               say("assistant", "x"));
  EXPECT_THAT(groups_of({first, second}), ElementsAre(0, 0));
}

TEST(Conversations, AreJoinedByExplicitIds) {
  const auto with = [](const std::string& text, const std::string& key, const Json& id) {
    Json request = request_of(Json::array({say("user", text)}));
    request["metadata"][key] = id;
    return trail_of(request, say("assistant", "x"));
  };
  EXPECT_THAT(
      groups_of({with("a", "conversation_id", "7"), with("b", "conversation_id", "7"), with("c", "session_id", "7"),
                 with("d", "conversation_id", ""), with("e", "conversation_id", ""), with("f", "thread_id", 12),
                 with("g", "thread_id", 12), with("h", "user", "u"), with("i", "user", "u")}),
      ElementsAre(0, 0, 1, 2, 3, 4, 4, 5, 6));
}

TEST(Conversations, WithoutAUserMessageAreNotFollowed) {
  const Json request = request_of(Json::array({say("system", "go")}));
  const Trail one = trail_of(request, say("assistant", "x"));
  EXPECT_THAT(groups_of({one, one}), ElementsAre(0, 1));
}

}  // namespace
}  // namespace fw::dataset
