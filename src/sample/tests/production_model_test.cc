#include "sample/production_model.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sample/impl/understand.h"
#include "sample/sample.h"

namespace fw::sample {
namespace {

using nlohmann::json;

json answered(const json& request) {
  const auto out = ProductionModel().answer(request.dump(), 1'790'812'800);
  return out.ok() ? json::parse(*out) : json{{"refused", out.error().message}};
}
json said(const json& response) { return response["choices"][0]["message"]; }

/// A message without the ids of its calls, which are drawn.
json without_ids(json message) {
  if (message.contains("tool_calls")) message["tool_calls"][0].erase("id");
  return message;
}

/// The share of a sample's good lines that get the answer that the sample has.
double agreement(Workload workload) {
  int same = 0;
  int all = 0;
  for (const auto& line : generate({.workload = workload, .count = 400, .seed = 7})) {
    const json document = json::parse(line, nullptr, false);
    if (document.is_discarded() || !document.contains("response") || document["request"]["messages"].empty()) continue;
    const json expected = without_ids(document["response"]["choices"][0]["message"]);
    if (expected.contains("tool_calls") &&
        !json::accept(expected["tool_calls"][0]["function"]["arguments"].get<std::string>()))
      continue;
    ++all;
    same += without_ids(said(answered(document["request"]))) == expected ? 1 : 0;
  }
  return static_cast<double>(same) / all;
}

TEST(ProductionModel, SaysWhatTheSampleSaysThatItSaid) {
  EXPECT_GE(agreement(Workload::kRouter), 0.995);
  EXPECT_GE(agreement(Workload::kRewriter), 0.995);
  EXPECT_GE(agreement(Workload::kWriter), 0.995);
}

TEST(ProductionModel, PutsAToolsResultIntoWordsForAgentsWithPromptsOfTheirOwn) {
  const json call = {{"id", "c"},
                     {"type", "function"},
                     {"function", {{"name", "get_order"}, {"arguments", R"({"order_id":"A-12345"})"}}}};
  const json request = {
      {"messages",
       {{{"role", "user"}, {"content", "Where is my order A-12345?"}},
        {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {call}}},
        {{"role", "tool"}, {"tool_call_id", "c"}, {"content", R"({"status": "shipped", "arrives": "Friday"})"}}}}};
  EXPECT_EQ(said(answered(request))["content"], "Order A-12345 has been shipped and should arrive on Friday.");
}

TEST(ProductionModel, CallsOnlyToolsThatARequestHas) {
  json request = {{"messages", {{{"role", "user"}, {"content", "Where is my order A-12345?"}}}},
                  {"tools", {{{"type", "function"}, {"function", {{"name", "get_order"}}}}}}};
  EXPECT_EQ(said(answered(request))["tool_calls"][0]["function"]["arguments"], R"({"order_id":"A-12345"})");
  request["tools"][0]["function"]["name"] = "other";
  EXPECT_FALSE(said(answered(request)).contains("tool_calls"));
}

TEST(ProductionModel, AnswersWhatItDoesNotUnderstand) {
  EXPECT_FALSE(said(answered({{"model", "x"}, {"messages", {{{"role", "user"}, {"content", "qwertz"}}}}}))["content"]
                   .get<std::string>()
                   .empty());
  EXPECT_TRUE(answered({{"messages", 5}}).contains("refused"));
  EXPECT_TRUE(answered({{"messages", {1, 2}}}).contains("refused"));
  EXPECT_TRUE(answered(json::array()).contains("refused"));
}

TEST(ProductionModel, AStreamAddsUpToTheAnswer) {
  const json request = {{"messages", {{{"role", "user"}, {"content", "Where is my order A-12345?"}}}},
                        {"tools", {{{"type", "function"}, {"function", {{"name", "get_order"}}}}}}};
  const auto response = ProductionModel().answer(request.dump(), 5).value_or("");
  std::string arguments;
  const auto events = ProductionModel::stream_of(response, true);
  ASSERT_EQ(events.back(), "[DONE]");
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    const json chunk = json::parse(events[i]);
    if (chunk["choices"].empty()) continue;
    const json& delta = chunk["choices"][0]["delta"];
    if (delta.contains("tool_calls")) arguments += delta["tool_calls"][0]["function"]["arguments"].get<std::string>();
  }
  EXPECT_EQ(arguments, R"({"order_id":"A-12345"})");
  EXPECT_EQ(json::parse(events[events.size() - 2])["usage"], json::parse(response)["usage"]);
}

}  // namespace
}  // namespace fw::sample
