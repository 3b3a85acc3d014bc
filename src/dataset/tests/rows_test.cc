#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;

/// One record beside 30 others; the evaluation takes everything, or nothing of it but the newest other.
struct OneRecord {
  OneRecord(const Json& request, const Json& response, bool parse_arguments = true) {
    Traffic traffic;
    traffic.ask_often(30, "get_order").add(request, response);
    SplitSettings split = small_split(31);
    split.parse_function_arguments = parse_arguments;
    eval = find(eval_rows(build_of(traffic.records(), split).value()), "r000030");
    split = small_split(1);
    split.val_ratio = 0;
    split.keep_templates_together = false;  // the record's template is that of others here
    for (std::uint64_t seed = 0; train.is_null(); ++seed) {
      const auto built = build_of(traffic.records(), split, seed).value();
      for (std::size_t i = 0; i < built.lineage.train.size(); ++i) {
        if (*built.lineage.train[i] == "r000030") train = train_rows(built)[i];
      }
    }
  }
  static Json find(const std::vector<Json>& rows, const std::string& id) {
    for (const Json& row : rows) {
      if (row["record_id"] == id) return row;
    }
    return {};
  }
  Json eval;
  Json train;
};

TEST(Rows, OfTrainingAreTheMessagesTheAnswerAndTheTools) {
  Json request = ask("where is 5");
  request["tools"] = Json::array({tool("get_order")});
  Json response = reply(call("get_order", {{"id", 5}}));
  response["choices"][0]["message"]["content"] = "Let me look.";
  response["choices"][0]["message"]["refusal"] = nullptr;
  const OneRecord record(request, response);
  EXPECT_EQ(record.train.dump(),
            R"({"messages":[{"role":"system","content":"You route."},{"role":"user","content":"where is 5"},)"
            R"({"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":)"
            R"({"name":"get_order","arguments":{"id":5}}}]}],"tools":)" +
                request["tools"].dump() + "}");
}

TEST(Rows, WithoutAToolCallKeepTheirText) {
  const OneRecord record(ask("thanks"), reply(say("assistant", "You are welcome.")));
  EXPECT_EQ(record.train["messages"].back()["content"], "You are welcome.");
  EXPECT_FALSE(record.train.contains("tools"));
  EXPECT_EQ(record.eval["label"], "no_tool");
}

TEST(Rows, HoldHistoryArgumentsAsStringsAndNullContentAsEmpty) {
  Json history = call("get_order", {{"id", 5}});
  history["tool_calls"][0]["function"]["arguments"] = {{"id", 5}};
  Json result = say("tool", "sent");
  result["tool_call_id"] = "call_1";
  const OneRecord record(request_of(Json::array({say("user", "a"), history, result})),
                         reply(say("assistant", "It was sent.")));
  for (const Json& messages : {record.train["messages"], record.eval["request"]["messages"]}) {
    EXPECT_EQ(messages[1]["tool_calls"][0]["function"]["arguments"], "{\"id\":5}");
    EXPECT_EQ(messages[1]["content"], "");
  }
}

TEST(Rows, OfEvaluationAreTheRecordWithParsedArguments) {
  Json request = ask("where is 5");
  request["tools"] = Json::array({tool("get_order")});
  request["tool_choice"] = "required";
  Json response = reply(call("get_order", {{"id", 5}}));
  response["usage"] = {{"prompt_tokens", 12}};
  const OneRecord record(request, response);
  EXPECT_EQ(record.eval["record_id"], "r000030");
  EXPECT_EQ(record.eval["label"], "get_order");
  EXPECT_EQ(record.eval["timestamp"], 1'700'000'030);
  EXPECT_EQ(record.eval["request"], request);
  EXPECT_EQ(record.eval["response"]["usage"], response["usage"]);
  const Json& message = record.eval["response"]["choices"][0]["message"];
  EXPECT_EQ(message["content"], "");
  EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"], Json({{"id", 5}}));
}

TEST(Rows, LeaveArgumentsAsTheyCameWhereTheSettingSaysSo) {
  const OneRecord record(ask("where is 5"), reply(call("get_order", {{"id", 5}})), false);
  EXPECT_EQ(record.eval["response"]["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], "{\"id\":5}");
}

TEST(Rows, TakeTheFirstChoiceThatCallsATool) {
  Json response = reply(say("assistant", "hm"));
  response["choices"].push_back({{"index", 1}, {"message", call("cancel", {{"id", 1}})}});
  const OneRecord record(ask("cancel 1"), response);
  EXPECT_EQ(record.eval["label"], "cancel");
  EXPECT_EQ(record.eval["response"]["choices"].size(), 1u);
  EXPECT_EQ(record.train["messages"].back()["tool_calls"][0]["function"]["name"], "cancel");
}

TEST(Rows, CanBeFollowedBackToTheirRecords) {
  Traffic traffic;
  traffic.ask_often(30, "get_order");
  const auto built = build_of(traffic.records(), small_split()).value();
  const auto lineage = rows_of(built.train, "lineage.jsonl");
  const auto train = train_rows(built);
  ASSERT_EQ(lineage.size(), train.size() + validation_rows(built).size());
  for (std::size_t i = 0; i < train.size(); ++i) {
    EXPECT_EQ(lineage[i]["file"], "training/train_data.jsonl");
    EXPECT_EQ(lineage[i]["row"], i);
    const auto number = static_cast<std::size_t>(std::stoi(lineage[i]["record_id"].get<std::string>().substr(1)));
    EXPECT_EQ(Json::parse(traffic.records()[number].request)["messages"][1], train[i]["messages"][1]);
  }
}

}  // namespace
}  // namespace fw::dataset
