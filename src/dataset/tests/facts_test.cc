#include "dataset/impl/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "dataset/reasons.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;

RecordFacts read(const Json& request, const Json& response = reply(say("assistant", "yes"))) {
  const RecordFacts facts = FactsReader(true).read(request.dump(), response.dump());
  EXPECT_EQ(facts.defect, "");
  return facts;
}
std::uint64_t key(const Json& request) { return read(request).request; }
std::uint64_t answer(const Json& message) { return read(ask("hi"), reply(message)).answer; }

TEST(RequestHash, CountsAllThatTheModelSaw) {
  const Json plain = ask("hi");
  Json other = plain;
  other["tools"] = Json::array({tool("a")});
  EXPECT_NE(key(other), key(plain));
  Json choice = other;
  choice["tool_choice"] = "required";
  EXPECT_NE(key(choice), key(other));
  Json format = plain;
  format["response_format"] = {{"type", "json_object"}};
  EXPECT_NE(key(format), key(plain));
  EXPECT_NE(key(ask("hi ")), key(plain)) << "white space counts";
  EXPECT_NE(key(request_of(Json::array({say("system", "Other."), say("user", "hi")}))), key(plain));
  EXPECT_NE(key(request_of(Json::array({say("user", "You route."), say("user", "hi")}))), key(plain)) << "roles";
}

TEST(RequestHash, DoesNotCountWhatTheModelDoesNotSee) {
  const Json plain = ask("hi");
  Json same = plain;
  same["temperature"] = 1.5;
  same["model"] = "other";
  same["user"] = "u";
  same["metadata"] = {{"trace", 1}};
  same["tools"] = Json::array();
  same["tool_choice"] = "none";
  same["response_format"] = {{"type", "text"}};
  EXPECT_EQ(key(same), key(plain));
}

TEST(RequestHash, IsThatOfTheSameConversationUnderOtherCallIds) {
  const auto talk = [](const std::string& id, const std::string& arguments) {
    Json asked = call("get_order", Json::object());
    asked["tool_calls"][0]["id"] = id;
    asked["tool_calls"][0]["function"]["arguments"] = arguments;
    Json result = say("tool", "sent");
    result["tool_call_id"] = id;
    return request_of(Json::array({say("user", "a"), asked, result}));
  };
  EXPECT_EQ(key(talk("x", R"({"id":1,"b":2})")), key(talk("y", R"({ "b": 2.0, "id": 1 })")));
  EXPECT_NE(key(talk("x", R"({"id":1})")), key(talk("x", R"({"id":2})")));
}

TEST(AnswerHash, ComparesCallsByValueInAnyOrderAndTextsAsTheyAre) {
  Json two = call("a", {{"x", 1}});
  two["tool_calls"].push_back(call("b", {{"y", 2}})["tool_calls"][0]);
  Json turned = call("b", {{"y", 2}});
  turned["tool_calls"].push_back(call("a", {{"x", 1}})["tool_calls"][0]);
  EXPECT_EQ(answer(two), answer(turned));
  EXPECT_NE(answer(two), answer(call("a", {{"x", 1}})));
  EXPECT_NE(answer(call("a", {{"x", 1}})), answer(call("a", {{"x", "1"}})));
  EXPECT_EQ(answer(say("assistant", "yes")), answer(say("assistant", " yes\n")));
  EXPECT_NE(answer(say("assistant", "yes")), answer(say("assistant", "Yes")));
}

TEST(Facts, AreTheSameWhetherTheRecordHadToBeNormalisedOrNot) {
  const Json plain = ask("hi there");
  Json parts = plain;
  parts["messages"][1]["content"] = Json::array({{{"type", "text"}, {"text", "hi there"}}});
  EXPECT_EQ(key(parts), key(plain));
  Json empty = call("get_order", Json::object());
  empty["tool_calls"][0]["function"]["arguments"] = "";
  EXPECT_EQ(answer(empty), answer(call("get_order", Json::object())));
  EXPECT_THAT(read(plain, reply(empty)).repairs, testing::SizeIs(1));
}

TEST(Facts, TakeTheFirstChoiceThatCallsATool) {
  Json response = reply(say("assistant", "hm"));
  response["choices"].push_back({{"index", 1}, {"message", call("cancel", {{"id", 1}})}});
  const RecordFacts facts = read(ask("cancel 1"), response);
  EXPECT_EQ(facts.label, "cancel");
  EXPECT_EQ(facts.kind, modelops::AnswerKind::kToolCalls);
}

TEST(Facts, LeaveOutIntegersBeyond64BitsWhichNoRowHoldsDigitForDigit) {
  const auto defect_with = [](const Json& arguments) {
    Json asked = call("get_order", Json::object());
    asked["tool_calls"][0]["function"]["arguments"] = arguments;
    return std::string(FactsReader(true).read(ask("which item?").dump(), reply(asked).dump()).defect);
  };
  for (const char* item : {"123456789012345678901234567890", "18446744073709551616", "-9223372036854775809",
                           "[1e3, 18446744073709551616]"}) {
    const std::string arguments = R"({"item": )" + std::string(item) + R"(, "text": "9\\\"9"})";
    EXPECT_EQ(defect_with(arguments), reasons::kNoEngineReads) << item;
    EXPECT_EQ(defect_with(Json::parse(arguments)), reasons::kNoEngineReads) << item << ", as an object";
  }
  for (const char* item : {"18446744073709551615", "-9223372036854775808", "1e3", "0.5", "\"18446744073709551616\""}) {
    const std::string arguments = R"({"item": )" + std::string(item) + "}";
    EXPECT_EQ(defect_with(arguments), "") << item;
    EXPECT_EQ(defect_with(Json::parse(arguments)), "") << item << ", as an object";
  }
}

/// What the short way takes for plain must be what normalise() leaves alone.
TEST(Facts, CountWhatHadToBeRepairedOnTheShortWayToo) {
  const auto repaired = [](const std::function<void(Json&)>& change) {
    Json request = ask("hi");
    request["tools"] = Json::array({tool("a")});
    change(request);
    FactsReader reader(true);
    (void)reader.read(ask("hi").dump(), reply(say("assistant", "yes")).dump());
    const RecordFacts first = reader.read(request.dump(), reply(say("assistant", "yes")).dump());
    const RecordFacts again = reader.read(request.dump(), reply(say("assistant", "yes")).dump());
    EXPECT_EQ(first.defect, "");
    EXPECT_EQ(first.repairs, again.repairs);
    return first.repairs.size() == 1;
  };
  const auto parameters = [](Json& request) -> Json& { return request["tools"][0]["function"]["parameters"]; };
  EXPECT_TRUE(repaired([&](Json& r) { parameters(r)["type"] = "OBJECT"; }));
  EXPECT_TRUE(repaired([&](Json& r) { parameters(r)["required"] = true; }));
  EXPECT_TRUE(repaired([&](Json& r) { parameters(r)["properties"]["p0"]["enum"] = Json::array(); }));
  EXPECT_TRUE(repaired([&](Json& r) { r["tools"] = Json::array(); }));
  EXPECT_TRUE(repaired([&](Json& r) { r["tool_choice"] = "any"; }));
  EXPECT_TRUE(repaired([&](Json& r) { r["messages"].back()["name"] = "Jane Doe"; }));
  EXPECT_TRUE(repaired([&](Json& r) {
    Json said = say("assistant", "yes?");
    said["tool_calls"] = Json::array();
    r["messages"].push_back(said);
    r["messages"].push_back(say("user", "no"));
  }));
  EXPECT_FALSE(repaired([](Json&) {}));
}

TEST(Facts, OfSoundReferencesInSchemasNeedNoRepair) {
  Json request = ask("hi");
  request["tools"] = Json::array({tool("a")});
  request["tools"][0]["function"]["parameters"]["properties"]["p0"] = {{"$ref", "#/$defs/place"}};
  request["tools"][0]["function"]["parameters"]["$defs"] = {{"place", {{"type", "string"}}}};
  FactsReader reader(true);
  for (int i = 0; i < 2; ++i) {
    const RecordFacts facts = reader.read(request.dump(), reply(say("assistant", "yes")).dump());
    EXPECT_EQ(facts.defect, "");
    EXPECT_TRUE(facts.repairs.empty());
  }
}

}  // namespace
}  // namespace fw::dataset
