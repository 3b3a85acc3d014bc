#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/completions/tests/stream_fixture.h"

/// Anthropic's /v1/messages, both directions.
namespace fw::capture {
namespace {

using record::Ending;
using testing::HasSubstr;

std::string named(const std::string& data) {
  return "event: " + json::parse(data)["type"].get<std::string>() + "\n" + event(data);
}
std::string start(int index, const std::string& block) {
  return named(R"({"type":"content_block_start","index":)" + std::to_string(index) + R"(,"content_block":)" + block +
               "}");
}
std::string block_delta(int index, const std::string& inner) {
  return named(R"({"type":"content_block_delta","index":)" + std::to_string(index) + R"(,"delta":)" + inner + "}");
}
const std::string kHead = named(
    R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],)"
    R"("model":"claude-x","stop_reason":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}})");
std::string end(const std::string& reason) {
  return named(R"({"type":"message_delta","delta":{"stop_reason":")" + reason +
               R"(","stop_sequence":null},"usage":{"output_tokens":9}})") +
         named(R"({"type":"message_stop"})");
}
Rebuilt messages(const std::string& stream, bool client_gone = false) {
  return rebuilt(stream, client_gone, Dialect::kMessages);
}
json request(const std::string& body) {
  const auto out = as_chat_request(Dialect::kMessages, body);
  return out.ok() ? json::parse(*out) : json(out.error().message);
}
json answer(const std::string& body) { return json::parse(as_chat_response(Dialect::kMessages, body).value_or("0")); }

TEST(Messages, TextThinkingAndCallsOfAStreamAreOneMessage) {
  const auto out =
      messages(kHead + named(R"({"type":"ping"})") + start(0, R"({"type":"thinking","thinking":"","signature":""})") +
               block_delta(0, R"({"type":"thinking_delta","thinking":"hm "})") +
               block_delta(0, R"({"type":"thinking_delta","thinking":"ok"})") +
               block_delta(0, R"({"type":"signature_delta","signature":"c2ln"})") +
               start(1, R"({"type":"text","text":""})") + block_delta(1, R"({"type":"text_delta","text":"Let me "})") +
               block_delta(1, R"({"type":"text_delta","text":"look."})") +
               start(2, R"({"type":"tool_use","id":"toolu_1","name":"look","input":{}})") +
               block_delta(2, R"({"type":"input_json_delta","partial_json":""})") +
               block_delta(2, R"({"type":"input_json_delta","partial_json":"{\"city\": \"S"})") +
               block_delta(2, R"({"type":"input_json_delta","partial_json":"F\"}"})") +
               start(3, R"({"type":"tool_use","id":"toolu_2","name":"now","input":{}})") + end("tool_use"));
  EXPECT_EQ(out.message()["reasoning_content"], "hm ok");
  EXPECT_EQ(out.message()["reasoning_details"][0]["signature"], "c2ln");
  EXPECT_EQ(out.message()["content"], "Let me look.");
  EXPECT_EQ(
      out.message()["tool_calls"],
      json::parse(R"([{"id":"toolu_1","type":"function","function":{"name":"look","arguments":"{\"city\": \"SF\"}"}},
                            {"id":"toolu_2","type":"function","function":{"name":"now","arguments":"{}"}}])"));
  EXPECT_EQ(out.response["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
  EXPECT_EQ(out.outcome.model, "claude-x");
  EXPECT_EQ(out.response["flywheel"], json({{"dialect", "messages"}}));
}

TEST(Messages, UsageOfTheHeadAndOfTheEndIsOne) {
  const auto out = messages(kHead + end("end_turn"));
  EXPECT_EQ(out.response["usage"]["prompt_tokens"], 15);
  EXPECT_EQ(out.response["usage"]["completion_tokens"], 9);
  EXPECT_EQ(out.response["usage"]["total_tokens"], 24);
  EXPECT_EQ(out.response["usage"]["prompt_tokens_details"]["cached_tokens"], 5);
}

TEST(Messages, StopReasonsHaveTheirNamesOfChatCompletions) {
  const auto reason = [](const char* theirs) {
    return messages(kHead + end(theirs)).response["choices"][0]["finish_reason"].get<std::string>();
  };
  EXPECT_EQ(reason("end_turn"), "stop");
  EXPECT_EQ(reason("stop_sequence"), "stop");
  EXPECT_EQ(reason("max_tokens"), "length");
  EXPECT_EQ(reason("refusal"), "content_filter");
  EXPECT_EQ(reason("something_new"), "something_new");
}

TEST(Messages, AStreamThatEndsBeforeItsStopReasonIsADeadUpstream) {
  const auto out = messages(kHead + start(0, R"({"type":"text","text":""})") +
                            block_delta(0, R"({"type":"text_delta","text":"half"})"));
  EXPECT_EQ(out.outcome.ending, Ending::kUpstreamDied);
  EXPECT_EQ(out.message()["content"], "half");
  EXPECT_TRUE(out.outcome.has_usage);
}

TEST(UsersWant, Case2AClientOfMessagesThatHangsUpLeavesThePartialAnswerAndTokens) {
  const auto out = messages(
      kHead + start(0, R"({"type":"text","text":""})") + block_delta(0, R"({"type":"text_delta","text":"half"})"),
      true);
  EXPECT_EQ(out.outcome.ending, Ending::kClientGone);
  EXPECT_EQ(out.message()["content"], "half");
  EXPECT_EQ(out.response["usage"]["prompt_tokens"], 15);
}

TEST(Messages, AnErrorEventIsARefusal) {
  const auto out =
      messages(kHead + named(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"));
  EXPECT_EQ(out.outcome.ending, Ending::kRefused);
  EXPECT_EQ(out.response["error"]["message"], "Overloaded");
}

TEST(Messages, BlocksWithoutAPlaceAreNamedAndTheirPiecesAreNotACall) {
  const auto out = messages(kHead + start(0, R"({"type":"server_tool_use","id":"s","name":"web_search","input":{}})") +
                            block_delta(0, R"({"type":"input_json_delta","partial_json":"{\"q\":1}"})") +
                            start(1, R"({"type":"text","text":"so"})") + end("end_turn"));
  EXPECT_FALSE(out.message().contains("tool_calls"));
  EXPECT_EQ(out.message()["content"], "so");
  EXPECT_THAT(out.response["flywheel"]["not_mapped"].dump(), HasSubstr("server_tool_use"));
  EXPECT_THAT(out.outcome.note, HasSubstr("server_tool_use"));
}

TEST(Messages, AWholeAnswerIsTheSameAsItsStream) {
  const auto whole = answer(R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
      {"type":"text","text":"Hi"},{"type":"tool_use","id":"t","name":"f","input":{"a":[1,2]}}],
      "stop_reason":"tool_use","usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":9}})");
  const auto stream = messages(
      kHead + start(0, R"({"type":"text","text":""})") + block_delta(0, R"({"type":"text_delta","text":"Hi"})") +
      start(1, R"({"type":"tool_use","id":"t","name":"f","input":{}})") +
      block_delta(1, R"({"type":"input_json_delta","partial_json":"{\"a\":[1,2]}"})") + end("tool_use"));
  EXPECT_EQ(whole, stream.response);
}

TEST(Messages, CountsThatNoAnswerHasDoNotRunOver) {
  const auto whole = answer(R"({"id":"m","type":"message","role":"assistant","content":[],"stop_reason":"end_turn",
      "usage":{"input_tokens":9223372036854775807,"cache_read_input_tokens":18446744073709551615,"output_tokens":3}})");
  EXPECT_EQ(whole["usage"]["prompt_tokens"], 2'000'000'000'000);
  EXPECT_EQ(whole["usage"]["total_tokens"], 2'000'000'000'003);
}

TEST(Messages, AnErrorAnswerIsAnError) {
  EXPECT_EQ(answer(R"({"type":"error","error":{"type":"x","message":"no"}})")["error"]["message"], "no");
}

TEST(Messages, ARequestIsAChatRequest) {
  const auto out = request(R"({"model":"claude-x","max_tokens":5,"system":[{"type":"text","text":"Be brief."}],
    "stop_sequences":["#"],"temperature":0.5,"stream":true,"metadata":{"user_id":"u1"},
    "tools":[{"name":"look","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"look",
    "disable_parallel_tool_use":true},
    "messages":[{"role":"user","content":"Hi"},
      {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"I look"},
                                     {"type":"tool_use","id":"t1","name":"look","input":{"a":1}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"found"}]},
                                {"type":"text","text":"And?"}]}]})");
  EXPECT_EQ(out["messages"], json::parse(R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},
    {"role":"assistant","content":"I look","reasoning_content":"hm",
     "tool_calls":[{"id":"t1","type":"function","function":{"name":"look","arguments":"{\"a\":1}"}}],
     "reasoning_details":[{"type":"reasoning.text","index":0,"signature":"s"}]},
    {"role":"tool","tool_call_id":"t1","content":"found"},{"role":"user","content":"And?"}])"));
  EXPECT_EQ(
      out["tools"],
      json::parse(
          R"([{"type":"function","function":{"name":"look","description":"d","parameters":{"type":"object"}}}])"));
  EXPECT_EQ(out["tool_choice"], json::parse(R"({"type":"function","function":{"name":"look"}})"));
  EXPECT_EQ(out["parallel_tool_calls"], false);
  EXPECT_EQ(out["stop"], json::parse(R"(["#"])"));
  EXPECT_EQ(out["user"], "u1");
  EXPECT_EQ(out["max_tokens"], 5);
  EXPECT_EQ(out["temperature"], 0.5);
  EXPECT_EQ(out["flywheel"]["dialect"], "messages");
}

TEST(Messages, ImagesAndDocumentsStayParts) {
  const auto out = request(R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[
    {"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}},
    {"type":"image","source":{"type":"url","url":"https://x/y.png"}},
    {"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"QQ=="}},
    {"type":"text","text":"What is it?","cache_control":{"type":"ephemeral"}},{"type":"new_thing","x":1}]}]})");
  const auto& parts = out["messages"][0]["content"];
  EXPECT_EQ(parts[0]["image_url"]["url"], "data:image/png;base64,QUJD");
  EXPECT_EQ(parts[1]["image_url"]["url"], "https://x/y.png");
  EXPECT_EQ(parts[2]["file"], json::parse(R"({"file_data":"data:application/pdf;base64,QQ==","filename":"a.pdf"})"));
  EXPECT_EQ(parts[3], json::parse(R"({"type":"text","text":"What is it?"})"));
  EXPECT_EQ(parts[4]["type"], "new_thing");
  EXPECT_EQ(out["flywheel"]["not_mapped"], json::parse(R"(["cache_control","a block of type new_thing"])"));
}

TEST(Messages, OtherBodiesAreRefused) {
  EXPECT_EQ(request("[]"), "not a JSON object");
  EXPECT_THAT(request("{}").get<std::string>(), HasSubstr("without messages"));
}

}  // namespace
}  // namespace fw::capture
