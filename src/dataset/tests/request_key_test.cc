#include "dataset/impl/request_key.h"

#include <gtest/gtest.h>

#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using testing_traffic::ask;
using testing_traffic::call;
using testing_traffic::request_of;
using testing_traffic::say;
using testing_traffic::tool;

Json with_tools(Json request) {
  request["tools"] = Json::array({tool("get_order")});
  return request;
}

TEST(RequestKey, LooksAtAllThatTheModelSaw) {
  const Json base = with_tools(ask("hi"));
  const std::string key = request_key(base);
  EXPECT_NE(request_key(ask("hi")), key) << "tools";
  EXPECT_NE(request_key(with_tools(ask("hi "))), key) << "white space inside strings";
  EXPECT_NE(request_key(with_tools(request_of(Json::array({say("system", "Other."), say("user", "hi")})))), key);
  EXPECT_NE(request_key(with_tools(request_of(Json::array({say("user", "You route."), say("user", "hi")})))), key);
  Json forced = base;
  forced["tool_choice"] = "required";
  EXPECT_NE(request_key(forced), key);
  Json formatted = base;
  formatted["response_format"] = {{"type", "json_object"}};
  EXPECT_NE(request_key(formatted), key);
}

TEST(RequestKey, DoesNotLookAtWhatTheModelDidNotSee) {
  Json request = ask("hi");
  request["model"] = "other";
  request["temperature"] = 1.5;
  request["max_tokens"] = 5;
  request["stream"] = true;
  request["user"] = "u1";
  request["metadata"] = {{"a", "b"}};
  EXPECT_EQ(request_key(request), request_key(ask("hi")));
}

TEST(RequestKey, TakesDifferentWritingsOfOneRequestForEqual) {
  const Json tools = with_tools(ask("hi"));
  Json same = Json::object();
  same["tool_choice"] = "auto";
  same["tools"] = tools["tools"];
  same["tools"][0] = {{"function", tools["tools"][0]["function"]}, {"type", "function"}};
  same["response_format"] = {{"type", "text"}};
  same["messages"] = Json::parse(R"([{"content": "You route.", "role": "system", "name": null},
                                     {"role": "user", "content": [{"type": "text", "text": "hi"}]}])");
  EXPECT_EQ(request_key(same), request_key(tools));
  Json none = ask("hi");
  none["tools"] = Json::array();
  EXPECT_EQ(request_key(none), request_key(ask("hi")));
}

TEST(RequestKey, ReadsNullAndEmptyContentOfAnAssistantAlike) {
  Json message = call("get_order", {{"id", "1"}});
  const std::string null_content = request_key(request_of(Json::array({say("user", "hi"), message})));
  message["content"] = "";
  EXPECT_EQ(request_key(request_of(Json::array({say("user", "hi"), message}))), null_content);
}

TEST(AnswerHash, ComparesCallsByValueAndWithoutIds) {
  const Json answer = call("get_order", {{"id", "1"}, {"n", 2}});
  Json same = answer;
  same["tool_calls"][0]["id"] = "another";
  same["tool_calls"][0]["function"]["arguments"] = "{ \"n\": 2, \"id\": \"1\" }";
  EXPECT_EQ(answer_hash(same), answer_hash(answer));
  EXPECT_NE(answer_hash(call("get_order", {{"id", "1"}, {"n", 3}})), answer_hash(answer));
  EXPECT_NE(answer_hash(say("assistant", "x")), answer_hash(say("assistant", "y")));
}

}  // namespace
}  // namespace fw::dataset
