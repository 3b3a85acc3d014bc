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

TEST(Validate, WhatAPromotedCandidateAnsweredIsNoReferenceAndNoRepeat) {
  Traffic traffic;
  traffic.ask_often(20, "get_order").ask_often(8, "cancel");
  const std::vector<std::string> answering{"small customized-eval",
                                           "small 2 base-eval",
                                           "production",
                                           "",
                                           "cheap eval",
                                           "base-eval",
                                           "small customized-brief-eval",
                                           "other"};
  for (std::size_t i = 0; i < answering.size(); ++i) traffic.records()[20 + i].provenance.variant = answering[i];
  // A request of production's that a candidate answered too, otherwise: production still agrees with itself.
  auto again = traffic.records()[0];
  again.id = record::RecordId("again");
  again.response = answer_with("{\"id\": 99}").dump();
  again.provenance.variant = "small customized-eval";
  traffic.records().push_back(again);
  const auto built = build_of(traffic.records(), small_split());
  EXPECT_THAT(step_of(built->card, "validate").reasons, ElementsAre(Pair(reasons::kCandidateAnswered, 4)));
  EXPECT_EQ(step_of(built->card, "deduplicate").out, step_of(built->card, "deduplicate").in);
}

TEST(Validate, LeavesOutWhatDidNotFinishAndSaysHowItEnded) {
  Traffic traffic;
  traffic.ask_often(20, "get_order").ask_often(6, "cancel");
  using enum record::Ending;
  std::size_t at = 20;
  for (const auto ending : {kClientGone, kClientGone, kUpstreamDied, kRefused, kArgumentsIncomplete}) {
    traffic.records()[at++].provenance.ending = ending;
  }
  const auto built = build_of(traffic.records(), small_split());
  const Step step = step_of(built->card, "validate");
  EXPECT_EQ(step.in, 26U);
  EXPECT_EQ(step.out, 21U);
  EXPECT_THAT(step.reasons, testing::UnorderedElementsAre(
                                Pair(reasons::kClientGone, 2), Pair(reasons::kUpstreamDied, 1),
                                Pair(reasons::kUpstreamRefused, 1), Pair(reasons::kArgumentsIncomplete, 1)));
  for (const auto& rows : {built->lineage.eval, built->lineage.train, built->lineage.validation}) {
    for (const auto& id : rows) EXPECT_TRUE(*id < "r000020" || *id == "r000025") << id;
  }
}

TEST(Validate, ARecordWhoseContentHasExpiredIsCountedAndNeverDrawn) {
  Traffic traffic;
  traffic.ask_often(20, "get_order").ask_often(6, "cancel");
  for (std::size_t i = 18; i < 23; ++i) {
    auto& record = traffic.records()[i];
    record.request.clear();
    record.response.clear();
    record.outline.emplace().label = "cancel";
    record.provenance.ending = i == 18 ? record::Ending::kRefused : record::Ending::kFinished;
  }
  const auto built = build_of(traffic.records(), small_split());
  ASSERT_TRUE(built.ok()) << built.error();
  const Step step = step_of(built->card, "validate");
  EXPECT_EQ(step.in, 26U);
  EXPECT_EQ(step.out, 21U);
  EXPECT_THAT(step.reasons, testing::UnorderedElementsAre(Pair(reasons::kContentExpired, 5)));
  for (const auto& rows : {built->lineage.eval, built->lineage.train, built->lineage.validation}) {
    for (const auto& id : rows) EXPECT_TRUE(*id < "r000018" || *id >= "r000023") << id;
  }
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

TEST(Validate, LeavesOutRequestsWhoseContextLiesElsewhere) {
  const auto mapped = [](const Json& fields, const char* note) {
    Json request = ask("and the other one?");
    request.update(fields);
    request["flywheel"] = {{"dialect", "responses"}, {"not_mapped", {note}}};
    return request;
  };
  const char* note = "previous_response_id: what it refers to is not in the request";
  EXPECT_THAT(reasons_of(mapped({{"previous_response_id", "resp_1"}}, note), kAnswer),
              ElementsAre(Pair(reasons::kContextElsewhere, 1)));
  EXPECT_THAT(reasons_of(mapped({{"conversation", {{"id", "conv_1"}}}}, note), kAnswer),
              ElementsAre(Pair(reasons::kContextElsewhere, 1)));
  EXPECT_THAT(reasons_of(mapped(Json::object(), "an input item of type item_reference"), kAnswer),
              ElementsAre(Pair(reasons::kContextElsewhere, 1)));
  EXPECT_THAT(reasons_of(mapped({{"previous_response_id", nullptr}}, "include"), kAnswer), testing::IsEmpty());
  Json chat = ask("hi");
  chat["conversation"] = "of another server";
  EXPECT_THAT(reasons_of(chat, kAnswer), testing::IsEmpty());
}

TEST(Validate, CountsWrongChoices) {
  EXPECT_THAT(reasons_of(ask("hi"), {{"error", "overloaded"}}), ElementsAre(Pair(reasons::kResponseIsError, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), {{"detail", "x"}}), ElementsAre(Pair(reasons::kChoicesMissing, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), {{"choices", Json::array()}}), ElementsAre(Pair(reasons::kChoicesEmpty, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), {{"choices", {1}}}), ElementsAre(Pair(reasons::kChoiceWithoutMessage, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), {{"choices", {{{"text", "x"}}}}}),
              ElementsAre(Pair(reasons::kChoiceWithoutMessage, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), reply(say("assistant", ""))), ElementsAre(Pair(reasons::kAnswerEmpty, 1)));
}

TEST(Validate, AllowsAnyNumberOfParametersOfATool) {
  Json request = ask("hi");
  request["tools"] = Json::array({tool("a", 8), tool("b", 40)});
  EXPECT_THAT(reasons_of(request, kAnswer), testing::IsEmpty());
  request["tools"] = {"x"};
  EXPECT_THAT(reasons_of(request, kAnswer), ElementsAre(Pair(reasons::kToolsMalformed, 1)));
  request["tools"] = {{{"type", "web_search"}}};
  EXPECT_THAT(reasons_of(request, kAnswer), ElementsAre(Pair(reasons::kToolNotFunction, 1)));
  request["tools"] = nullptr;
  EXPECT_THAT(reasons_of(request, kAnswer), testing::IsEmpty());
}

TEST(Validate, CountsWrongToolCalls) {
  EXPECT_THAT(reasons_of(ask("hi"), answer_with("{}", "custom")), ElementsAre(Pair(reasons::kCallNotFunction, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), answer_with("{\"id\": ")), ElementsAre(Pair(reasons::kArgumentsUnparsable, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), answer_with("[1]")), ElementsAre(Pair(reasons::kArgumentsNotObject, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), answer_with(5)), ElementsAre(Pair(reasons::kArgumentsNotObject, 1)));
  Json nameless = answer_with("{}");
  nameless["choices"][0]["message"]["tool_calls"][0]["function"].erase("name");
  EXPECT_THAT(reasons_of(ask("hi"), nameless), ElementsAre(Pair(reasons::kCallMalformed, 1)));
}

TEST(Validate, NamesAnswersThatAreNoneToLearnFrom) {
  Json cut = kAnswer;
  cut["choices"][0]["finish_reason"] = "length";
  EXPECT_THAT(reasons_of(ask("hi"), cut), ElementsAre(Pair(reasons::kAnswerCut, 1)));
  Json filtered = kAnswer;
  filtered["choices"][0]["finish_reason"] = "content_filter";
  EXPECT_THAT(reasons_of(ask("hi"), filtered), ElementsAre(Pair(reasons::kAnswerFiltered, 1)));
  const auto reasons_ended = [](const char* finish) {
    Json ended = kAnswer;
    ended["choices"][0]["finish_reason"] = finish;
    return reasons_of(ask("hi"), ended);
  };
  EXPECT_THAT(reasons_ended("max_output_tokens"), ElementsAre(Pair(reasons::kAnswerCut, 1)));
  EXPECT_THAT(reasons_ended("PROHIBITED_CONTENT"), ElementsAre(Pair(reasons::kAnswerFiltered, 1)));
  EXPECT_THAT(reasons_ended("insufficient_system_resource"), ElementsAre(Pair(reasons::kAnswerBroken, 1)));
  EXPECT_THAT(reasons_ended("end_turn"), testing::IsEmpty());
  Json refused = kAnswer;
  refused["choices"][0]["message"]["refusal"] = "I cannot help with that.";
  EXPECT_THAT(reasons_of(ask("hi"), refused), ElementsAre(Pair(reasons::kAnswerRefused, 1)));
  const Json thinking = reply(say("assistant", "<think>the user says hi"));
  EXPECT_THAT(reasons_of(ask("hi"), thinking), ElementsAre(Pair(reasons::kAnswerThinking, 1)));
  EXPECT_THAT(reasons_of(ask("hi"), reply(say("assistant", "<think>so</think>hello"))), testing::IsEmpty());
  Json failed = kAnswer;
  failed["error"] = {{"message", "overloaded"}};
  EXPECT_THAT(reasons_of(ask("hi"), failed), ElementsAre(Pair(reasons::kResponseIsError, 1)));
  Json status = kAnswer;
  status["status_code"] = 503;
  EXPECT_THAT(reasons_of(ask("hi"), status), ElementsAre(Pair(reasons::kResponseIsError, 1)));
  status["status_code"] = 200;
  EXPECT_THAT(reasons_of(ask("hi"), status), testing::IsEmpty());
}

TEST(Validate, NamesRequestsThatEnginesRefuse) {
  const auto of = [](const Json& messages) { return reasons_of(request_of(messages), kAnswer); };
  EXPECT_THAT(of({say("user", "a"), say("assistant", "b")}), ElementsAre(Pair(reasons::kAssistantLast, 1)));
  EXPECT_THAT(of(Json::array({say("narrator", "a")})), ElementsAre(Pair(reasons::kRoleUnknown, 1)));
  EXPECT_THAT(of({say("user", "a"), say("tool", "b")}), ElementsAre(Pair(reasons::kToolWithoutCall, 1)));
  const Json image{{"type", "image_url"}, {"image_url", {{"url", "data:image/png;base64,iVBORw0KGgo="}}}};
  EXPECT_THAT(of({{{"role", "user"}, {"content", {{{"type", "text"}, {"text", "a"}}, image}}}}),
              ElementsAre(Pair(reasons::kMedia, 1)));
  Json cut = call("get_order", {{"id", 1}});
  cut["tool_calls"][0]["function"]["arguments"] = "{\"id\": 1";
  EXPECT_THAT(of({say("user", "a"), cut, say("tool", "b"), say("user", "c")}),
              ElementsAre(Pair(reasons::kEarlierArguments, 1)));
}

TEST(Validate, CountsWhatItRepairs) {
  Traffic traffic;
  traffic.ask_often(20, "get_order").add(ask("hi"), answer_with("")).add(ask("ho"), answer_with(nullptr));
  const auto built = build_of(traffic.records(), small_split(22)).value();
  const Step& step = step_of(built.card, "validate");
  EXPECT_THAT(step.reasons, testing::IsEmpty());
  EXPECT_THAT(step.repaired, ElementsAre(Pair(repairs::kArgumentsEmpty, 2)));
  EXPECT_EQ(to_json(built.card)["steps"][1]["repaired"][std::string(repairs::kArgumentsEmpty)], 2);
  const Json last = eval_rows(built).back();
  EXPECT_EQ(last["response"]["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], Json::object());
}

TEST(Validate, LeavesArgumentsUnreadWhereTheSettingSaysSo) {
  EXPECT_THAT(reasons_of(ask("hi").dump(), answer_with("{\"id\": ").dump(), false), testing::IsEmpty());
}

TEST(Validate, CountsARecordWithSeveralDefectsOnceForItsFirst) {
  Json request = request_of(Json::array());
  request["tools"] = {"x"};
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
