#include "dataset/export_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataset/impl/export_table.h"

namespace fw::dataset {
namespace {

using Json = nlohmann::ordered_json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

struct Exported {
  ExportedRows counts;
  std::vector<Json> lines;
};

Exported exported(const std::vector<Json>& rows, RowFormat format) {
  std::string file;
  for (const Json& row : rows) file += row.dump() + '\n';
  Exported out;
  const auto counts =
      export_rows(file, format, FileType::kJsonLines, Deadline::never(), [&](std::string_view line) -> Status {
        EXPECT_TRUE(line.ends_with('\n'));
        out.lines.push_back(Json::parse(line));
        return {};
      });
  EXPECT_TRUE(counts.ok()) << counts.error();
  out.counts = *counts;
  std::uint64_t left_out = 0;
  for (const auto& [reason, count] : out.counts.left_out) left_out += count;
  EXPECT_EQ(out.counts.rows, out.counts.written + left_out);
  EXPECT_EQ(out.counts.written, out.lines.size());
  return out;
}

/// The reason for which a row is left out.
std::string reason(const Json& row, RowFormat format) {
  const auto out = exported({row}, format);
  EXPECT_THAT(out.lines, IsEmpty());
  return out.counts.left_out.empty() ? "" : out.counts.left_out.begin()->first;
}

Json say(const char* role, const std::string& text) { return {{"role", role}, {"content", text}}; }
Json call(const char* id, const char* name, const Json& arguments) {
  return {{"id", id}, {"type", "function"}, {"function", {{"name", name}, {"arguments", arguments}}}};
}
Json calling(const std::vector<Json>& calls, const std::string& text = "") {
  return {{"role", "assistant"}, {"content", text}, {"tool_calls", calls}};
}
Json result(const char* id, const char* text) { return {{"role", "tool"}, {"tool_call_id", id}, {"content", text}}; }
Json tools(const std::vector<std::string>& names) {
  Json out = Json::array();
  for (const auto& name : names) {
    out.push_back({{"type", "function"}, {"function", {{"name", name}, {"parameters", {{"type", "object"}}}}}});
  }
  return out;
}
Json row(const std::vector<Json>& messages, const Json& offered = nullptr) {
  Json out{{"messages", messages}};
  if (!offered.is_null()) out["tools"] = offered;
  return out;
}

const Json kChat = row({say("system", "You help."), say("user", "hi"), say("assistant", "hello")});
const Json kCall = row({say("system", "You route."), say("user", "Where is order 4711?"),
                        calling({call("c1", "get_order", Json{{"id", 4711}})})},
                       tools({"get_order"}));
const Json kTurns = row(
    {say("user", "Where is 4711?"), calling({call("c1", "get_order", R"({"id": 4711})")}), result("c1", "on its way"),
     say("assistant", "It is on its way."), say("user", "thanks"), say("assistant", "You are welcome.")},
    tools({"get_order"}));
const Json kParallel =
    row({say("user", "both"), calling({call("a", "f", Json::object()), call("b", "f", Json::object())})}, tools({"f"}));

TEST(ExportRows, EveryReasonAndRowIsCounted) {
  const auto out = exported({kChat, kCall, kTurns, kParallel}, RowFormat::kPromptCompletion);
  EXPECT_EQ(out.counts.rows, 4U);
  EXPECT_EQ(out.counts.written, 1U);
  EXPECT_THAT(out.counts.left_out, ElementsAre(Pair("an answer that calls a tool", 2U), Pair("earlier turns", 1U)));
  EXPECT_THAT(out.counts.changed, ElementsAre(Pair("the system message as the prompt's beginning", 1U)));
  EXPECT_EQ(out.lines[0], Json({{"prompt", "You help.\n\nhi"}, {"completion", "hello"}}));
}

TEST(ExportRows, OpenAiTakesArgumentsAsTextAndTheLossIsOnTheAnswerAlone) {
  const auto out = exported({kCall, kTurns, kParallel}, RowFormat::kOpenAi);
  ASSERT_THAT(out.lines, SizeIs(3));
  const Json answer = out.lines[0]["messages"].back();
  EXPECT_EQ(Json::parse(answer["tool_calls"][0]["function"]["arguments"].get<std::string>()), Json({{"id", 4711}}));
  EXPECT_FALSE(answer.contains("content"));
  EXPECT_FALSE(answer.contains("weight"));
  EXPECT_EQ(out.lines[1]["messages"][1]["weight"], 0);
  EXPECT_EQ(out.lines[1]["messages"][1]["tool_calls"][0]["function"]["arguments"], R"({"id": 4711})");
  EXPECT_EQ(out.lines[1]["messages"][3]["weight"], 0);
  EXPECT_FALSE(out.lines[1]["messages"][5].contains("weight"));
  EXPECT_FALSE(out.lines[1]["messages"][0].contains("weight"));
  EXPECT_THAT(out.lines[2]["messages"][1]["tool_calls"], SizeIs(2));
}

TEST(ExportRows, OpenAiLeavesOutWhatItsRulesRefuse) {
  constexpr auto kOpenAi = RowFormat::kOpenAi;
  EXPECT_THAT(
      reason(row({say("user", "x"), calling({call("a", "requests.get", Json::object())})}, tools({"requests.get"})),
             kOpenAi),
      HasSubstr("tool's name"));
  EXPECT_EQ(reason(row({say("user", "x"), calling({call("a", "f", Json::object())})}), kOpenAi),
            "a call without tools");
  EXPECT_EQ(reason(row({say("user", "x"), calling({call("a", "f", "no JSON")})}, tools({"f"})), kOpenAi),
            "a call whose arguments are no JSON object");
  EXPECT_EQ(reason(row({say("user", "x"), calling({call("a", "g", Json::object())})}, tools({"f"})), kOpenAi),
            "a call of a tool that is not among the row's tools");
  EXPECT_EQ(reason(row({say("user", "x"), say("assistant", "")}), kOpenAi), "an answer without text or call");
  EXPECT_EQ(
      reason(row({say("user", "x"), calling({call("a", "f", Json::object())}), say("user", "y"), say("assistant", "z")},
                 tools({"f"})),
             kOpenAi),
      "a call without its result");
  EXPECT_EQ(reason(row({say("user", "x"), result("a", "r"), say("assistant", "z")}), kOpenAi),
            "a result without its call");
  EXPECT_EQ(reason(row({say("user", "x")}), kOpenAi), "a row that does not end with an answer");
  std::vector<std::string> many;
  for (int i = 0; i < 129; ++i) many.push_back("f" + std::to_string(i));
  EXPECT_EQ(reason(row({say("user", "x"), say("assistant", "y")}, tools(many)), kOpenAi), "more than 128 tools");
}

TEST(ExportRows, ADevelopersMessageIsTheSystemsAndIsSaid) {
  const auto out = exported({row({say("developer", "You help."), say("user", "hi"), say("assistant", "hello")})},
                            RowFormat::kOpenAi);
  EXPECT_EQ(out.lines[0]["messages"][0]["role"], "system");
  EXPECT_THAT(out.counts.changed, Contains(Pair("a developer's message as the system's", 1U)));
}

TEST(ExportRows, ShareGptTurnsAlternateAndCallsAreJson) {
  const auto out = exported({kChat, kCall, kTurns}, RowFormat::kShareGpt);
  ASSERT_THAT(out.lines, SizeIs(3));
  EXPECT_EQ(out.lines[0]["conversations"], Json::parse(R"([{"from": "system", "value": "You help."},
      {"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}])"));
  const Json called = out.lines[1]["conversations"].back();
  EXPECT_EQ(called["from"], "function_call");
  EXPECT_EQ(Json::parse(called["value"].get<std::string>()),
            Json::parse(R"({"name": "get_order", "arguments": {"id": 4711}})"));
  EXPECT_EQ(Json::parse(out.lines[1]["tools"].get<std::string>())[0]["name"], "get_order");
  std::vector<std::string> from;
  for (const Json& turn : out.lines[2]["conversations"]) from.push_back(turn["from"]);
  EXPECT_THAT(from, ElementsAre("human", "function_call", "observation", "gpt", "human", "gpt"));
}

TEST(ExportRows, ShareGptLeavesOutWhatItsReadersWouldThrowAway) {
  constexpr auto kShareGpt = RowFormat::kShareGpt;
  EXPECT_EQ(reason(kParallel, kShareGpt), "several calls in one message");
  EXPECT_EQ(reason(row({say("user", "a"), say("user", "b"), say("assistant", "c")}), kShareGpt),
            "turns that do not alternate");
  EXPECT_EQ(reason(row({say("user", "a"), say("system", "b"), say("assistant", "c")}), kShareGpt),
            "a system message that is not the first");
  EXPECT_EQ(
      reason(row({say("user", "a"), calling({call("x", "f", Json::object())}, "I look.")}, tools({"f"})), kShareGpt),
      "text beside a call");
  EXPECT_EQ(
      reason(row({say("user", "a"), calling({call("x", "f", Json::object())}), say("user", "b"), say("assistant", "c")},
                 tools({"f"})),
             kShareGpt),
      "a call without its result");
}

TEST(ExportRows, ImagesAreSaidWhereTheyCanBe) {
  Json image = row({Json{{"role", "user"},
                         {"content",
                          {{{"type", "text"}, {"text", "what is it"}},
                           {{"type", "image_url"}, {"image_url", {{"url", "data:,"}}}}}}},
                    say("assistant", "a cat")});
  EXPECT_THAT(exported({image}, RowFormat::kOpenAi).lines, SizeIs(1));
  EXPECT_EQ(reason(image, RowFormat::kShareGpt), "content that is no text");
  EXPECT_EQ(reason(image, RowFormat::kPromptCompletion), "content that is no text");
}

TEST(ExportRows, EvaluationRowsEndWithTheirAnswer) {
  const Json evaluation{{"record_id", "r1"},
                        {"request", {{"model", "big"}, {"messages", {say("user", "hi")}}}},
                        {"response", {{"choices", {{{"message", say("assistant", "hello")}}}}}}};
  const auto out = exported({evaluation}, RowFormat::kChat);
  EXPECT_EQ(out.lines[0], Json({{"messages", {say("user", "hi"), say("assistant", "hello")}}}));
}

TEST(ExportRows, ALineThatIsNoRowIsNamed) {
  const auto out = export_rows(kChat.dump() + "\n\n{\"x\": 1}\n", RowFormat::kChat, FileType::kJsonLines,
                               Deadline::never(), [](std::string_view) { return Status(); });
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().message, HasSubstr("line 3"));
}

TEST(ExportRows, WhatOpenAiDoesNotKnowIsLeftOutOfItsMessagesAndCounted) {
  const Json row = Json::parse(R"({"messages": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b", "reasoning_content": "hm", "refusal": null}, {"role": "user", "content": "c"},
      {"role": "assistant", "content": "d", "annotations": ["x"], "audio": null}]})");
  std::string lines;
  const auto out = export_rows(row.dump() + "\n", RowFormat::kOpenAi, FileType::kJsonLines, Deadline::never(),
                               [&](std::string_view piece) {
                                 lines += piece;
                                 return Status();
                               });
  ASSERT_TRUE(out.ok()) << out.error();
  EXPECT_EQ(Json::parse(lines)["messages"], Json::parse(R"([{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b", "weight": 0}, {"role": "user", "content": "c"},
      {"role": "assistant", "content": "d"}])"));
  EXPECT_EQ(out->changed,
            (std::map<std::string, std::uint64_t>{{"a message without its reasoning", 1},
                                                  {"a message without keys that OpenAI does not know", 1}}));
}

TEST(ExportRows, AColumnHoldsWhatHasNoneOfItsOwn) {
  Json odd = Json::parse(R"({"messages": [{"role": "assistant", "content": "so", "refusal": null, "reasoning": "r",
      "tool_calls": [{"id": "a", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{}", "x": 1}}]}],
      "tools": [{"type": "function"}]})");
  std::set<std::string> changed;
  EXPECT_EQ(put_in_columns(odd, changed), "");
  EXPECT_EQ(odd, Json::parse(R"({"messages": [{"role": "assistant", "content": "so",
      "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
      "other": "{\"reasoning\":\"r\",\"tool_calls\":[{\"index\":0,\"function\":{\"x\":1}}]}"}],
      "tools": "[{\"type\":\"function\"}]"})"));
  EXPECT_THAT(changed, IsEmpty());
}

TEST(ExportRows, ATableCountsItsRowsAndSaysWhatItCannotHold) {
  std::string table;
  const auto write = [&](std::string_view piece) -> Status {
    table += piece;
    return {};
  };
  Json numbered = kChat;
  numbered["messages"][1]["name"] = 7;
  const std::string file = kChat.dump() + '\n' + numbered.dump() + '\n' + kTurns.dump() + '\n';
  const auto out = export_rows(file, RowFormat::kChat, FileType::kParquet, Deadline::never(), write);
  EXPECT_EQ(out->written, 2U);
  EXPECT_THAT(out->left_out, ElementsAre(Pair("messages.name is not a text", 1U)));
  EXPECT_TRUE(table.starts_with("PAR1") && table.ends_with("PAR1"));
  table.clear();
  EXPECT_EQ(export_rows(numbered.dump(), RowFormat::kChat, FileType::kParquet, Deadline::never(), write)->written, 0U);
  EXPECT_EQ(table, "");
}

TEST(ExportRows, FormatsThatThereAre) {
  for (const char* name : {"chat", "openai", "prompt-completion", "sharegpt"}) EXPECT_TRUE(parse_row_format(name).ok());
  EXPECT_THAT(parse_row_format("alpaca").error().message, HasSubstr("sharegpt"));
}

}  // namespace
}  // namespace fw::dataset
