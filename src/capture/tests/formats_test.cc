#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "capture/tests/read_records.h"

/// Each format by an example as its writer makes it.
namespace fw::capture {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

const ReadOptions kNamed{
    .workload = record::WorkloadId("w"), .client = record::ClientId("c"), .loaded_at = from_epoch_seconds(5)};

struct Halves {
  json request;
  json response;
  json answer;  // the message of the first choice
  Timestamp time;
};

Halves read_one(std::string_view text) {
  const Outcome outcome = read_records(text, kNamed);
  EXPECT_THAT(outcome.reasons, ElementsAre());
  if (outcome.records.size() != 1) return {};
  const auto& record = outcome.records.front();
  json response = json::parse(record.response);
  json answer = response.at("choices").at(0).at("message");
  return {json::parse(record.request), std::move(response), std::move(answer), record.timestamp};
}

std::string reason(std::string_view text) {
  const Outcome outcome = read_records(text, kNamed);
  return outcome.reasons.empty() ? "" : outcome.reasons.front();
}

TEST(ChatRow, BecomesWhatTheBlueprintsLoaderMakesOfIt) {
  const auto outcome = read_records(
      R"({"messages":[{"role":"user","content":"a  b"},{"role" : "assistant","content":"x"}],"tools":[ {} ]})", kNamed);
  ASSERT_EQ(outcome.records.size(), 1U);
  EXPECT_EQ(
      outcome.records[0].request,
      R"({"model": "not-a-model", "messages": [{"role":"user","content":"a  b"}], "tools": [ {} ], "temperature": 0.7, "max_tokens": 1000})");
  EXPECT_EQ(
      outcome.records[0].response,
      R"({"object": "chat.completion", "model": "not-a-model", "choices": [{"index": 0, "message": {"role" : "assistant","content":"x"}, "finish_reason": "stop"}]})");
  EXPECT_EQ(to_epoch_seconds(outcome.records[0].timestamp), 5);
}

TEST(ChatRow, ToolsMayBeWrittenAsText) {
  const auto row = read_one(
      R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"tools":"[{\"name\":\"f\"}]"})");
  EXPECT_EQ(row.request["tools"][0]["function"]["name"], "f");
}

TEST(ChatRow, WithoutQuestionOrAnswerIsRefused) {
  EXPECT_EQ(reason(R"({"messages":[]})"), "messages has no question before the answer");
  EXPECT_EQ(reason(R"({"messages":[{"role":"assistant"}]})"), "messages has no question before the answer");
  EXPECT_EQ(reason(R"({"messages":{}})"), "messages is not a list");
  EXPECT_EQ(reason(R"({"messages":[{"role":"system"},{"role":"user"}]})"),
            "a request without its answer: none of messages is the assistant's");
  EXPECT_EQ(reason(R"({"messages":[{"role":"user"},{"role":"assistant"},{"role":"tool","content":"7"}]})"),
            "a tool's result that nothing answers: the last of messages is a tool's");
  EXPECT_EQ(reason(R"({"messages":[{"role":"user"},{"role":"assistant"},{"role":"system"},{"role":"user"}]})"),
            "the last of messages is not the assistant's");
  EXPECT_EQ(reason(R"({"messages":[1,2]})"), "the last of messages is not the assistant's");
  EXPECT_EQ(reason(R"({"messages":[{"role":"user"},{"role":"assistant"}],"tools":{}})"), "tools is not a list");
}

TEST(ChatRow, FunctionsOfOlderRowsBecomeTools) {
  const auto row = read_one(
      R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{\"a\":1}"}},
          {"role":"function","name":"f","content":"7"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}}],
          "functions":[{"name":"f","parameters":{"type":"object","properties":{}}}]})");
  EXPECT_EQ(row.request["tools"][0]["type"], "function");
  EXPECT_EQ(row.request["tools"][0]["function"]["name"], "f");
  const json& call = row.request["messages"][1]["tool_calls"][0];
  EXPECT_EQ(call["function"]["arguments"], "{\"a\":1}");
  EXPECT_EQ(row.request["messages"][2]["role"], "tool");
  EXPECT_EQ(row.request["messages"][2]["tool_call_id"], call["id"]);
  EXPECT_EQ(row.answer["tool_calls"][0]["function"]["name"], "f");
  EXPECT_FALSE(row.answer.contains("function_call"));
}

TEST(ChatRow, AnswersOfWeightZeroAreNotTheAnswer) {
  const auto row = read_one(
      R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"good","weight":1},{"role":"user","content":"r"},{"role":"assistant","content":"bad","weight":0}]})");
  EXPECT_EQ(row.answer, (json{{"role", "assistant"}, {"content", "good"}}));
  EXPECT_EQ(row.request["messages"].size(), 1U);
  EXPECT_EQ(reason(R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"x","weight":0}]})"),
            "every answer of messages has weight 0");
}

TEST(ChatRow, ASystemTextBesideTheMessagesIsTheFirst) {
  const auto row =
      read_one(R"({"system":"s","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]})");
  EXPECT_EQ(row.request["messages"][0], (json{{"role", "system"}, {"content", "s"}}));
  EXPECT_EQ(row.request["messages"].size(), 2U);
}

TEST(ChatRow, TheUsersLastWordsAreLeftOutWhereNothingAnswersThem) {
  constexpr const char* kLeftOut = "the user's last words, which nothing answers, were left out";
  const std::string start = R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a")";
  const std::string thanks = R"(},{"role":"user","content":"thanks"},{"role":"user","content":"bye"}])";
  for (const std::string tail : {"", R"(,"functions":[{"name":"f"}])"}) {
    const Outcome outcome = read_records(start + thanks + tail + "}", kNamed);
    ASSERT_EQ(outcome.records.size(), 1U);
    EXPECT_EQ(json::parse(outcome.records[0].request)["messages"].size(), 1U);
    EXPECT_EQ(json::parse(outcome.records[0].response)["choices"][0]["message"]["content"], "a");
    EXPECT_THAT(outcome.repairs, testing::Contains(kLeftOut));
  }
  EXPECT_EQ(reason(start + R"(,"weight":0)" + thanks + "}"), "every answer of messages has weight 0");
  EXPECT_EQ(
      read_one(
          R"({"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"},{"from":"human","value":"r"}]})")
          .answer["content"],
      "a");
}

TEST(DataFlywheelRecord, HasRolesArgumentsAndIdsOfTheApi) {
  const auto record = read_one(
      R"({"contract_version":"1.1","timestamp":1700000000,"workload_id":"agent","client_id":"app","error_details":null,
          "request":{"model":"m","temperature":null,"max_tokens":null,"tools":null,"messages":[{"role":"system","content":"s"},
            {"role":"human","content":"q"},{"role":"ai","content":null,"tool_calls":[{"type":"function","function":{"name":"f","arguments":{"a":1}}}]},
            {"role":"tool","content":"7","tool_call_id":"call_9"},{"role":"chain","content":null}]},
          "response":{"id":"r","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,
            "tool_calls":[{"type":"function","function":{"name":"g","arguments":{}}}]}}],
            "usage":{"token_usage":{"prompt_tokens":3,"completion_tokens":4},"num_llm_calls":1}}})");
  const json& messages = record.request["messages"];
  EXPECT_EQ(messages[1]["role"], "user");
  EXPECT_EQ(messages[2]["role"], "assistant");
  EXPECT_EQ(messages[2]["tool_calls"][0]["id"], "call_9");
  EXPECT_EQ(messages[2]["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
  EXPECT_EQ(messages[4]["role"], "tool");
  EXPECT_FALSE(record.request.contains("temperature"));
  EXPECT_EQ(record.answer["tool_calls"][0]["function"]["arguments"], "{}");
  EXPECT_NE(record.answer["tool_calls"][0]["id"], "");
  EXPECT_EQ(record.response["usage"]["prompt_tokens"], 3);
}

TEST(DataFlywheelRecord, AFailedCallIsRefused) {
  EXPECT_EQ(reason(R"({"contract_version":"1.0","error_details":"boom","request":{},"response":{}})"),
            "the record's call failed (error_details)");
  EXPECT_EQ(reason(R"({"contract_version":"1.0","timestamp":1,"request":{"messages":[]},"response":{"choices":null}})"),
            "response has no choices");
}

TEST(LogDocument, RolesOfOtherLibrariesAreRenamed) {
  const auto record = read_one(
      R"({"timestamp":1,"request":{"messages":[{"role":"human","content":"the \"ai\" said"}]},"response":{"choices":[{"message":{"role":"assistant","content":"a"}}]}})");
  EXPECT_EQ(record.request["messages"][0], (json{{"role", "user"}, {"content", "the \"ai\" said"}}));
}

TEST(ShareGpt, TurnsBecomeMessagesAndCalls) {
  const auto row = read_one(
      R"({"conversations":[{"from":"human","value":"q"},{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{\"a\":1}}"},
          {"from":"observation","value":"7"},{"from":"gpt","value":"a"}],"system":"s","tools":"[{\"name\":\"f\",\"parameters\":{}}]"})");
  EXPECT_EQ(row.request["messages"][0]["role"], "system");
  EXPECT_EQ(row.request["messages"][2]["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
  EXPECT_EQ(row.request["messages"][3]["tool_call_id"], row.request["messages"][2]["tool_calls"][0]["id"]);
  EXPECT_EQ(row.request["tools"][0]["function"]["name"], "f");
  EXPECT_EQ(row.answer["content"], "a");
  EXPECT_EQ(reason(R"({"conversations":"x"})"), "conversations is not a list");
  EXPECT_EQ(read_one(R"({"id":"1","data":["q","a","r","b"]})").request["messages"].size(), 3U);
  EXPECT_THAT(reason(R"({"id":"1","data":["q"]})"), HasSubstr("a request without its answer"));
  EXPECT_EQ(reason(R"({"conversations":[{"from":"human","value":"q"},7]})"),
            "conversations holds a turn that is no message");
}

TEST(PromptCompletion, TextsAndListsOfMessages) {
  EXPECT_EQ(read_one(R"({"prompt":"q","completion":" a"})").answer["content"], " a");
  EXPECT_EQ(read_one(R"({"prompt":"{\"x\":1}","completion":"[1]"})").request["messages"][0]["content"], "{\"x\":1}");
  const auto lists = read_one(
      R"({"prompt":[{"role":"system","content":"s"},{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}]})");
  EXPECT_EQ(lists.request["messages"].size(), 2U);
  EXPECT_EQ(lists.answer["content"], "a");
  EXPECT_EQ(read_one(R"({"instruction":"sum","input":"1 2","output":"3"})").request["messages"][0]["content"],
            "sum\n\n1 2");
  EXPECT_EQ(read_one(R"({"instruction":"i","context":"c","response":"r"})").request["messages"][0]["content"],
            "i\n\nc");
  EXPECT_EQ(read_one(R"({"question":"q","answer":"a"})").answer["content"], "a");
  EXPECT_EQ(reason(R"({"prompt":"q"})"), "completion is missing beside prompt");
  EXPECT_THAT(reason(R"({"prompt":"q","chosen":"a","rejected":"b"})"), HasSubstr("a chosen and a rejected answer"));
}

TEST(Langfuse, GenerationsInBothSpellingsAndItemsOfDatasets) {
  const auto camel = read_one(
      R"({"id":"o1","traceId":"t","type":"GENERATION","startTime":"2023-11-14T22:13:20.000Z","model":"gpt","modelParameters":{"temperature":0.5},
          "input":{"messages":[{"role":"user","content":"q"}],"tools":[{"type":"function","function":{"name":"f"}}]},
          "output":{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},
          "usage":{"input":7,"output":2}})");
  EXPECT_EQ(camel.request["model"], "gpt");
  EXPECT_EQ(camel.request["temperature"], 0.5);
  EXPECT_EQ(camel.request["tools"].size(), 1U);
  EXPECT_EQ(camel.response["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(camel.response["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(camel.time, from_epoch_seconds(1'700'000'000));
  const auto snake = read_one(
      R"({"id":"o","type":"GENERATION","start_time":"2023-11-14 22:13:20","input":"[{\"role\":\"user\",\"content\":\"q\"}]","output":"\"a\""})");
  EXPECT_EQ(snake.request["messages"][0]["content"], "q");
  EXPECT_EQ(snake.time, from_epoch_seconds(1'700'000'000));
  EXPECT_EQ(read_one(R"({"input":[{"role":"user","content":"q"}],"expectedOutput":"a"})").answer["content"], "a");
  EXPECT_EQ(reason(R"({"type":"SPAN","input":"x","output":"y"})"), "a Langfuse observation that is no generation");
}

TEST(Exports, SessionsStayWithTheirCalls) {
  const std::string call =
      R"("request_body":{"model":"m","messages":[{"role":"user","content":"q"}]},"response_body":{"choices":[{"message":{"role":"assistant","content":"a"}}]})";
  for (const std::string& text : {
           std::string(R"({"type":"GENERATION","input":"q","output":"a","sessionId":"s-7"})"),
           std::string(R"({"type":"GENERATION","input":"q","output":"a","session_id":"s-7"})"),
           std::string(R"({"call_type":"completion","model":"m","messages":[{"role":"user","content":"q"}],)") +
               R"("response":{"choices":[{"message":{"role":"assistant","content":"a"}}]},"startTime":1,)" +
               R"("metadata":{"requester_metadata":{"session_id":"s-7"}}})",
           "{" + call + R"(,"request_properties":{"Helicone-Session-Id":"s-7"}})",
           std::string(R"({"object":"chat.completion","messages":[{"role":"user","content":"q"}],)") +
               R"("choices":[{"message":{"role":"assistant","content":"a"}}],"metadata":{"session_id":"s-7"}})",
       }) {
    const auto found = read_records(text, {.workload = record::WorkloadId("w"), .client = record::ClientId("c")});
    ASSERT_EQ(found.records.size(), 1U) << text << (found.reasons.empty() ? "" : found.reasons[0]);
    EXPECT_EQ(found.records[0].provenance.conversation, "s-7") << text;
  }
}

TEST(Langfuse, ATraceIsReadByItsObservations) {
  const Outcome outcome = read_records(
      R"({"id":"t","input":"x","output":"y","observations":[{"type":"GENERATION","input":"q","output":"a"},{"type":"GENERATION","input":"r","output":"b"}]})",
      kNamed);
  EXPECT_EQ(outcome.records.size(), 2U);
}

TEST(Langfuse, LangChainsMessagesAreRead) {
  const auto record = read_one(
      R"({"input":[[{"lc":1,"type":"constructor","id":["langchain","schema","HumanMessage"],"kwargs":{"content":"q"}}]],
          "output":{"type":"ai","content":"","tool_calls":[{"name":"f","args":{"a":1},"id":"c1","type":"tool_call"}]}})");
  EXPECT_EQ(record.request["messages"][0]["role"], "user");
  EXPECT_EQ(record.answer["tool_calls"][0]["id"], "c1");
  EXPECT_EQ(record.answer["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
}

TEST(LiteLlm, PayloadsAndSpendLogs) {
  const auto payload = read_one(
      R"({"id":"1","call_type":"acompletion","status":"success","startTime":1700000000.5,"model":"big","messages":[{"role":"user","content":"q"}],
          "model_parameters":{"temperature":0,"tools":[{"type":"function","function":{"name":"f"}}]},
          "response":{"id":"r","choices":[{"message":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":1}}})");
  EXPECT_EQ(payload.request["tools"].size(), 1U);
  EXPECT_EQ(payload.response["usage"]["prompt_tokens"], 1);
  EXPECT_EQ(to_epoch_seconds(payload.time), 1'700'000'000);
  const auto spend = read_one(
      R"({"request_id":"1","call_type":"acompletion","startTime":"2023-11-14T22:13:20","messages":"{}","model":"big",
          "proxy_server_request":"{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}","response":"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"a\"}}]}"})");
  EXPECT_EQ(spend.request["messages"][0]["content"], "q");
  EXPECT_THAT(reason(R"({"call_type":"acompletion","messages":{},"response":{}})"), HasSubstr("without messages"));
  EXPECT_THAT(reason(R"({"call_type":"aembedding","messages":"x","response":"y"})"), HasSubstr("no chat completion"));
  EXPECT_THAT(reason(R"({"call_type":"acompletion","status":"failure","messages":"x"})"), HasSubstr("failed"));
}

TEST(Langfuse, ParametersThatAreNoNumbersAreLeftOutAndCounted) {
  const Outcome outcome = read_records(
      R"({"type":"GENERATION","modelParameters":{"temperature":"0.5","max_tokens":"inf","top_p":null,"n":"x","seed":7},"input":"q","output":"a"})",
      kNamed);
  ASSERT_EQ(outcome.records.size(), 1U);
  const json request = json::parse(outcome.records[0].request);
  EXPECT_FALSE(request.contains("max_tokens")) << request;
  EXPECT_FALSE(request.contains("n")) << request;
  EXPECT_EQ(request["temperature"], 0.5);
  EXPECT_EQ(request["seed"], 7);
  EXPECT_THAT(outcome.repairs, testing::Contains("a sampling parameter that is no number was left out"));
}

TEST(Helicone, ARequestForEmbeddingsIsNoChat) {
  EXPECT_THAT(
      reason(
          R"({"request_path":"/v1/embeddings","request_created_at":"2023-11-14T22:13:20Z","response_status":200,"request_body":{"model":"te","input":"x"},"response_body":{"data":[{"embedding":[1]}]}})"),
      HasSubstr("no chat completion (an embedding"));
}

TEST(StoredCompletion, PartsOfAMessageStandBesideItsContent) {
  const auto record = read_one(
      R"({"object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a"}}],
          "messages":[{"id":"m-0","role":"user","content":"q","content_parts":null},
                      {"id":"m-1","role":"user","content":null,"content_parts":[{"type":"text","text":"more"}]}]})");
  EXPECT_EQ(
      record.request["messages"],
      json::parse(R"([{"role":"user","content":"q"},{"role":"user","content":[{"type":"text","text":"more"}]}])"));
}

TEST(Helicone, BodiesAreTheHalvesAndTheirLackIsNamed) {
  const auto record = read_one(
      R"({"request_created_at":"2023-11-14T22:13:20Z","response_status":200,"request_body":{"model":"m","messages":[{"role":"user","content":"q"}]},
          "response_body":{"choices":[{"message":{"role":"assistant","content":"a"}}]}})");
  EXPECT_EQ(record.request["model"], "m");
  EXPECT_EQ(record.time, from_epoch_seconds(1'700'000'000));
  const auto fetched = read_one(
      R"({"request_id":"1","request_created_at":"2023-11-14T22:13:20Z","signed_body_url":"https://x","request_body":"","response_body":"",
          "signed_body_content":{"request":{"model":"n","messages":[{"role":"user","content":"q"}]},
          "response":{"choices":[{"message":{"role":"assistant","content":"a"}}]}}})");
  EXPECT_EQ(fetched.request["model"], "n");
  EXPECT_EQ(fetched.response["choices"][0]["message"]["content"], "a");
  for (const char* text : {R"({"request_id":"1","request_created_at":"2023-11-14","signed_body_url":"https://x"})",
                           R"({"request_body":{"heliconeMessage":"too large"},"response_body":{}})"}) {
    EXPECT_THAT(reason(text), HasSubstr("Helicone export without bodies"));
  }
}

TEST(StoredCompletion, NeedsTheMessagesBesideIt) {
  const std::string tail =
      R"("object":"chat.completion","created":1700000000,"model":"m","tools":[{"type":"function","function":{"name":"f"}}],
         "metadata":{"workload_id":"x"},"choices":[{"message":{"role":"assistant","content":"a"}}]})";
  const auto record = read_one(R"({"messages":[{"id":"c-0","role":"user","content":"q"}],)" + tail);
  EXPECT_EQ(record.request["messages"][0], (json{{"role", "user"}, {"content", "q"}}));
  EXPECT_EQ(record.request["tools"].size(), 1U);
  EXPECT_FALSE(record.response.contains("messages"));
  EXPECT_EQ(record.time, from_epoch_seconds(1'700'000'000));
  EXPECT_THAT(reason("{" + tail), HasSubstr("without its request"));
}

TEST(Unreadable, IsNamed) {
  EXPECT_THAT(reason(R"({"resourceSpans":[]})"), HasSubstr("OTLP"));
  EXPECT_THAT(reason(R"({"contents":{}})"), HasSubstr("Gemini"));
  EXPECT_THAT(reason(R"({"object":"response","output":[]})"), HasSubstr("Responses API"));
  EXPECT_THAT(reason(R"({"logs":{"mappings":{}}})"), HasSubstr("elasticdump --type=data"));
  EXPECT_THAT(reason(R"({"resourceLogs":[]})"), HasSubstr("OTLP"));
  EXPECT_THAT(reason(R"({"schemaType":"ModelInvocationLog","input":{},"output":{}})"), HasSubstr("Bedrock"));
  EXPECT_THAT(reason(R"({"candidates":[{"content":{}}]})"), HasSubstr("Gemini"));
  EXPECT_THAT(reason(R"({"model":"m","message":{"role":"assistant"},"done":true})"), HasSubstr("Ollama"));
  EXPECT_THAT(reason(R"({"error":{"message":"invalid key"}})"), HasSubstr("an error that an API answered with"));
  EXPECT_THAT(reason(R"({"log":"{}\n","stream":"stdout"})"), HasSubstr("jq -r .log"));
  EXPECT_THAT(reason(R"({"@timestamp":"2024-11-24","message":"{\"level\":1}"})"), HasSubstr("jq -r .message"));
  EXPECT_THAT(reason(R"({"object":"chat.completion.chunk","choices":[{"delta":{}}]})"),
              HasSubstr("a piece of a streamed"));
  EXPECT_THAT(reason(R"({"id":"s","traceId":"t","type":"SPAN","input":null,"output":null})"),
              HasSubstr("no generation"));
  EXPECT_THAT(reason(R"({"id":"g","traceId":"t","type":"GENERATION","input":null,"output":null})"),
              HasSubstr("without input and output"));
  EXPECT_THAT(reason(R"({"status":401,"message":"Unauthorized"})"), HasSubstr("an error that an API answered with"));
  EXPECT_THAT(reason(R"({"@timestamp":"2024-11-24","@message":"START"})"), HasSubstr("a text that holds no record"));
  EXPECT_THAT(reason(R"({"log":{"entries":[]}})"), HasSubstr("HAR"));
  EXPECT_THAT(reason(R"({"results":[[{"field":"@message"}]]})"), HasSubstr("CloudWatch Logs Insights"));
  EXPECT_THAT(reason(R"({"id":"s","type":"SPAN","input":null})"), HasSubstr("no generation"));
  EXPECT_THAT(reason(R"({"role":"user","content":"q"})"), HasSubstr("a message without its conversation"));
  EXPECT_THAT(reason(R"({"a":{"request":{}},"b":{"request":{}}})"), HasSubstr("records by their ids"));
  EXPECT_THAT(reason(R"({"messages":[{"role":"user","content":"q"}]})"), HasSubstr("a request without its answer"));
  EXPECT_THAT(reason(R"({"messages":[[{"role":"user"}],[{"role":"user"}]]})"), HasSubstr("a list of lists"));
  EXPECT_THAT(reason(R"({"id":"r","run_type":"chain","inputs":{"a":1},"outputs":{"b":1}})"),
              HasSubstr("no call to a model"));
  EXPECT_THAT(reason(R"({"timestamp":1,"request":{"contents":[]},"response":{"candidates":[]}})"), HasSubstr("Gemini"));
  EXPECT_THAT(reason(R"({"name":"x","span_kind":"LLM","attributes":{}})"), HasSubstr("OTLP"));
  EXPECT_THAT(reason(R"({"text":"once"})"), HasSubstr("plain text"));
}

TEST(PromptCompletion, QuestionsAndAnswersUnderTheirUsualNames) {
  for (const auto& [question, answer] : {std::pair("query", "response"),
                                         {"question", "response"},
                                         {"input", "response"},
                                         {"user_input", "answer"},
                                         {"input_text", "output_text"},
                                         {"inputs", "targets"},
                                         {"human", "assistant"},
                                         {"user", "bot"},
                                         {"message", "reply"}}) {
    const std::string row = json{{question, "q"}, {answer, "a"}, {"timestamp", 7}}.dump();
    const auto found = read_one(row);
    EXPECT_EQ(found.request["messages"], json::parse(R"([{"role":"user","content":"q"}])")) << row;
    EXPECT_EQ(found.answer["content"], "a");
    EXPECT_EQ(found.time, from_epoch_seconds(7));
  }
  EXPECT_NE(reason(R"({"user":"alice","response":"ok"})"), "");
  EXPECT_NE(reason(R"({"message":"started","target":"app::main"})"), "");
}

TEST(ChatRow, RolesMayBeInCapitals) {
  const auto row = read_one(R"({"messages":[{"role":"User","content":"q"},{"role":"Chatbot","content":"a"}]})");
  EXPECT_EQ(row.request["messages"][0]["role"], "user");
  EXPECT_EQ(row.answer["role"], "assistant");
}

TEST(ShareGpt, TurnsMayBePairsOrTextsUnderOtherNames) {
  for (const char* text : {R"({"dialogue":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]})",
                           R"({"conversation":[{"human":"q","assistant":"a"}]})", R"({"conversation":["q","a"]})",
                           R"({"conversation":[{"input":"q","output":"a"}]})",
                           R"({"items":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]})"}) {
    const auto row = read_one(text);
    EXPECT_EQ(row.request["messages"][0]["content"], "q") << text;
    EXPECT_EQ(row.answer["content"], "a");
  }
}

const std::string kPieces =
    R"([{"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"hel"}}]},
        {"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}])";

TEST(Helicone, AStreamedAnswerIsPutTogether) {
  std::string stream;
  for (const json& piece : json::parse(kPieces)) stream += "data: " + piece.dump() + "\n\n";
  for (const json& data : {json::parse(kPieces), json(stream + "data: [DONE]\n\n")}) {
    const json row{{"request_created_at", "2023-11-14T22:13:20Z"},
                   {"request_body", {{"model", "m"}, {"messages", {{{"role", "user"}, {"content", "q"}}}}}},
                   {"response_body", {{"streamed_data", data}}}};
    EXPECT_EQ(read_one(row.dump()).answer["content"], "hello");
  }
}

TEST(LogDocument, AnswersInPiecesAndOfOtherApisBecomeChatCompletions) {
  const std::string request = R"({"timestamp":1,"request":{"messages":[{"role":"user","content":"q"}]},"response":)";
  EXPECT_EQ(read_one(request + kPieces + "}").answer["content"], "hello");
  const auto message = read_one(
      R"({"timestamp":1,"request":{"model":"c","max_tokens":9,"system":"s","messages":[{"role":"user","content":"q"}]},
          "response":{"type":"message","role":"assistant","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}})");
  EXPECT_EQ(message.request["messages"][0]["role"], "system");
  EXPECT_EQ(message.answer["content"], "a");
  const auto responses = read_one(
      R"({"timestamp":1,"request":{"model":"m","input":"q"},"response":{"object":"response","status":"completed",
          "output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}]}})");
  EXPECT_EQ(responses.request["messages"][0]["content"], "q");
  EXPECT_EQ(responses.answer["content"], "a");
  const auto proxied = read_one(
      R"({"created_at":"1970-01-01T00:00:01Z","request":{"method":"POST","body":{"messages":[{"role":"user","content":"q"}]}},
          "response":{"status":200,"body":{"choices":[{"message":{"role":"assistant","content":"a"}}]}}})");
  EXPECT_EQ(proxied.request["messages"][0]["content"], "q");
  EXPECT_EQ(proxied.answer["content"], "a");
}

TEST(LoggedCall, BodiesUnderTheNamesOfOtherTools) {
  const std::string request = R"({"model":"m","messages":[{"role":"user","content":"q"}]})";
  const std::string response = R"({"choices":[{"message":{"role":"assistant","content":"a"}}]})";
  for (const auto& [asked, answered] : {std::pair("requestBody", "responseBody"),
                                        {"reqPayload", "respPayload"},
                                        {"function_kwargs", "request_response"},
                                        {"inputs", "outputs"},
                                        {"inputs", "output"}}) {
    const json row{{asked, json::parse(request)}, {answered, json::parse(response)}};
    EXPECT_EQ(read_one(row.dump()).answer["content"], "a") << asked;
  }
  EXPECT_THAT(reason(R"({"requestBody":{"messages":[]},"responseBody":{"error":{}}})"), HasSubstr("failed"));
}

TEST(LangSmith, RunsOfModelsAreRead) {
  const auto run = read_one(
      R"({"run_type":"llm","start_time":"2023-11-14T22:13:20","inputs":{"messages":[[{"id":["langchain","HumanMessage"],"kwargs":{"content":"q"}}]]},
          "outputs":{"generations":[[{"text":"a","message":{"id":["langchain","AIMessage"],"kwargs":{"content":"a"}}}]]}})");
  EXPECT_EQ(run.request["messages"][0]["content"], "q");
  EXPECT_EQ(run.answer["content"], "a");
  EXPECT_EQ(run.time, from_epoch_seconds(1'700'000'000));
}

TEST(LiteLlm, ChoicesOfAnotherKindAreRefused) {
  for (const char* choices : {"true", "1e300", R"("[1]")", "{}", "[]"}) {
    EXPECT_THAT(
        reason(std::string(
                   R"({"call_type":"acompletion","messages":[{"role":"user","content":"q"}],"response":{"choices":)") +
               choices + "}}"),
        HasSubstr("choices that are no list of objects"))
        << choices;
  }
}

TEST(LiteLlm, TextsThatWereRedactedAreNoTraffic) {
  EXPECT_THAT(
      reason(
          R"({"call_type":"acompletion","startTime":1700000000,"messages":[{"role":"user","content":"redacted-by-litellm"}],
                         "response":"a"})"),
      HasSubstr("redacted"));
}

TEST(Exports, AnswersOfSeveralSearchesAreLists) {
  const std::string hit = R"({"_id":"a2345678901234567","_source":{"timestamp":1,"request":{},"response":{}}})";
  EXPECT_EQ(read_records(R"({"docs":[)" + hit + "]}", kNamed).records.size(), 1U);
  EXPECT_EQ(read_records(R"({"responses":[{"hits":{"hits":[)" + hit + "]}}]}", kNamed).records.size(), 1U);
}

TEST(Exports, AnotherExportOfTheSameCallIsTheSameRecord) {
  const std::string call =
      R"({"call_type":"acompletion","startTime":1700000000,"messages":[{"role":"user","content":"q"}],"response":"a")";
  const auto first = read_records(call + "}", kNamed);
  const auto second = read_records(call + R"(,"metadata":{"exported":2}})", kNamed);
  ASSERT_EQ(first.records.size(), 1U);
  EXPECT_EQ(first.records[0].id, second.records.at(0).id);
}

}  // namespace
}  // namespace fw::capture
