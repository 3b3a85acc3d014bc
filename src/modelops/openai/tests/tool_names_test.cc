#include "modelops/openai/impl/tool_names.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::modelops {
namespace {

using nlohmann::json;

json tool(const std::string& name) { return {{"type", "function"}, {"function", {{"name", name}}}}; }

json calls(const std::string& name) {
  return json::array({{{"id", "c"}, {"type", "function"}, {"function", {{"name", name}, {"arguments", "{}"}}}}});
}

TEST(ToolNames, PlainOnesStay) {
  EXPECT_FALSE(with_plain_names(json{{"tools", {tool("get_order"), tool("a-b")}}}.dump()));
  EXPECT_FALSE(with_plain_names("no json"));
  EXPECT_FALSE(with_plain_names("[]"));
}

TEST(ToolNames, AreChangedWhereverTheyStandAndComeBack) {
  const json request = {{"tools", {tool("math.hypot"), tool("math_hypot"), tool("math/hypot")}},
                        {"tool_choice", tool("math.hypot")},
                        {"messages",
                         {{{"role", "assistant"}, {"tool_calls", calls("math/hypot")}},
                          {{"role", "tool"}, {"name", "math.hypot"}, {"content", "5"}},
                          {{"role", "user"}, {"name", "o.k."}, {"content", "math.hypot"}}}}};
  const auto plain = with_plain_names(request.dump());
  ASSERT_TRUE(plain);
  const json sent = json::parse(plain->body);
  EXPECT_EQ(sent["tools"][0]["function"]["name"], "math_hypot_2") << "math_hypot is another tool's";
  EXPECT_EQ(sent["tools"][1]["function"]["name"], "math_hypot");
  EXPECT_EQ(sent["tools"][2]["function"]["name"], "math_hypot_3");
  EXPECT_EQ(sent["tool_choice"]["function"]["name"], "math_hypot_2");
  EXPECT_EQ(sent["messages"][0]["tool_calls"][0]["function"]["name"], "math_hypot_3");
  EXPECT_EQ(sent["messages"][1]["name"], "math_hypot_2");
  EXPECT_EQ(sent["messages"][2], request["messages"][2]) << "a user's name is no tool's";

  const json answer = {
      {"choices",
       {{{"message", {{"tool_calls", calls("math_hypot_3")}}}}, {{"message", {{"tool_calls", calls("math_hypot")}}}}}}};
  const json back = json::parse(with_original_names(answer.dump(), plain->originals));
  EXPECT_EQ(back["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "math/hypot");
  EXPECT_EQ(back["choices"][1]["message"]["tool_calls"][0]["function"]["name"], "math_hypot");
}

TEST(ToolNames, LongOnesAreCutAndToldApart) {
  const std::string longest(70, 'x');
  const auto plain = with_plain_names(json{{"tools", {tool(longest + "a"), tool(longest + "b")}}}.dump());
  ASSERT_TRUE(plain);
  ASSERT_EQ(plain->originals.size(), 2u);
  for (const auto& [name, original] : plain->originals) EXPECT_LE(name.size(), 64u) << original;
}

TEST(ToolNames, OnlyAnErrorAboutTheirFormCounts) {
  const auto refusal = [](int status, const std::string& message) {
    return refuses_tool_names(net::json_response(status, json{{"error", {{"message", message}}}}.dump()));
  };
  EXPECT_TRUE(refusal(400, "Invalid 'tools[0].function.name': string does not match pattern."));
  EXPECT_TRUE(refusal(400, "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"));
  EXPECT_TRUE(refusal(400,
                      "GenerateContentRequest.tools[0].function_declarations[0].name: Invalid function name. Must "
                      "start with a letter or an underscore. Must be alphanumeric"));
  EXPECT_FALSE(refusal(400, "Unknown function name 'f' in tool_choice"));
  EXPECT_FALSE(refusal(500, "tool name: pattern"));
  EXPECT_FALSE(refusal(400, "this model does not support tools"));
}

}  // namespace
}  // namespace fw::modelops
