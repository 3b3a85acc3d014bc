#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "capture/tests/read_records.h"

/// Calls of Gemini's, Bedrock's and Ollama's own APIs, as their documentation shows them, become chat completions.
namespace fw::capture {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Call {
  json request;
  json choice;
  json response;
};

Call read(const std::string& text) {
  const Outcome outcome = read_records(text, {.workload = record::WorkloadId("w"), .client = record::ClientId("c")});
  EXPECT_THAT(outcome.reasons, testing::ElementsAre());
  if (outcome.records.size() != 1) return {};
  json response = json::parse(outcome.records[0].response);
  json choice = response.at("choices").at(0);
  return {json::parse(outcome.records[0].request), std::move(choice), std::move(response)};
}

std::string reason(const std::string& text) {
  const Outcome outcome = read_records(text, {.workload = record::WorkloadId("w"), .client = record::ClientId("c")});
  return outcome.reasons.empty() ? "" : outcome.reasons.front();
}

std::string call(const std::string& request, const std::string& response) {
  return R"({"timestamp":1,"request":)" + request + R"(,"response":)" + response + "}";
}

const std::string kGeminiRequest =
    R"({"model":"gemini-2.5-flash","systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"weather "},{"text":"in Rome?"}]},
        {"role":"model","parts":[{"functionCall":{"name":"weather","args":{"city":"Rome"}}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"weather","response":{"degrees":21}}}]}],
        "tools":[{"functionDeclarations":[{"name":"weather","description":"d","parameters":{"type":"OBJECT","properties":{"city":{"type":"STRING"}}}}]}],
        "toolConfig":{"functionCallingConfig":{"mode":"ANY"}},"generationConfig":{"temperature":0.2,"maxOutputTokens":64,"stopSequences":["x"],
        "responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}})";

TEST(Gemini, ACallBecomesAChatCompletion) {
  const Call found = read(call(
      kGeminiRequest,
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"21 degrees"}]},"finishReason":"MAX_TOKENS"}],
          "usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"thoughtsTokenCount":2},"modelVersion":"gemini-2.5-flash-001"})"));
  const json& messages = found.request["messages"];
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[0], (json{{"role", "system"}, {"content", "s"}}));
  EXPECT_EQ(messages[1], (json{{"role", "user"}, {"content", "weather in Rome?"}}));
  const json& asked = messages[2]["tool_calls"][0];
  EXPECT_EQ(asked["function"], (json{{"name", "weather"}, {"arguments", R"({"city":"Rome"})"}}));
  EXPECT_EQ(messages[3]["role"], "tool");
  EXPECT_EQ(messages[3]["content"], R"({"degrees":21})");
  EXPECT_EQ(messages[3]["tool_call_id"], asked["id"]);
  EXPECT_EQ(found.request["tools"][0]["function"]["parameters"]["type"], "object");
  EXPECT_EQ(found.request["tools"][0]["function"]["parameters"]["properties"]["city"]["type"], "string");
  EXPECT_EQ(found.request["tool_choice"], "required");
  EXPECT_EQ(found.request["max_tokens"], 64);
  EXPECT_EQ(found.request["stop"], json::array({"x"}));
  EXPECT_EQ(found.request["response_format"]["json_schema"]["schema"]["type"], "object");
  EXPECT_EQ(found.choice["message"]["content"], "21 degrees");
  EXPECT_EQ(found.choice["message"]["reasoning_content"], "hm");
  EXPECT_EQ(found.choice["finish_reason"], "length");
  EXPECT_EQ(found.response["usage"]["completion_tokens"], 5);
}

TEST(Gemini, CallsPiecesAndSnakeCaseAreRead) {
  const Call found = read(
      call(R"({"contents":[{"parts":[{"text":"q"},{"inline_data":{"mime_type":"image/png","data":"QUJD"}}]}]})",
           R"([{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"candidates":[{"content":{"parts":[{"text":"b"},
               {"function_call":{"name":"f","args":{}}}]},"finish_reason":"STOP"}],"usage_metadata":{"prompt_token_count":1}}])"));
  EXPECT_EQ(found.request["messages"][0]["content"][1]["image_url"]["url"], "data:image/png;base64,QUJD");
  EXPECT_EQ(found.choice["message"]["content"], "ab");
  EXPECT_EQ(found.choice["message"]["tool_calls"][0]["function"]["name"], "f");
  EXPECT_EQ(found.choice["finish_reason"], "tool_calls");
}

TEST(Gemini, SaysHowAnAnswerEnded) {
  const auto ended = [](const std::string& reason) {
    return read(call(kGeminiRequest,
                     R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":")" + reason + R"("}]})"))
        .choice["finish_reason"];
  };
  EXPECT_EQ(ended("STOP"), "stop");
  EXPECT_EQ(ended("PROHIBITED_CONTENT"), "content_filter");
  EXPECT_EQ(ended("MALFORMED_FUNCTION_CALL"), "error");
}

TEST(Gemini, WhatHasNoPlaceOrNoAnswerIsRefused) {
  EXPECT_THAT(reason(call(kGeminiRequest, R"({"candidates":[],"promptFeedback":{"blockReason":"SAFETY"}})")),
              HasSubstr("without an answer"));
  EXPECT_THAT(reason(call(R"({"contents":[{"parts":[{"fileData":{"fileUri":"u"}}]}]})", R"({"candidates":[{}]})")),
              HasSubstr("has no place for"));
}

TEST(Gemini, TuningRowsAreRead) {
  const Call found = read(
      R"({"systemInstruction":{"role":"system","parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[{"text":"a"}]}]})");
  EXPECT_EQ(found.request["messages"].size(), 2U);
  EXPECT_EQ(found.choice["message"]["content"], "a");
}

const std::string kConverseRequest =
    R"({"modelId":"m","system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"q"}]},
        {"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"f","input":{"a":1}}}]},
        {"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"json":{"b":2}}],"status":"success"}}]}],
        "inferenceConfig":{"maxTokens":64,"temperature":0.2,"stopSequences":["x"]},
        "toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}}}}],"toolChoice":{"any":{}}}})";

TEST(Converse, ACallBecomesAChatCompletion) {
  const Call found = read(call(
      kConverseRequest,
      R"({"output":{"message":{"role":"assistant","content":[{"text":"a"},{"toolUse":{"toolUseId":"t2","name":"f","input":{}}}]}},
          "stopReason":"tool_use","usage":{"inputTokens":9,"outputTokens":3,"totalTokens":12}})"));
  const json& messages = found.request["messages"];
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[0], (json{{"role", "system"}, {"content", "s"}}));
  EXPECT_EQ(messages[2]["tool_calls"][0]["function"]["arguments"], R"({"a":1})");
  EXPECT_EQ(messages[3]["tool_call_id"], "t1");
  EXPECT_EQ(messages[3]["content"], R"({"b":2})");
  EXPECT_EQ(found.request["tools"][0]["function"]["parameters"]["type"], "object");
  EXPECT_EQ(found.request["tool_choice"], "required");
  EXPECT_EQ(found.request["max_tokens"], 64);
  EXPECT_EQ(found.request["flywheel"]["dialect"], "converse");
  EXPECT_EQ(found.choice["message"]["tool_calls"][0]["id"], "t2");
  EXPECT_EQ(found.choice["finish_reason"], "tool_calls");
  EXPECT_EQ(found.response["usage"]["completion_tokens"], 3);
  EXPECT_THAT(reason(call(kConverseRequest, R"({"stopReason":"x"})")), HasSubstr("without an answer"));
}

TEST(Converse, TuningRowsAndInvocationLogsAreRead) {
  EXPECT_EQ(
      read(
          R"({"schemaVersion":"bedrock-conversation-2024","system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"text":"a"}]}]})")
          .choice["message"]["content"],
      "a");
  EXPECT_EQ(
      read(
          R"({"schemaType":"ModelInvocationLog","timestamp":"2024-11-24T14:53:20Z","operation":"Converse","input":{"inputBodyJson":{"messages":[{"role":"user","content":[{"text":"q"}]}]}},
              "output":{"outputBodyJson":{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"end_turn"}}})")
          .choice["finish_reason"],
      "stop");
}

TEST(Ollama, CallsOfBothAddressesAreRead) {
  const Call chat = read(call(
      R"({"model":"m","messages":[{"role":"user","content":"q","images":["iVBORw0"]}],"options":{"temperature":0,"num_predict":9,"num_ctx":4096},
               "format":{"type":"object"},"tools":[{"type":"function","function":{"name":"f"}}],"stream":false})",
      R"({"model":"m","created_at":"2024-11-24T14:53:20.123Z","message":{"role":"assistant","content":"","thinking":"hm",
               "tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":2})"));
  EXPECT_EQ(chat.request["messages"][0]["content"][1]["image_url"]["url"], "data:image/png;base64,iVBORw0");
  EXPECT_EQ(chat.request["max_tokens"], 9);
  EXPECT_EQ(chat.request["flywheel"]["not_mapped"], json::array({"options.num_ctx"}));
  EXPECT_EQ(chat.request["response_format"]["type"], "json_schema");
  EXPECT_EQ(chat.choice["message"]["tool_calls"][0]["function"]["arguments"], R"({"a":1})");
  EXPECT_EQ(chat.choice["message"]["reasoning_content"], "hm");
  EXPECT_EQ(chat.response["usage"]["total_tokens"], 9);
  const Call generate = read(call(R"({"model":"m","system":"s","prompt":"q"})",
                                  R"({"model":"m","response":"a","done":true,"done_reason":"length"})"));
  EXPECT_EQ(generate.request["messages"].size(), 2U);
  EXPECT_EQ(generate.choice["message"]["content"], "a");
  EXPECT_EQ(generate.choice["finish_reason"], "length");
}

TEST(Ollama, AnAnswerInPiecesIsPutTogether) {
  const std::string request = R"({"model":"m","messages":[{"role":"user","content":"q"}]})";
  const std::string first = R"({"model":"m","message":{"role":"assistant","content":"hel"},"done":false})";
  const std::string last = R"({"model":"m","message":{"role":"assistant","content":"lo"},"done":true})";
  EXPECT_EQ(read(call(request, "[" + first + "," + last + "]")).choice["message"]["content"], "hello");
  EXPECT_THAT(reason(call(request, "[" + first + "]")), HasSubstr("has no end"));
}

}  // namespace
}  // namespace fw::capture
