#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "capture/tests/read_records.h"

/// Rows of TensorZero's tables, as its documentation of the data model and of the inference API shows them.
namespace fw::capture {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

json row(const json& more) {
  json out = json::parse(R"({"id": "0196a7d5-7400-7000-8000-000000000001", "function_name": "router",
      "variant_name": "gpt4", "episode_id": "0196a7d5-7400-7000-8000-0000000000ee", "processing_time_ms": 900,
      "tags": {"client_id": "shop", "tier": "gold"},
      "input": {"system": "You route", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
      "output": [{"type": "text", "text": "hello"}]})");
  out.merge_patch(more);
  return out;
}

struct Read {
  json request;
  json answer;
  record::Interaction record;
  std::vector<std::string> repairs;
};

Read read(const json& written) {
  Outcome outcome = read_records(written.dump(), {});
  EXPECT_THAT(outcome.reasons, IsEmpty());
  if (outcome.records.size() != 1) return {};
  record::Interaction& record = outcome.records.front();
  return {json::parse(record.request), json::parse(record.response).at("choices").at(0), record, outcome.repairs};
}

std::string reason(const json& more) {
  const Outcome outcome = read_records(row(more).dump(), {});
  EXPECT_THAT(outcome.records, IsEmpty());
  return outcome.reasons.empty() ? "" : outcome.reasons.front();
}

TEST(TensorZero, AChatInferenceIsAChatCompletion) {
  const Read found = read(row(json::object()));
  EXPECT_EQ(found.request["messages"],
            json::parse(R"([{"role": "system", "content": "You route"}, {"role": "user", "content": "hi"}])"));
  EXPECT_EQ(found.answer["message"], json::parse(R"({"role": "assistant", "content": "hello"})"));
  EXPECT_EQ(*found.record.workload, "router");
  EXPECT_EQ(*found.record.client, "shop");
  EXPECT_EQ(found.record.provenance.conversation, "0196a7d5-7400-7000-8000-0000000000ee");
  EXPECT_EQ(found.record.provenance.total, std::chrono::milliseconds(900));
  EXPECT_THAT(found.record.provenance.tags, ElementsAre(record::Tag{"tier", "gold"}));
  EXPECT_EQ(to_iso8601(found.record.timestamp).substr(0, 10), "2025-05-06") << "the time in an id of version 7";
  EXPECT_THAT(found.repairs, IsEmpty());
}

TEST(TensorZero, ColumnsOfJsonMayBeText) {
  json written = row({{"timestamp", "2025-05-01 10:00:00"}});
  const Read as_json = read(written);
  for (const char* key : {"input", "output", "tags"}) written[key] = written[key].dump();
  const Read as_text = read(written);
  EXPECT_EQ(as_text.record.request, as_json.record.request);
  EXPECT_EQ(as_text.record.response, as_json.record.response);
  EXPECT_EQ(*as_text.record.client, "shop");
  EXPECT_EQ(as_text.record.id, as_json.record.id) << "one inference, in whatever form it was exported";
  EXPECT_EQ(to_iso8601(as_text.record.timestamp).substr(0, 19), "2025-05-01T10:00:00");
}

TEST(TensorZero, CallsToolsAndResultsAreTheApis) {
  const Read found = read(row(json::parse(R"({
      "input": {"messages": [{"role": "user", "content": "weather?"},
        {"role": "assistant", "content": [{"type": "text", "value": "I look"},
          {"type": "tool_call", "id": "c1", "name": "weather", "arguments": "{\"city\": \"Oslo\"}"}]},
        {"role": "user", "content": [{"type": "tool_result", "id": "c1", "name": "weather", "result": "21"},
          {"type": "text", "text": "and in Rome?"}]}]},
      "output": [{"type": "tool_call", "id": "c2", "name": "weather", "arguments": {"city": "Rome"},
                  "raw_name": "weather", "raw_arguments": "{\"city\":  \"Rome\"}"}],
      "tool_params": {"tools_available": [{"name": "weather", "description": "d", "strict": false,
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}],
        "tool_choice": {"specific": "weather"}, "parallel_tool_calls": false},
      "inference_params": {"chat_completion": {"temperature": 0.1, "max_tokens": 99, "stop_sequences": ["x"]}}})")));
  const json& messages = found.request["messages"];
  ASSERT_EQ(messages.size(), 5U) << messages;
  EXPECT_EQ(messages[2]["content"], "I look");
  EXPECT_EQ(messages[2]["tool_calls"][0]["function"],
            (json{{"name", "weather"}, {"arguments", R"({"city": "Oslo"})"}}));
  EXPECT_EQ(messages[3], (json{{"role", "tool"}, {"tool_call_id", "c1"}, {"content", "21"}}));
  EXPECT_EQ(messages[4], (json{{"role", "user"}, {"content", "and in Rome?"}}));
  EXPECT_EQ(found.answer["finish_reason"], "tool_calls");
  EXPECT_EQ(found.answer["message"]["tool_calls"][0]["function"]["arguments"], R"({"city":  "Rome"})");
  EXPECT_EQ(found.request["tools"][0]["function"]["parameters"]["properties"]["city"]["type"], "string");
  EXPECT_EQ(found.request["tool_choice"]["function"]["name"], "weather");
  EXPECT_EQ(found.request["parallel_tool_calls"], false);
  EXPECT_EQ(found.request["temperature"], 0.1);
  EXPECT_EQ(found.request["max_tokens"], 99);
  EXPECT_EQ(found.request["stop"], json::array({"x"}));
}

TEST(TensorZero, AJsonInferenceAsksForItsSchema) {
  const Read found = read(row(json::parse(R"({"output": {"raw": "{\"a\": 1}", "parsed": {"a": 1}},
      "output_schema": {"type": "object"}, "inference_params": {"chat_completion": {"json_mode": "strict"}}})")));
  EXPECT_EQ(found.answer["message"]["content"], R"({"a": 1})");
  const json& form = found.request["response_format"];
  EXPECT_EQ(form["json_schema"], (json{{"name", "router"}, {"schema", {{"type", "object"}}}, {"strict", true}}));
}

TEST(TensorZero, WhatHasNoPlaceIsCounted) {
  const Read found = read(row(json::parse(R"({"output": [{"type": "thought", "text": "hm", "signature": "s"},
      {"type": "text", "text": "hello"}], "inference_params": {"chat_completion": {"verbosity": "low"}},
      "provider_tools": [{"scope": null, "tool": {"type": "web_search"}}]})")));
  EXPECT_EQ(found.request["flywheel"]["not_mapped"],
            json::array({"provider_tools", "inference_params.verbosity", "thought.signature"}));
  EXPECT_EQ(found.answer["message"]["reasoning_content"], "hm");
  EXPECT_THAT(found.repairs, ElementsAre(HasSubstr("TensorZero")));
}

TEST(TensorZero, WhatTheRowDoesNotSayIsRefusedByName) {
  EXPECT_THAT(reason({{"input", {{"system", {{"assistant_name", "Al"}}}}}}), HasSubstr("arguments of a template"));
  for (const char* block :
       {R"({"type": "template", "name": "user", "arguments": {"q": "x"}})",
        R"({"type": "text", "arguments": {"q": "x"}})", R"({"type": "text", "value": {"q": "x"}})"}) {
    const json content = json::array({json::parse(block)});
    EXPECT_THAT(reason({{"input", {{"messages", json::array({{{"role", "user"}, {"content", content}}})}}}}),
                HasSubstr("arguments of a template"))
        << block;
  }
  EXPECT_THAT(reason({{"allowed_tools", {{"tools", {"weather"}}}}}), HasSubstr("configuration alone"));
  EXPECT_THAT(reason({{"output", json::array()}}), HasSubstr("without an answer"));
  EXPECT_THAT(reason({{"output", {{"raw", nullptr}, {"parsed", nullptr}}}}), HasSubstr("without an answer"));
  EXPECT_THAT(reason({{"output", json::array({{{"type", "unknown"}, {"data", 1}}})}}), HasSubstr("a kind"));
  EXPECT_THAT(reason({{"input", {{"messages", 5}}}}), HasSubstr("without input.messages"));
}

TEST(TensorZero, ColumnsOfAnyTypeAreReadOrRefused) {
  for (const char* key : {"id", "function_name", "variant_name", "episode_id", "input", "output", "tool_params", "tags",
                          "inference_params", "output_schema", "processing_time_ms", "allowed_tools", "extra_body"}) {
    for (const char* value : {"null", "5", "\"x\"", "[]", "[null]", "{}", R"({"chat_completion": [], "tools": 5})",
                              R"([{"type": null}])", R"({"messages": [null]})", R"({"tools_available": [null, 5]})"}) {
      json written = row(json::object());
      written[key] = json::parse(value);
      const Outcome outcome = read_records(written.dump(), {});
      EXPECT_EQ(outcome.records.size() + outcome.reasons.size(), 1U) << key << ' ' << value;
    }
  }
}

}  // namespace
}  // namespace fw::capture
