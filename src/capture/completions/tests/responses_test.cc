#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/completions/tests/stream_fixture.h"

/// OpenAI's /v1/responses and /v1/completions, both directions.
namespace fw::capture {
namespace {

using record::Ending;
using testing::HasSubstr;

Rebuilt responses(const std::string& stream, bool client_gone = false) {
  return rebuilt(stream, client_gone, Dialect::kResponses);
}
json request(const std::string& body, Dialect dialect = Dialect::kResponses) {
  const auto out = as_chat_request(dialect, body);
  return out.ok() ? json::parse(*out) : json(out.error().message);
}
json answer(const std::string& body, Dialect dialect = Dialect::kResponses) {
  return json::parse(as_chat_response(dialect, body).value_or("0"));
}

const std::string kCreated = event(
    R"({"type":"response.created","response":{"id":"resp_1","created_at":1732460000,"model":"big-1","status":"in_progress","output":[]}})");
const std::string kCall = R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"look","arguments":)";
std::string added(int place, const std::string& item) {
  return event(R"({"type":"response.output_item.added","output_index":)" + std::to_string(place) + R"(,"item":)" +
               item + "}");
}
std::string completed(const std::string& output, const std::string& more = R"("status":"completed")") {
  return event(
      R"({"type":"response.completed","response":{"id":"resp_1","model":"big-1",)" + more + R"(,"output":)" + output +
      R"(,"usage":{"input_tokens":7,"output_tokens":3,"total_tokens":10,"output_tokens_details":{"reasoning_tokens":1}}}})");
}

TEST(Responses, TheLastEventTellsTheAnswer) {
  const auto out = responses(
      kCreated + added(0, R"({"type":"message","id":"m_1","role":"assistant","content":[]})") +
      event(
          R"({"type":"response.output_text.delta","item_id":"m_1","output_index":0,"content_index":0,"delta":"Hel"})") +
      event(
          R"({"type":"response.output_text.delta","item_id":"m_1","output_index":0,"content_index":0,"delta":"lo"})") +
      completed(
          R"([{"type":"message","id":"m_1","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[]}]}])"));
  EXPECT_EQ(out.message(), json({{"role", "assistant"}, {"content", "Hello"}}));
  EXPECT_EQ(out.response["id"], "resp_1");
  EXPECT_EQ(out.response["created"], 1732460000);
  EXPECT_EQ(out.response["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(out.response["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(out.response["usage"]["completion_tokens_details"]["reasoning_tokens"], 1);
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
  EXPECT_EQ(out.outcome.model, "big-1");
}

TEST(Responses, AStreamThatBreaksOffLeavesWhatItsDeltasTold) {
  const std::string stream =
      kCreated + added(0, R"({"type":"reasoning","id":"r_1","summary":[]})") +
      event(R"({"type":"response.reasoning_summary_text.delta","item_id":"r_1","output_index":0,"delta":"hm"})") +
      added(1, R"({"type":"message","id":"m_1","role":"assistant","content":[]})") +
      event(R"({"type":"response.output_text.delta","item_id":"m_1","output_index":1,"delta":"par"})") +
      added(2, kCall + "\"\"}") +
      event(R"({"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":2,"delta":"{\"a\":"})");
  const auto out = responses(stream);
  EXPECT_EQ(out.outcome.ending, Ending::kUpstreamDied);
  EXPECT_EQ(out.message()["reasoning_content"], "hm");
  EXPECT_EQ(out.message()["content"], "par");
  EXPECT_EQ(out.function(0), json({{"name", "look"}, {"arguments", "{\"a\":"}}));
  EXPECT_EQ(out.message()["tool_calls"][0]["id"], "call_1");
  EXPECT_EQ(responses(stream, true).outcome.ending, Ending::kClientGone);
}

TEST(UsersWant, Case6ArgumentDeltasWithoutAnIdAreNotDropped) {
  const auto out =
      responses(kCreated + added(0, kCall + "\"\"}") +
                event(R"({"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\""})") +
                event(R"({"type":"response.function_call_arguments.delta","delta":":1}"})") + completed("[]"));
  EXPECT_EQ(out.function(0)["arguments"], "{\"a\":1}");
  EXPECT_EQ(out.response["choices"][0]["finish_reason"], "tool_calls");
}

TEST(UsersWant, Case6ArgumentsThatComeOnlyWithTheDoneEventAreNotLost) {
  const auto out = responses(
      kCreated + added(0, kCall + "\"\"}") +
      event(
          R"({"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":0,"arguments":"{\"a\":1}"})"));
  EXPECT_EQ(out.function(0)["arguments"], "{\"a\":1}");
  const auto item = responses(
      kCreated + event(R"({"type":"response.output_item.done","output_index":0,"item":)" + kCall + R"("{\"b\":2}"}})"));
  EXPECT_EQ(item.function(0), json({{"name", "look"}, {"arguments", "{\"b\":2}"}}));
}

TEST(Responses, IdsThatChangeFromEventToEventAreOneItemByItsPlace) {
  const auto out = responses(
      kCreated + added(0, kCall + "\"\"}") +
      event(R"({"type":"response.function_call_arguments.delta","item_id":"x1","output_index":0,"delta":"{"})") +
      event(R"({"type":"response.function_call_arguments.delta","item_id":"x2","output_index":0,"delta":"}"})"));
  ASSERT_EQ(out.message()["tool_calls"].size(), 1U);
  EXPECT_EQ(out.function(0)["arguments"], "{}");
}

TEST(Responses, ParallelCallsWithoutPlacesAreToldByTheirIds) {
  const auto item = [](const char* id) {
    return event(R"({"type":"response.output_item.added","item":{"type":"function_call","id":")" + std::string(id) +
                 R"(","call_id":"c_)" + id + R"(","name":"f","arguments":""}})");
  };
  const auto piece = [](const char* id, const char* text) {
    return event(R"({"type":"response.function_call_arguments.delta","item_id":")" + std::string(id) +
                 R"(","delta":")" + text + "\"}");
  };
  const auto out = responses(kCreated + item("a") + piece("a", "[1") + item("b") + piece("b", "[2") + piece("a", "]") +
                             piece("b", "]"));
  EXPECT_EQ(out.function(0)["arguments"], "[1]");
  EXPECT_EQ(out.function(1)["arguments"], "[2]");
}

TEST(Responses, AnIncompleteResponseWasCut) {
  const auto out = responses(
      kCreated +
      event(
          R"({"type":"response.incomplete","response":{"status":"incomplete",)"
          R"("incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}})"));
  EXPECT_EQ(out.response["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
}

TEST(Responses, FailuresAreRefusals) {
  const auto failed = responses(
      kCreated +
      event(
          R"({"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"oops"}}})"));
  EXPECT_EQ(failed.outcome.ending, Ending::kRefused);
  EXPECT_EQ(failed.response["error"]["message"], "oops");
  const auto error = responses(kCreated + event(R"({"type":"error","code":"x","message":"bad"})"));
  EXPECT_EQ(error.outcome.ending, Ending::kRefused);
  EXPECT_EQ(error.response["error"]["message"], "bad");
}

TEST(Responses, ItemsWithoutAPlaceAreNamed) {
  const auto out =
      answer(R"({"id":"r","object":"response","status":"completed","output":[{"type":"web_search_call","id":"w"},
      {"type":"message","content":[{"type":"refusal","refusal":"no"}]}]})");
  EXPECT_EQ(out["choices"][0]["message"]["refusal"], "no");
  EXPECT_EQ(out["flywheel"]["not_mapped"], json::parse(R"(["an output item of type web_search_call"])"));
}

TEST(Responses, ARequestIsAChatRequest) {
  const auto out =
      request(R"({"model":"m","instructions":"Be brief.","max_output_tokens":9,"reasoning":{"effort":"low"},
    "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"},
    "tools":[{"type":"function","name":"look","description":"d","parameters":{"type":"object"},"strict":true},{"type":"web_search"}],
    "tool_choice":{"type":"function","name":"look"},"previous_response_id":"resp_0","top_p":0.5,
    "input":[{"role":"user","content":[{"type":"input_text","text":"What is it?"},{"type":"input_image","image_url":"https://x/y.png","detail":"low"}]},
      {"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"hm"}]},
      {"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look."}]},
      {"type":"function_call","call_id":"c1","name":"look","arguments":"{}"},
      {"type":"function_call","call_id":"c2","name":"look","arguments":"{\"a\":1}"},
      {"type":"function_call_output","call_id":"c1","output":"one"},
      {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"}]},
      {"type":"message","role":"assistant","content":"Done."},{"role":"user","content":"Thanks"}]})");
  EXPECT_EQ(out["messages"], json::parse(R"([{"role":"system","content":"Be brief."},
    {"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}}]},
    {"role":"assistant","content":"I look.","reasoning_content":"hm","tool_calls":[
      {"id":"c1","type":"function","function":{"name":"look","arguments":"{}"}},
      {"id":"c2","type":"function","function":{"name":"look","arguments":"{\"a\":1}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":"two"},
    {"role":"assistant","content":"Done."},{"role":"user","content":"Thanks"}])"));
  EXPECT_EQ(
      out["tools"][0],
      json::parse(
          R"({"type":"function","function":{"name":"look","description":"d","parameters":{"type":"object"},"strict":true}})"));
  EXPECT_EQ(out["tool_choice"], json::parse(R"({"type":"function","function":{"name":"look"}})"));
  EXPECT_EQ(out["response_format"]["json_schema"]["name"], "n");
  EXPECT_EQ(out["max_completion_tokens"], 9);
  EXPECT_EQ(out["reasoning_effort"], "low");
  EXPECT_EQ(out["top_p"], 0.5);
  EXPECT_EQ(out["previous_response_id"], "resp_0");
  EXPECT_THAT(out["flywheel"]["not_mapped"].dump(), HasSubstr("previous_response_id"));
  EXPECT_THAT(out["flywheel"]["not_mapped"].dump(), HasSubstr("web_search"));
}

TEST(Responses, ATimeThatNoClockShowsIsLeftOut) {
  for (const std::string time : {"1e300", "-1e300", "-5", "18446744073709551615"}) {
    const auto out =
        answer(R"({"id":"r","object":"response","status":"completed","output":[],"created_at":)" + time + "}");
    EXPECT_FALSE(out.contains("created")) << out;
  }
}

TEST(Responses, ATextAsInputIsTheUsers) {
  EXPECT_EQ(request(R"({"model":"m","input":"Hi"})")["messages"], json::parse(R"([{"role":"user","content":"Hi"}])"));
}

TEST(Completions, APromptIsTheUsersMessageAndTheTextTheAnswer) {
  EXPECT_EQ(request(R"({"model":"m","prompt":"Once","max_tokens":4,"logprobs":2})", Dialect::kCompletions),
            json::parse(R"({"model":"m","messages":[{"role":"user","content":"Once"}],"logprobs":true,"top_logprobs":2,
                            "max_tokens":4,"flywheel":{"dialect":"completions"}})"));
  const auto out =
      answer(R"({"id":"c","object":"text_completion","created":5,"model":"m","choices":[{"index":0,"text":" upon",
      "logprobs":{"tokens":[" up","on"],"token_logprobs":[-0.5,null],"top_logprobs":[{" up":-0.5," to":-2.0},null],"text_offset":[0,3]},
      "finish_reason":"length"}],"usage":{"prompt_tokens":1}})",
             Dialect::kCompletions);
  EXPECT_EQ(out["object"], "chat.completion");
  EXPECT_EQ(out["choices"][0]["message"]["content"], " upon");
  EXPECT_EQ(
      out["choices"][0]["logprobs"]["content"][0],
      json::parse(
          R"({"token":" up","logprob":-0.5,"top_logprobs":[{"token":" up","logprob":-0.5},{"token":" to","logprob":-2.0}]})"));
  EXPECT_EQ(out["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(out["usage"]["prompt_tokens"], 1);
}

TEST(Completions, AStreamIsTheSameAsTheWholeAnswer) {
  const auto out = rebuilt(
      event(
          R"({"id":"c","object":"text_completion","model":"m","choices":[{"index":0,"text":" up","finish_reason":null}]})") +
          event(R"({"id":"c","choices":[{"index":0,"text":"on","finish_reason":"stop"}]})") + kDone,
      false, Dialect::kCompletions);
  EXPECT_EQ(out.message()["content"], " upon");
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
}

TEST(Completions, SeveralPromptsAreSaidToHaveNoPlace) {
  EXPECT_THAT(request(R"({"prompt":["a","b"]})", Dialect::kCompletions).get<std::string>(),
              HasSubstr("several prompts"));
  EXPECT_EQ(request(R"({"prompt":["a"]})", Dialect::kCompletions)["messages"][0]["content"], "a");
}

TEST(ChatForm, ChatCompletionsStayByteForByte) {
  const std::string body = R"({ "model":"m", "messages":[ ], "x":1.0 })";
  EXPECT_EQ(as_chat_request(Dialect::kChatCompletions, body).value_or(""), body);
  EXPECT_EQ(as_chat_response(Dialect::kChatCompletions, body).value_or(""), body);
  EXPECT_FALSE(as_chat_response(Dialect::kChatCompletions, "<html>").ok());
}

}  // namespace
}  // namespace fw::capture
