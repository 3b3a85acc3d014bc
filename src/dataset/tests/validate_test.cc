#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/impl/json.h"
#include "dataset/reasons.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::ElementsAre;
using testing::Pair;

const Json kAnswer = reply(say("assistant", "yes"));

/// The reasons that the validate step counts for one record beside 20 good ones with tool calls.
std::map<std::string, std::uint64_t> reasons_of(const std::string& request, const std::string& response,
                                                bool parse_arguments = true) {
  Traffic traffic;
  traffic.ask_often(20, "get_order").add_raw(request, response);
  SplitSettings split = small_split();
  split.parse_function_arguments = parse_arguments;
  return step_of(build_of(traffic.records(), split).value().card, "validate").reasons;
}
std::map<std::string, std::uint64_t> reasons_of(const Json& request, const Json& response) {
  return reasons_of(request.dump(), response.dump());
}

Json answer_with(const Json& arguments, const std::string& type = "function") {
  Json message = call("get_order", Json::object());
  message["tool_calls"][0]["type"] = type;
  message["tool_calls"][0]["function"]["arguments"] = arguments;
  return reply(message);
}

TEST(Validate, LetsGoodRecordsThrough) {
  EXPECT_THAT(reasons_of(ask("hi"), kAnswer), testing::IsEmpty());
  EXPECT_THAT(reasons_of(ask("hi"), answer_with("{\"id\": 1}")), testing::IsEmpty());
  EXPECT_THAT(reasons_of(ask("hi"), answer_with({{"id", 1}})), testing::IsEmpty());
}

TEST(Validate, CountsWhatIsNoObject) {
  EXPECT_THAT(reasons_of("{", kAnswer.dump()), ElementsAre(Pair(reasons::kRequestNotObject, 1)));
  EXPECT_THAT(reasons_of("[]", kAnswer.dump()), ElementsAre(Pair(reasons::kRequestNotObject, 1)));
  EXPECT_THAT(reasons_of("", kAnswer.dump()), ElementsAre(Pair(reasons::kRequestNotObject, 1)));
  EXPECT_THAT(reasons_of(ask("hi").dump(), "null"), ElementsAre(Pair(reasons::kResponseNotObject, 1)));
  EXPECT_THAT(reasons_of(ask("hi").dump(), "{\"a\": \"\xff\"}"), ElementsAre(Pair(reasons::kResponseNotObject, 1)));
}

TEST(Validate, CountsWrongMessages) {
  EXPECT_THAT(reasons_of(Json::object(), kAnswer), ElementsAre(Pair(reasons::kMessagesMissing, 1)));
  EXPECT_THAT(reasons_of(Json{{"messages", "hi"}}, kAnswer), ElementsAre(Pair(reasons::kMessagesMissing, 1)));
  EXPECT_THAT(reasons_of(request_of(Json::array()), kAnswer), ElementsAre(Pair(reasons::kMessagesEmpty, 1)));
  EXPECT_THAT(reasons_of(request_of({"hi"}), kAnswer), ElementsAre(Pair(reasons::kMessageMalformed, 1)));
  EXPECT_THAT(reasons_of(request_of({{{"role", "user"}, {"content", 5}}}), kAnswer),
              ElementsAre(Pair(reasons::kMessageMalformed, 1)));
}

TEST(Validate, CountsWrongChoices) {
  EXPECT_THAT(reasons_of(ask("hi"), {{"error", "overloaded"}}), ElementsAre(Pair(reasons::kChoicesMissing, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), {{"choices", Json::array()}}), ElementsAre(Pair(reasons::kChoicesEmpty, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), {{"choices", {1}}}), ElementsAre(Pair(reasons::kChoiceWithoutMessage, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), {{"choices", {{{"text", "x"}}}}}),
              ElementsAre(Pair(reasons::kChoiceWithoutMessage, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), reply(say("assistant", ""))), ElementsAre(Pair(reasons::kAnswerEmpty, 1)));
}

TEST(Validate, AllowsEightParametersOfAToolAndNotNine) {
  Json request = ask("hi");
  request["tools"] = Json::array({tool("a", 8)});
  EXPECT_THAT(reasons_of(request, kAnswer), testing::IsEmpty());
  request["tools"].push_back(tool("b", 9));
  EXPECT_THAT(reasons_of(request, kAnswer), ElementsAre(Pair(reasons::kTooManyParameters, 1)));
  request["tools"] = {"x"};
  EXPECT_THAT(reasons_of(request, kAnswer), ElementsAre(Pair(reasons::kToolsMalformed, 1)));
  request["tools"] = nullptr;
  EXPECT_THAT(reasons_of(request, kAnswer), testing::IsEmpty());
}

TEST(Validate, CountsWrongToolCalls) {
  EXPECT_THAT(reasons_of(ask("hi"), answer_with("{}", "custom")), ElementsAre(Pair(reasons::kCallNotFunction, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), answer_with("{\"id\": ")), ElementsAre(Pair(reasons::kArgumentsUnparsable, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), answer_with("")), ElementsAre(Pair(reasons::kArgumentsUnparsable, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), answer_with("[1]")), ElementsAre(Pair(reasons::kArgumentsNotObject, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), answer_with(nullptr)), ElementsAre(Pair(reasons::kArgumentsNotObject, 1)));
  Json nameless = answer_with("{}");
  nameless["choices"][0]["message"]["tool_calls"][0]["function"].erase("name");
  EXPECT_THAT(reasons_of(ask("hi"), nameless), ElementsAre(Pair(reasons::kCallMalformed, 1)));
}

TEST(Validate, LeavesArgumentsUnreadWhereTheSettingSaysSo) {
  EXPECT_THAT(reasons_of(ask("hi").dump(), answer_with("{\"id\": ").dump(), false), testing::IsEmpty());
}

TEST(Validate, CountsARecordWithSeveralDefectsOnceForItsFirst) {
  Json request = request_of(Json::array());
  request["tools"] = Json::array({tool("b", 9)});
  EXPECT_THAT(reasons_of(request, answer_with("{", "custom")), ElementsAre(Pair(reasons::kMessagesEmpty, 1)));
}

TEST(Validate, RefusesHostileJsonQuickly) {
  const std::string deep(100'000, '[');
  EXPECT_THAT(reasons_of(deep, kAnswer.dump()), ElementsAre(Pair(reasons::kBeyondLimits, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), answer_with(deep)), ElementsAre(Pair(reasons::kArgumentsUnparsable, 1)));
  std::string keys = "{";
  for (int i = 0; i < 2000; ++i) keys += '"' + std::to_string(i) + "\":1,";
  keys.back() = '}';
  EXPECT_THAT(reasons_of(keys, kAnswer.dump()), ElementsAre(Pair(reasons::kBeyondLimits, 1)));
  EXPECT_THAT(reasons_of(std::string(kMaxJsonBytes + 1, ' '), kAnswer.dump()),
              ElementsAre(Pair(reasons::kBeyondLimits, 1)));
}

TEST(JsonLimits, BoundTheWorkOfManyLargeObjects) {
  std::string object = "{";
  for (int i = 0; i < 1000; ++i) object += '"' + std::to_string(i) + "\":1,";
  object.back() = '}';
  std::string list = "[";
  for (int i = 0; i < 60; ++i) list += object + ',';
  list.back() = ']';
  EXPECT_TRUE(is_within_limits(object));
  EXPECT_FALSE(is_within_limits(list));
}

TEST(JsonLimits, AreNotTakenForStructureInsideStrings) {
  EXPECT_TRUE(is_within_limits('"' + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + '"'));
  std::string nested = std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']');
  EXPECT_TRUE(is_within_limits(nested));
  EXPECT_TRUE(parse_json(nested).has_value());
  EXPECT_FALSE(is_within_limits('[' + nested + ']'));
}

}  // namespace
}  // namespace fw::dataset
