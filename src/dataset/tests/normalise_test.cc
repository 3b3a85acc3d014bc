#include "dataset/impl/normalise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/reasons.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::ElementsAre;

struct Outcome {
  Json request;
  Json response;
  Normalised found;
};

Outcome normalised(Json request, Json response = reply(say("assistant", "yes"))) {
  Outcome out{std::move(request), std::move(response), {}};
  out.found = normalise(out.request, out.response, true);
  Outcome twice = out;
  const Normalised again = normalise(twice.request, twice.response, true);
  EXPECT_EQ(again.defect, out.found.defect);
  if (!out.found.defect) {
    EXPECT_TRUE(again.repairs.empty());
    EXPECT_EQ(twice.request, out.request);
    EXPECT_EQ(twice.response, out.response);
  }
  return out;
}

Json history(const Json& arguments, const Json& id, const Json& result_id) {
  Json asked = call("get_order", Json::object());
  asked["tool_calls"][0]["function"]["arguments"] = arguments;
  asked["tool_calls"][0]["id"] = id;
  Json result = say("tool", "sent");
  result["tool_call_id"] = result_id;
  return request_of(Json::array({say("user", "a"), asked, result}));
}

TEST(Normalise, LeavesWhatIsNormalAlone) {
  const Json request = history("{\"id\": 1}", "c", "c");
  const Outcome out = normalised(request, reply(call("get_order", {{"id", 1}})));
  EXPECT_EQ(out.found.defect, std::nullopt);
  EXPECT_TRUE(out.found.repairs.empty());
  EXPECT_EQ(out.request, request);
}

TEST(Normalise, TakesEmptyNullAndAbsentArgumentsForAnEmptyObject) {
  for (const Json& empty : {Json(""), Json(nullptr), Json(" "), Json("null")}) {
    const Outcome out = normalised(history(empty, "c", "c"));
    EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kArgumentsEmpty));
    EXPECT_EQ(out.request["messages"][1]["tool_calls"][0]["function"]["arguments"], "{}");
  }
  Json absent = history("{}", "c", "c");
  absent["messages"][1]["tool_calls"][0]["function"].erase("arguments");
  EXPECT_THAT(normalised(absent).found.repairs, ElementsAre(repairs::kArgumentsEmpty));
}

TEST(Normalise, GivesCallsAndTheirResultsTheIdsThatTheyLack) {
  const Outcome out = normalised(history("{}", nullptr, nullptr));
  EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kCallId));
  EXPECT_EQ(out.request["messages"][1]["tool_calls"][0]["id"], out.request["messages"][2]["tool_call_id"]);
  EXPECT_FALSE(out.request["messages"][2]["tool_call_id"].get<std::string>().empty());
}

TEST(Normalise, LiftsTheOlderFunctionsAndTheirCalls) {
  Json request = ask("hi");
  request["functions"] = Json::array({{{"name", "get_order"}, {"parameters", {{"type", "object"}}}}});
  request["function_call"] = {{"name", "get_order"}};
  request["messages"] = Json::array(
      {say("user", "a"),
       {{"role", "assistant"}, {"content", nullptr}, {"function_call", {{"name", "get_order"}, {"arguments", "{}"}}}},
       {{"role", "function"}, {"name", "get_order"}, {"content", "sent"}}});
  Json answer{
      {"role", "assistant"}, {"content", nullptr}, {"function_call", {{"name", "get_order"}, {"arguments", "{}"}}}};
  const Outcome out = normalised(request, reply(answer));
  EXPECT_EQ(out.found.defect, std::nullopt);
  EXPECT_TRUE(out.found.repairs.contains(repairs::kLegacyCalls));
  EXPECT_EQ(out.request["tools"][0]["function"]["name"], "get_order");
  EXPECT_EQ(out.request["tool_choice"]["function"]["name"], "get_order");
  EXPECT_EQ(out.request["messages"][2]["role"], "tool");
  EXPECT_EQ(out.response["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "get_order");
}

TEST(Normalise, JoinsTextParts) {
  Json request = ask("hi");
  request["messages"][1]["content"] = Json::array({{{"type", "text"}, {"text", "one"}}, "two"});
  EXPECT_EQ(normalised(request).request["messages"][1]["content"], "one\ntwo");
}

TEST(Normalise, MendsOddSchemas) {
  Json request = ask("hi");
  request["tools"] = Json::array({tool("a"), tool("b"), {{"function", {{"name", "c"}}}}, {{"name", "d"}}});
  request["tools"][0]["function"]["parameters"] = true;
  request["tools"][1]["function"]["parameters"]["properties"] = {
      {"x", true}, {"y", {{"$ref", "#/$defs/gone"}}}, {"z", {{"$ref", "#/$defs/here"}}}};
  request["tools"][1]["function"]["parameters"]["$defs"] = {{"here", {{"type", "string"}}}};
  const Outcome out = normalised(request);
  EXPECT_EQ(out.found.defect, std::nullopt);
  EXPECT_EQ(out.request["tools"][0]["function"]["parameters"], Json::object());
  const Json& properties = out.request["tools"][1]["function"]["parameters"]["properties"];
  EXPECT_EQ(properties["x"], Json::object());
  EXPECT_EQ(properties["y"], Json::object());
  EXPECT_EQ(properties["z"]["$ref"], "#/$defs/here");
  EXPECT_EQ(out.request["tools"][2]["type"], "function");
  EXPECT_EQ(out.request["tools"][3]["function"]["name"], "d");
}

TEST(Normalise, DropsWhatNoSchemaHas) {
  Json request = ask("hi");
  request["tools"] = Json::array({tool("a")});
  request["tools"][0]["function"]["parameters"] = {
      {"type", {"object", "null"}},
      {"required", "x"},
      {"properties",
       {{"x", {{"type", "thing"}, {"title", "kept"}}}, {"y", {{"type", "object"}, {"properties", Json::array()}}}}}};
  const Outcome out = normalised(request);
  EXPECT_EQ(out.found.defect, std::nullopt);
  EXPECT_EQ(
      out.request["tools"][0]["function"]["parameters"],
      (Json{{"type", {"object", "null"}}, {"properties", {{"x", {{"title", "kept"}}}, {"y", {{"type", "object"}}}}}}));
}

TEST(Normalise, KnowsRolesByTheirOtherNames) {
  const Outcome out = normalised(request_of(Json::array({say("human", "a"), say("ai", "b"), say("human", "c")})));
  EXPECT_EQ(out.found.defect, std::nullopt);
  EXPECT_EQ(out.request["messages"][1]["role"], "assistant");
}

Json two_calls() {
  Json asked = call("get_order", Json::object());
  asked["tool_calls"].push_back(asked["tool_calls"][0]);
  asked["tool_calls"][0]["id"] = "a";
  asked["tool_calls"][1]["id"] = "b";
  for (Json& one : asked["tool_calls"]) one["function"]["arguments"] = "{}";
  return asked;
}

Json result_of(const std::string& id, const std::string& content) {
  return {{"role", "tool"}, {"tool_call_id", id}, {"content", content}};
}

TEST(Normalise, ACallWithoutAResultGetsAnEmptyOne) {
  const Outcome out =
      normalised(request_of(Json::array({say("user", "q"), two_calls(), result_of("b", "sent"), say("user", "and?")})));
  EXPECT_EQ(out.found.defect, std::nullopt);
  EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kResultMissing));
  ASSERT_EQ(out.request["messages"].size(), 5u);
  EXPECT_EQ(out.request["messages"][2]["content"], "sent");
  EXPECT_EQ(out.request["messages"][3], result_of("a", ""));
  EXPECT_EQ(out.request["messages"][4]["content"], "and?");
}

TEST(Normalise, ACallWithoutAResultAtTheEndGetsAnEmptyOneToo) {
  const Outcome out = normalised(request_of(Json::array({say("user", "q"), two_calls(), result_of("a", "sent")})));
  EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kResultMissing));
  EXPECT_EQ(out.request["messages"].back(), result_of("b", ""));
}

TEST(Normalise, AResultThatComesLateIsItsCallsResult) {
  const Json request = request_of(Json::array({say("user", "q"), two_calls(), result_of("a", "1"), say("user", "wait"),
                                               result_of("b", "2"), say("user", "ok")}));
  const Outcome out = normalised(request);
  EXPECT_TRUE(out.found.repairs.empty());
  EXPECT_EQ(out.request, request);
}

Json with_tools(Json tools) {
  Json request = request_of(Json::array({say("user", "q")}));
  request["tools"] = std::move(tools);
  return request;
}

TEST(Normalise, AToolDefinedTwiceInTheSameWordsStaysOnce) {
  const Json tool = {{"type", "function"}, {"function", {{"name", "f"}, {"description", "d"}}}};
  const Json reordered = {{"function", {{"description", "d"}, {"name", "f"}}}, {"type", "function"}};
  const Outcome out = normalised(with_tools(Json::array({tool, reordered})));
  EXPECT_EQ(out.found.defect, std::nullopt);
  EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kSameTool));
  EXPECT_EQ(out.request["tools"], Json::array({tool}));
}

TEST(Normalise, TwoToolsOfOneNameAreNotToldApart) {
  const Json one = {{"type", "function"}, {"function", {{"name", "f"}, {"description", "d"}}}};
  const Json other = {{"type", "function"}, {"function", {{"name", "f"}, {"description", "e"}}}};
  EXPECT_EQ(normalised(with_tools(Json::array({one, other}))).found.defect, reasons::kToolTwice);
}

Json with_parameters(const Json& parameters) {
  Json request = ask("hi");
  request["tools"] = Json::array({{{"type", "function"}, {"function", {{"name", "f"}, {"parameters", parameters}}}}});
  return request;
}

/// The parameters as they are after the repair that is counted.
Json mended(const Json& parameters) {
  const Outcome out = normalised(with_parameters(parameters));
  EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kSchema)) << parameters;
  return out.request["tools"][0]["function"]["parameters"];
}

TEST(Normalise, MendsTheSchemaOfAToolWithoutATypeToo) {
  Json request = with_parameters({{"type", "object"}, {"properties", {{"a", true}}}});
  request["tools"][0].erase("type");
  const Outcome out = normalised(request);
  EXPECT_THAT(out.found.repairs, testing::UnorderedElementsAre(repairs::kCallType, repairs::kSchema));
  EXPECT_EQ(out.request["tools"][0]["function"]["parameters"]["properties"]["a"], Json::object());
}

TEST(Normalise, GivesTypesTheNamesThatJsonSchemaHas) {
  const Json out = mended({{"type", "dict"},
                           {"properties",
                            {{"a", {{"type", "INTEGER"}}},
                             {"b", {{"type", "list"}, {"items", {{"type", "str"}}}}},
                             {"c", {{"type", {"STRING", "null"}}}},
                             {"d", {{"type", "whatever"}}}}}});
  EXPECT_EQ(out, Json::parse(R"({"type": "object", "properties": {"a": {"type": "integer"},
    "b": {"type": "array", "items": {"type": "string"}}, "c": {"type": ["string", "null"]}, "d": {}}})"));
}

TEST(Normalise, TakesOutOfSchemasWhatEnginesRefuse) {
  const auto property = [](const char* json) {
    return mended({{"type", "object"}, {"properties", {{"a", Json::parse(json)}}}})["properties"]["a"];
  };
  for (const char* wrong : {R"({"enum": []})", R"({"enum": "x"})", R"({"properties": null})", R"({"pattern": "[a-"})",
                            R"({"pattern": "(a"})", R"({"pattern": "*a"})", R"({"required": true})",
                            R"({"description": null})", R"({"pattern": "a{3,2}"})"}) {
    EXPECT_EQ(property(wrong), Json::object()) << wrong;
  }
  EXPECT_EQ(property(R"({"required": ["x", "x", 1]})"), Json({{"required", {"x"}}}));
  EXPECT_EQ(mended({{"properties", Json::object()}})["type"], "object");
}

TEST(Normalise, LeavesSchemasAloneThatEnginesTake) {
  const Json request = with_parameters(Json::parse(R"({"type": "object", "additionalProperties": false,
    "required": ["a"], "properties": {"a": {"type": "string", "default": null, "pattern": "^[\\w.-]+@(?:[a-z-9]+\\.)*x{2,}?$"},
    "b": {"enum": ["", null], "pattern": "a|[]^]{,3}"}, "type": {"type": ["integer", "null"], "const": null}}})"));
  const Outcome out = normalised(request);
  EXPECT_TRUE(out.found.repairs.empty());
  EXPECT_EQ(out.request, request);
}

TEST(Normalise, PutsToolChoiceIntoTheApisWords) {
  const auto choice = [](const Json& written) {
    Json request = with_parameters({{"type", "object"}});
    request["tool_choice"] = written;
    const Outcome out = normalised(request);
    EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kToolChoice)) << written;
    return out.request["tool_choice"];
  };
  const Json named = Json::parse(R"({"type": "function", "function": {"name": "f"}})");
  EXPECT_EQ(choice("any"), "required");
  EXPECT_EQ(choice({{"type", "any"}}), "required");
  EXPECT_EQ(choice({{"type", "auto"}}), "auto");
  EXPECT_EQ(choice({{"type", "tool"}, {"name", "f"}}), named);
  EXPECT_EQ(choice("f"), named);
}

TEST(Normalise, LeavesOnlyTheToolsThatAChoiceAllows) {
  const auto tool = [](const char* name) -> Json { return {{"type", "function"}, {"function", {{"name", name}}}}; };
  const Json list = Json::array({tool("b"), tool("a")});
  for (const Json& choice :
       {Json{{"type", "allowed_tools"}, {"allowed_tools", {{"mode", "required"}, {"tools", list}}}},
        Json{{"type", "allowed_tools"}, {"mode", "required"}, {"tools", list}}}) {
    Json request = ask("hi");
    request["tools"] = Json::array({tool("a"), tool("b"), tool("c")});
    request["tool_choice"] = choice;
    const Outcome out = normalised(request);
    EXPECT_EQ(out.request["tools"], Json::array({tool("a"), tool("b")}));
    EXPECT_EQ(out.request["tool_choice"], "required");
    EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kAllowedTools));
  }
}

TEST(Normalise, DropsAChoiceWhereThereAreNoTools) {
  for (const char* word : {"auto", "none", "required"}) {
    Json request = ask("hi");
    request["tool_choice"] = word;
    const Outcome out = normalised(request);
    EXPECT_FALSE(out.request.contains("tool_choice"));
    EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kToolChoice));
  }
}

TEST(Normalise, NamesAChoiceThatIsNone) {
  for (const Json& wrong :
       {Json("often"), Json(true), Json::parse(R"({"type": "function", "function": {"name": "g"}})"),
        Json::parse(R"({"type": "allowed_tools"})")}) {
    Json request = with_parameters({{"type", "object"}});
    request["tool_choice"] = wrong;
    EXPECT_EQ(normalised(request).found.defect, reasons::kToolChoice) << wrong;
  }
}

TEST(Normalise, DropsEmptyListsOfToolsAndOfEarlierCalls) {
  Json said = say("assistant", "yes?");
  said["tool_calls"] = Json::array();
  Json request = request_of(Json::array({say("user", "a"), said, say("user", "b")}));
  const Outcome out = normalised(request);
  EXPECT_FALSE(out.request["messages"][1].contains("tool_calls"));
  EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kEmptyList));
  request = ask("hi");
  request["tools"] = Json::array();
  EXPECT_THAT(normalised(request).found.repairs, ElementsAre(repairs::kEmptyList));
}

TEST(Normalise, WritesNamesInTheCharactersThatServersTake) {
  const auto named = [](const Json& name) {
    Json request = ask("hi");
    request["messages"].back()["name"] = name;
    const Outcome out = normalised(request);
    EXPECT_THAT(out.found.repairs, ElementsAre(repairs::kName));
    return out.request["messages"].back().value("name", "none");
  };
  EXPECT_EQ(named("Jane Doe"), "Jane_Doe");
  EXPECT_EQ(named("José.x"), "Jos__x");
  EXPECT_EQ(named("李"), "none");
  EXPECT_EQ(named(7), "none");
  EXPECT_EQ(named(std::string(80, 'a')), std::string(64, 'a'));
}

}  // namespace
}  // namespace fw::dataset
