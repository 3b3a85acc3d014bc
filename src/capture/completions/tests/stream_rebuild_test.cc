#include "capture/completions/stream_rebuild.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/completions/tests/stream_fixture.h"

namespace fw::capture {
namespace {

using record::Ending;
using testing::HasSubstr;

TEST(StreamRebuild, TextsOfTheDeltasAreOneMessage) {
  const auto out = rebuilt(delta(R"({"role":"assistant","content":""})") + delta(R"({"content":"Hel"})") +
                           delta(R"({"content":"lo"})") + kStop + kDone);
  EXPECT_EQ(out.message(), json({{"role", "assistant"}, {"content", "Hello"}}));
  EXPECT_EQ(out.response["id"], "chatcmpl-7");
  EXPECT_EQ(out.response["object"], "chat.completion");
  EXPECT_EQ(out.response["created"], 1732460000);
  EXPECT_EQ(out.response["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(out.outcome.model, "big-1");
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
  EXPECT_EQ(out.outcome.note, "");
}

TEST(StreamRebuild, RefusalAndReasoningAreJoinedUnderTheirNames) {
  const auto out = rebuilt(delta(R"({"reasoning_content":"thi"})") + delta(R"({"reasoning_content":"nk"})") +
                           delta(R"({"reasoning":"why"})") + delta(R"({"refusal":"I can"})") +
                           delta(R"({"refusal":"not"})") + kStop + kDone);
  EXPECT_EQ(out.message()["reasoning_content"], "think");
  EXPECT_EQ(out.message()["reasoning"], "why");
  EXPECT_EQ(out.message()["refusal"], "I cannot");
  EXPECT_TRUE(out.message()["content"].is_null());
}

TEST(StreamRebuild, ThinkingPartsAreReasoningAndTextPartsContent) {
  const auto out = rebuilt(delta(R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm\n"}]}]})") +
                           delta(R"({"content":[{"type":"text","text":"yes"},{"type":"image_url","image_url":{}}]})") +
                           kStop + kDone);
  EXPECT_EQ(out.message()["reasoning_content"], "hm\n");
  EXPECT_EQ(out.message()["content"], "yes");
  EXPECT_THAT(out.outcome.note, HasSubstr("neither text nor thinking"));
}

TEST(StreamRebuild, APairOfSurrogatesThatIsCutInTwoIsWhole) {
  const auto out = rebuilt(delta(R"({"content":"a\ud83d"})") + delta(R"({"content":"\ude42b"})") + kStop + kDone);
  EXPECT_EQ(out.message()["content"], "a🙂b");
  const auto half = rebuilt(delta(R"({"content":"a\ud83d"})") + delta(R"({"content":"b"})") + kStop + kDone);
  EXPECT_EQ(half.message()["content"],
            "a\xEF\xBF\xBD"
            "b");
}

// --- calls of tools -------------------------------------------------------------------------------------------------

TEST(StreamRebuild, FragmentsOfParallelCallsAreJoinedByIndex) {
  const auto out =
      rebuilt(call(R"({"index":0,"id":"a","type":"function","function":{"name":"one","arguments":""}})") +
              call(R"({"index":1,"id":"b","type":"function","function":{"name":"two","arguments":""}})") +
              call(R"({"index":1,"function":{"arguments":"{\"y\""}},{"index":0,"function":{"arguments":"{}"}})") +
              call(R"({"index":1,"function":{"arguments":":2}"}})") + delta("{}", "\"tool_calls\"") + kDone);
  EXPECT_EQ(out.message()["tool_calls"],
            json::parse(R"([{"id":"a","type":"function","function":{"name":"one","arguments":"{}"}},
                            {"id":"b","type":"function","function":{"name":"two","arguments":"{\"y\":2}"}}])"));
  EXPECT_TRUE(out.message()["content"].is_null());
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
}

TEST(StreamRebuild, FragmentsAreJoinedByIdWhereThereIsNoIndex) {
  const auto out = rebuilt(call(R"({"id":"a","function":{"name":"one","arguments":"{\"x\""}})") +
                           call(R"({"id":"b","function":{"name":"two","arguments":"{\"y\""}})") +
                           call(R"({"id":"a","function":{"arguments":":1}"}})") +
                           call(R"({"id":"b","function":{"arguments":":2}"}})") + kStop + kDone);
  EXPECT_EQ(out.function(0), json({{"name", "one"}, {"arguments", "{\"x\":1}"}}));
  EXPECT_EQ(out.function(1), json({{"name", "two"}, {"arguments", "{\"y\":2}"}}));
}

TEST(StreamRebuild, FragmentsWithNeitherGoOnWithTheLastCallUntilAnotherBegins) {
  const auto out = rebuilt(call(R"({"function":{"name":"one","arguments":"{\"x\""}})") +
                           call(R"({"function":{"name":"one","arguments":":1}"}})") +
                           call(R"({"function":{"name":"one","arguments":"{\"x\":2}"}})") +
                           call(R"({"function":{"name":"two","arguments":"{}"}})") + kStop + kDone);
  ASSERT_EQ(out.message()["tool_calls"].size(), 3U);
  EXPECT_EQ(out.function(0)["arguments"], "{\"x\":1}");
  EXPECT_EQ(out.function(1)["arguments"], "{\"x\":2}");
  EXPECT_EQ(out.function(2)["name"], "two");
}

TEST(StreamRebuild, ANewIdInEveryFragmentIsStillOneCall) {
  const auto out = rebuilt(call(R"({"index":0,"id":"a1","function":{"name":"one","arguments":""}})") +
                           call(R"({"index":0,"id":"a2","function":{"arguments":"{\"x\":"}})") +
                           call(R"({"index":0,"id":"a3","function":{"arguments":"1}"}})") + kStop + kDone);
  ASSERT_EQ(out.message()["tool_calls"].size(), 1U);
  EXPECT_EQ(out.function(0)["arguments"], "{\"x\":1}");
  EXPECT_EQ(out.message()["tool_calls"][0]["id"], "a1");
}

TEST(StreamRebuild, WholeCallsUnderOneIndexWithoutIdsAreSeveral) {
  const auto out =
      rebuilt(call(R"({"index":0,"id":"","function":{"name":"look","arguments":"{\"a\":\"}\"}"}})") +
              call(R"({"index":0,"id":"","function":{"name":"look","arguments":"{\"a\":\"y\"}"}})") + kStop + kDone);
  ASSERT_EQ(out.message()["tool_calls"].size(), 2U);
  EXPECT_EQ(out.function(1)["arguments"], R"({"a":"y"})");
}

TEST(StreamRebuild, AnEmptyObjectThatStandsBeforeTheFragmentsIsNoPartOfThem) {
  const auto out = rebuilt(call(R"({"index":0,"id":"a","function":{"name":"one","arguments":"{}"}})") +
                           call(R"({"index":0,"function":{"arguments":"{\"x\":"}})") +
                           call(R"({"index":0,"function":{"arguments":"1}"}})") + kStop + kDone);
  EXPECT_EQ(out.function(0)["arguments"], "{\"x\":1}");
}

TEST(StreamRebuild, ArgumentsThatAreAnObjectBecomeItsText) {
  const auto out =
      rebuilt(call(R"({"index":0,"id":"a","function":{"name":"one","arguments":{"x": "é\n"}}})") + kStop + kDone);
  EXPECT_EQ(out.function(0)["arguments"], R"({"x": "é\n"})");
}

TEST(StreamRebuild, CustomToolsKeepTheirInputAndCallsTheFieldsThatAreNotKnown) {
  const auto out = rebuilt(
      call(
          R"({"index":0,"id":"a","type":"custom","custom":{"name":"sh","input":"ls"},"extra_content":{"g":{"sig":"x"}}})") +
      call(R"({"index":0,"custom":{"input":" -l"}})") + kStop + kDone);
  EXPECT_EQ(out.message()["tool_calls"][0],
            json::parse(R"({"id":"a","type":"custom","custom":{"name":"sh","input":"ls -l"},
                                                            "extra_content":{"g":{"sig":"x"}}})"));
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
}

TEST(StreamRebuild, ALegacyFunctionCallIsKept) {
  const auto out =
      rebuilt(delta(R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":""}})") +
              delta(R"({"function_call":{"arguments":"{\"a\""}})") + delta(R"({"function_call":{"arguments":":1}"}})") +
              delta("{}", "\"function_call\"") + kDone);
  EXPECT_EQ(out.message()["function_call"], json({{"name", "f"}, {"arguments", "{\"a\":1}"}}));
}

TEST(StreamRebuild, ArgumentsThatAreNoWholeJsonAreMarked) {
  const auto out = rebuilt(call(R"({"index":0,"id":"a","function":{"name":"one","arguments":"{\"x\":"}})") +
                           delta("{}", "\"length\"") + kDone);
  EXPECT_EQ(out.outcome.ending, Ending::kArgumentsIncomplete);
  EXPECT_EQ(out.function(0)["arguments"], "{\"x\":");
}

TEST(StreamRebuild, ACallWithoutArgumentsIsWhole) {
  const auto out = rebuilt(call(R"({"index":0,"id":"a","function":{"name":"now","arguments":""}})") + kStop + kDone);
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
}

// --- log-probabilities, choices, usage, other fields ----------------------------------------------------------------

TEST(StreamRebuild, LogProbabilitiesAreOneList) {
  const auto with = [](const char* token) {
    return event(R"({"choices":[{"index":0,"delta":{"content":"x"},"logprobs":{"content":[{"token":")" +
                 std::string(token) + R"(","logprob":-0.5,"bytes":null,"top_logprobs":[]}],"refusal":null}}]})");
  };
  const auto out = rebuilt(with("a") + with("b") + kStop + kDone);
  const auto& list = out.response["choices"][0]["logprobs"]["content"];
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1]["token"], "b");
  EXPECT_EQ(list[1]["logprob"], -0.5);
}

TEST(StreamRebuild, EveryChoiceIsKept) {
  const auto out = rebuilt(delta(R"({"content":"B"})", "null", 1) + delta(R"({"content":"A"})") +
                           delta(R"({"content":"b"})", "\"stop\"", 1) + kStop + kDone);
  ASSERT_EQ(out.response["choices"].size(), 2U);
  EXPECT_EQ(out.message(0)["content"], "A");
  EXPECT_EQ(out.message(1)["content"], "Bb");
  EXPECT_EQ(out.response["choices"][1]["index"], 1);
}

TEST(StreamRebuild, UsageIsThatOfTheLastChunkWhichHasOne) {
  const std::string last = R"({"id":"chatcmpl-7","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}})";
  const auto with = rebuilt(event(R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1}})") +
                            delta(R"({"content":"x"})") + kStop + event(last) + kDone);
  EXPECT_EQ(with.response["usage"], json({{"prompt_tokens", 7}, {"completion_tokens", 2}}));
  EXPECT_TRUE(with.outcome.has_usage);
  const auto without = rebuilt(delta(R"({"content":"x"})") + event(R"({"choices":[],"usage":null})") + kStop + kDone);
  EXPECT_FALSE(without.outcome.has_usage);
  EXPECT_FALSE(without.response.contains("usage"));
}

TEST(StreamRebuild, FieldsThatAreNotKnownStayWhereTheyStand) {
  const auto out = rebuilt(
      event(
          R"({"id":"","object":"","created":0,"model":"","prompt_filter_results":[{"prompt_index":0}],"choices":[]})") +
      event(
          R"({"id":"x","model":"m","service_tier":"default","system_fingerprint":"fp_1","obfuscation":"zzz","choices":[)"
          R"({"index":0,"delta":{"content":"x","annotations":[{"type":"url"}]},"content_filter_results":{"hate":false}}]})") +
      event(
          R"({"choices":[{"index":0,"delta":{"annotations":[{"type":"file"}]},"stop_reason":"#","finish_reason":"stop"}],)"
          R"("timings":{"ms":1.50}})") +
      kDone);
  EXPECT_EQ(out.response["id"], "x");
  EXPECT_EQ(out.outcome.model, "m");
  EXPECT_EQ(out.response["service_tier"], "default");
  EXPECT_EQ(out.response["system_fingerprint"], "fp_1");
  EXPECT_FALSE(out.response.contains("obfuscation"));
  EXPECT_EQ(out.response["prompt_filter_results"][0]["prompt_index"], 0);
  EXPECT_EQ(out.message()["annotations"], json::parse(R"([{"type":"url"},{"type":"file"}])"));
  EXPECT_EQ(out.response["choices"][0]["content_filter_results"]["hate"], false);
  EXPECT_EQ(out.response["choices"][0]["stop_reason"], "#");
  EXPECT_THAT(out.outcome.response, HasSubstr(R"("timings":{"ms":1.50})"));
}

TEST(StreamRebuild, AudioAndListsWithAnIndexGrow) {
  const auto out =
      rebuilt(delta(R"({"audio":{"id":"au1","transcript":"he"}})") +
              delta(R"({"audio":{"id":"au1","transcript":"llo","data":"QUJD"}})") +
              delta(R"({"reasoning_details":[{"index":0,"type":"reasoning.text","text":"a"}]})") +
              delta(R"({"reasoning_details":[{"index":0,"type":"reasoning.text","text":"b"}]})") + kStop + kDone);
  EXPECT_EQ(out.message()["audio"], json({{"id", "au1"}, {"transcript", "hello"}, {"data", "QUJD"}}));
  EXPECT_EQ(out.message()["reasoning_details"], json::parse(R"([{"index":0,"type":"reasoning.text","text":"ab"}])"));
}

TEST(StreamRebuild, AWholeCompletionWithinAnEventIsRead) {
  const auto out = rebuilt(event(
      R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"all"},"finish_reason":"stop"}]})"));
  EXPECT_EQ(out.message()["content"], "all");
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
}

// --- how a stream ends ----------------------------------------------------------------------------------------------

TEST(StreamRebuild, AnEndWithoutDoneIsOneWhereTheChoiceHasFinished) {
  const auto out = rebuilt(delta(R"({"content":"x"})") + kStop);
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
  EXPECT_THAT(out.outcome.note, HasSubstr("without its last event"));
}

TEST(StreamRebuild, AnEndWithoutDoneOrFinishReasonIsADeadUpstream) {
  const auto out = rebuilt(delta(R"({"content":"half"})"));
  EXPECT_EQ(out.outcome.ending, Ending::kUpstreamDied);
  EXPECT_EQ(out.message()["content"], "half");
  EXPECT_TRUE(out.response["choices"][0]["finish_reason"].is_null());
}

TEST(StreamRebuild, OneChoiceOfTwoThatStopsIsNoWholeAnswer) {
  const auto out = rebuilt(delta(R"({"content":"a"})") + delta(R"({"content":"b"})", "null", 1) + kStop + kDone);
  EXPECT_EQ(out.outcome.ending, Ending::kUpstreamDied);
}

TEST(StreamRebuild, DoneWithoutAnyFinishReasonIsAnEnd) {
  const auto out = rebuilt(delta(R"({"content":"x"})") + kDone);
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
  EXPECT_THAT(out.outcome.note, HasSubstr("finish_reason"));
}

TEST(StreamRebuild, NothingAtAllIsAResponseWithoutChoices) {
  const auto out = rebuilt("");
  EXPECT_EQ(out.outcome.ending, Ending::kUpstreamDied);
  EXPECT_EQ(out.response["choices"], json::array());
}

TEST(StreamRebuild, AnErrorWithinTheStreamIsARefusalWithWhatHadCome) {
  for (const char* error :
       {R"({"error":{"message":"overloaded","type":"server_error"}})",
        R"({"error":{"message":"overloaded"},"choices":[{"index":0,"delta":{},"finish_reason":"error"}]})"}) {
    const auto out = rebuilt(delta(R"({"content":"x"})") + event(error) + kDone);
    EXPECT_EQ(out.outcome.ending, Ending::kRefused);
    EXPECT_EQ(out.response["error"]["message"], "overloaded");
    EXPECT_EQ(out.message()["content"], "x");
  }
  EXPECT_EQ(rebuilt(event(R"({"object":"error","message":"bad","code":400})")).response["error"]["message"], "bad");
  EXPECT_EQ(rebuilt("event: error\ndata: gone\n\n").response["error"]["message"], "gone");
}

TEST(StreamRebuild, CommentsKeepAlivesAndEveryLineEndAreNothing) {
  const std::string plain = delta(R"({"content":"x"})") + kStop + kDone;
  std::string crlf;
  std::string cr;
  for (const char c : plain) {
    crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    cr += c == '\n' ? '\r' : c;
  }
  for (const std::string& stream : {": OPENROUTER PROCESSING\n\n" + plain, "\n\n:\n\n" + crlf, cr,
                                    "\xEF\xBB\xBF" + plain, "event: ping\ndata: \n\nretry: 3\nid: 9\n" + plain}) {
    EXPECT_EQ(rebuilt(stream).message()["content"], "x");
    EXPECT_EQ(rebuilt(stream).outcome.note, "");
  }
}

TEST(StreamRebuild, AnEventThatIsNoJsonIsSaidAndTheRestIsKept) {
  const auto out = rebuilt(delta(R"({"content":"a"})") + event("<html>") + event("[1]") +
                           event(R"({"choices":[{"index":0,"delta":)") + event("{\"choices\":\xFF}") +
                           delta(R"({"content":"b"})") + kStop + kDone);
  EXPECT_EQ(out.message()["content"], "ab");
  EXPECT_THAT(out.outcome.note, HasSubstr("no JSON"));
}

TEST(StreamRebuild, WhatIsKeptOfABrokenEventDoesNotDependOnEventsBeforeIt) {
  const std::string broken = R"({"usage":{"total_tokens":7}}]})";
  const auto after = [&](char filler) {
    return rebuilt(event(R"({"id":")" + std::string(200, filler) + "\"}") + event(broken) + kStop + kDone);
  };
  EXPECT_EQ(after('x').response["usage"], after('}').response["usage"]);
  EXPECT_EQ(after('x').response["usage"]["total_tokens"], 7);
}

TEST(StreamRebuild, MembersOfOtherKindsThanTheirsBreakNothing) {
  for (const char* odd :
       {R"({"choices":{}})", R"({"choices":[1,null,"x",[]]})", R"({"choices":[{"delta":[]}]})",
        R"({"choices":[{"delta":{"content":7,"tool_calls":{}}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"index":"0","id":5,"function":[]}]}}]})",
        R"({"choices":[{"logprobs":[],"finish_reason":{}}],"usage":7,"id":{},"model":[],"created":"x"})",
        R"({"choices":[{"delta":{"content":"\q"}}]})", R"({"error":null})"}) {
    const auto out = rebuilt(event(odd) + delta(R"({"content":"ok"})") + kStop + kDone);
    EXPECT_THAT(out.message()["content"].dump(), HasSubstr("ok")) << odd;
  }
}

TEST(StreamRebuild, MemoryIsBoundedAndACutAnswerIsNotAFinishedOne) {
  std::string stream;
  for (int i = 0; i < 1000; ++i) stream += delta(R"({"content":"0123456789"})");
  const auto out = rebuilt(stream + kStop + kDone, false, Dialect::kChatCompletions, std::string_view::npos, 4096);
  EXPECT_LT(out.outcome.response.size(), 8192U);
  EXPECT_EQ(out.outcome.ending, Ending::kUpstreamDied);
  EXPECT_THAT(out.outcome.note, HasSubstr("larger than what is kept"));
  const auto event_too_large = rebuilt(delta(R"({"content":")" + std::string(9000, 'x') + "\"}") + kStop + kDone, false,
                                       Dialect::kChatCompletions, 100, 4096);
  EXPECT_EQ(event_too_large.outcome.ending, Ending::kUpstreamDied);
}

TEST(StreamRebuild, AnyPiecesGiveTheSameOutcome) {
  const std::string stream = ": hi\r\n\r\n" + delta(R"({"role":"assistant","content":"é🙂\n"})") +
                             call(R"({"index":0,"id":"a","function":{"name":"one","arguments":"{\"x\":\"ü\""}})") +
                             call(R"({"index":0,"function":{"arguments":"}"}})") + delta("{}", "\"tool_calls\"") +
                             kDone;
  const auto whole = rebuilt(stream).outcome;
  for (std::size_t piece = 1; piece < 90; ++piece) {
    const auto out = rebuilt(stream, false, Dialect::kChatCompletions, piece).outcome;
    EXPECT_EQ(out.response, whole.response) << piece;
    EXPECT_EQ(out.ending, whole.ending) << piece;
  }
}

// --- what users of other gateways met (the number is that of the list) ----------------------------------------------

TEST(UsersWant, Case1AClientThatHangsUpLeavesThePartialAnswer) {
  const auto out =
      rebuilt(delta(R"({"content":"par"})") + delta(R"({"content":"tial"})") + R"(data: {"choices":[{"ind)", true);
  EXPECT_EQ(out.outcome.ending, Ending::kClientGone);
  EXPECT_EQ(out.message()["content"], "partial");
  EXPECT_EQ(rebuilt(delta(R"({"content":"x"})") + kStop + kDone, true).outcome.ending, Ending::kFinished);
}

TEST(UsersWant, Case3AStreamThatDiesHalfWayIsAFailureWithItsUsage) {
  const auto out =
      rebuilt(event(R"({"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"completion_tokens":1}})"));
  EXPECT_EQ(out.outcome.ending, Ending::kUpstreamDied);
  EXPECT_EQ(out.response["usage"]["completion_tokens"], 1);
}

TEST(UsersWant, Case4ParallelCallsSentWholeOnePerChunkAreNotGluedTogether) {
  const auto out = rebuilt(call(R"({"index":0,"id":"a","function":{"name":"w","arguments":"{\"c\":\"SF\"}"}})") +
                           call(R"({"index":0,"id":"b","function":{"name":"w","arguments":"{\"c\":\"Tokyo\"}"}})") +
                           call(R"({"index":0,"id":"c","function":{"name":"w","arguments":"{\"c\":\"Paris\"}"}})") +
                           delta("{}", "\"tool_calls\"") + kDone);
  ASSERT_EQ(out.message()["tool_calls"].size(), 3U);
  EXPECT_EQ(out.function(2)["arguments"], R"({"c":"Paris"})");
  EXPECT_EQ(out.outcome.ending, Ending::kFinished);
}

TEST(UsersWant, Case5CallsAfterATextAreNotLost) {
  const auto out = rebuilt(delta(R"({"content":"Let me look."})") +
                           call(R"({"index":0,"id":"a","function":{"name":"look","arguments":"{}"}})") +
                           delta(R"({"content":null})", "\"tool_calls\"") + kDone);
  EXPECT_EQ(out.message()["content"], "Let me look.");
  EXPECT_EQ(out.function(0)["name"], "look");
}

TEST(UsersWant, Case7TheRecordHoldsTheAnswerAndNoEmptyObject) {
  const auto out = rebuilt(delta(R"({"content":"x"})") + kStop + kDone);
  EXPECT_THAT(out.outcome.response, HasSubstr(R"("content":"x")"));
}

TEST(UsersWant, Case8AnEmptyIdBesideTheUsageReplacesNone) {
  const auto out = rebuilt(delta(R"({"content":"x"})") + kStop +
                           event(R"({"id":"","model":"","choices":[],"usage":{"prompt_tokens":1}})") + kDone);
  EXPECT_EQ(out.response["id"], "chatcmpl-7");
  EXPECT_EQ(out.response["model"], "big-1");
  EXPECT_EQ(out.response["usage"]["prompt_tokens"], 1);
}

}  // namespace
}  // namespace fw::capture
