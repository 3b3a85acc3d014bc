#include "evals/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evals/json_text.h"
#include "evals/judge/judge_pattern.h"
#include "evals/judge/judge_rating.h"
#include "evals/row.h"
#include "evals/row_result.h"
#include "evals/text/rouge.h"
#include "evals/tool_calls/blueprint_scores.h"

namespace fw::evals {
namespace {

using testing::HasSubstr;

PythonValue python(std::string_view text) { return parse_python_json(text).value(); }

TEST(PythonJson, ComparesNumbersByExactValue) {
  EXPECT_EQ(python("1"), python("1.0"));
  EXPECT_EQ(python("1"), python("true"));
  EXPECT_EQ(python("0"), python("-0.0"));
  EXPECT_EQ(python("1e22"), python("10000000000000000000000"));
  EXPECT_FALSE(python("1e23") == python("100000000000000000000000"));
  EXPECT_FALSE(python("9007199254740993") == python("9007199254740993.0"));
  EXPECT_FALSE(python("1") == python("-1.0"));
  EXPECT_FALSE(python("NaN") == python("NaN"));
  EXPECT_EQ(python("Infinity"), python("1e999"));
  EXPECT_FALSE(python("\"1\"") == python("1"));
}

TEST(PythonJson, ComparesStringsAfterDecodingEscapes) {
  EXPECT_EQ(python(R"("\ud83d\ude42\u00e9\n")"), python("\"🙂é\\n\""));
  EXPECT_FALSE(python(R"("\ud83d")") == python(R"("\ud83e")"));
  EXPECT_EQ(python(R"("\ud83dx")"), python(R"("\uD83Dx")"));
}

TEST(PythonJson, RefusesWhatPythonRefuses) {
  for (const std::string text :
       {"",    " ",      "{",         "[1,]",        "{\"a\":1,}", "01",     "1.",  ".5", "+1",  "'a'",
        "nul", "\"\t\"", "\"\\x41\"", "\"\\u12g4\"", "[1 2]",      "{1: 2}", "1 2", "-",  "--1", "\xef\xbb\xbf{}"})
    EXPECT_FALSE(parse_python_json(text).ok()) << text;
  EXPECT_FALSE(parse_python_json(std::string(4301, '9')).ok());
  EXPECT_TRUE(parse_python_json(std::string(4300, '9')).ok());
  EXPECT_FALSE(parse_python_json(std::string(600, '[') + std::string(600, ']')).ok());
}

TEST(JsonText, CompactsToStrictJson) {
  EXPECT_EQ(compact_json("{ \"a b\" : [ 1 , NaN, -Infinity ],\n\"c\":\" \\\" \" }"),
            R"({"a b":[1,null,null],"c":" \" "})");
  EXPECT_EQ(compact_json(R"("\ud83d\ude42 \ud83d \ude42 \\ud83d")"), R"("\ud83d\ude42 \ufffd \ufffd \\ud83d")");
}

TEST(JsonText, KnowsUtf8) {
  EXPECT_TRUE(is_utf8("aé€🙂"));
  for (const char* bytes : {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\xe2\x82"})
    EXPECT_FALSE(is_utf8(bytes));
}

TEST(JsonText, FindsMembersWhateverStandsInTheirValues) {
  const auto members =
      json_members(R"( { "a" : {"x": "}\"", "y": [1, {}]} , "b\u0041":  -1.5e3, "c" :"," , "d":[] } )");
  ASSERT_EQ(members.size(), 4u);
  EXPECT_EQ(members[0].value, R"({"x": "}\"", "y": [1, {}]})");
  EXPECT_EQ(members[1].name, "bA");
  EXPECT_EQ(members[1].value, "-1.5e3");
  EXPECT_EQ(members[2].value, "\",\"");
  EXPECT_EQ(members[3].value, "[]");
  EXPECT_TRUE(json_members("[1]").empty());
}

TEST(Answer, KeepsMessageUsageAndTheWholeAnswer) {
  const auto answer = parse_answer(R"({"choices": [ {"index": 0, "message": {"content": "a", "tool_calls": null}}, {}],
                                       "usage": {"prompt_tokens": 5, "completion_tokens": 2.0}})");
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->text, "a");
  EXPECT_EQ(answer->prompt_tokens, 5u);
  EXPECT_EQ(answer->completion_tokens, 2u);
  EXPECT_EQ(message_json(answer->response), R"({"content":"a","tool_calls":null})");
}

std::string completion_with(const std::string& message, const std::string& logprobs) {
  return R"({"choices":[{"message":)" + message + R"(,"logprobs":)" + logprobs + R"(,"index":0}],"model":"m"})";
}

TEST(Answer, ATextIsAsSureAsItsTokensAreOnAverageAndACallAsAWhole) {
  const std::string half = R"({"token":"a","logprob":-0.6931471805599453})";
  const std::string sure = R"({"token":"b","logprob":0,"bytes":[98],"top_logprobs":[{"token":"b","logprob":0.0}]})";
  const std::string tokens = R"({"content":[)" + half + "," + sure + "," + half + "," + sure + R"(],"refusal":null})";
  const auto text = parse_answer(completion_with(R"({"content":"ab"})", tokens));
  ASSERT_TRUE(text.ok()) << text.error();
  EXPECT_NEAR(text->confidence.value(), std::sqrt(0.5), 1e-12);
  EXPECT_EQ(text->response, completion_with(R"({"content":"ab"})", "null")) << "they are not kept";
  const std::string call = R"({"content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]})";
  EXPECT_NEAR(parse_answer(completion_with(call, tokens))->confidence.value(), 0.25, 1e-12);
  const std::string thinking =
      R"({"content":[)" + half + R"(,{"token":"\n</think>\n","logprob":-9},)" + sure + "," + half + "]}";
  EXPECT_NEAR(parse_answer(completion_with(call, thinking))->confidence.value(), 0.5, 1e-12)
      << "what it thought before is not its answer";
}

TEST(Answer, LogProbabilitiesThatAreNoneSayNothing) {
  for (const auto* none :
       {"null", "{}", "[]", "7", R"({"content":null})", R"({"content":[]})", R"({"content":[1]})",
        R"({"content":[{"token":"a"}]})", R"({"content":[{"token":"a","logprob":"x"}]})",
        R"({"content":[{"token":"a","logprob":NaN}]})", R"({"content":[{"token":"</think>","logprob":-1}]})"}) {
    const auto answer = parse_answer(completion_with(R"({"content":"a"})", none));
    ASSERT_TRUE(answer.ok()) << none;
    EXPECT_FALSE(answer->confidence.has_value()) << none;
  }
  const auto odd =
      parse_answer(completion_with(R"({"content":"a"})", R"({"content":[{"logprob":3},{"logprob":-1e999}]})"));
  EXPECT_EQ(odd->confidence, 0.0);
}

TEST(Answer, UsageOfWrongTypesIsNoUsage) {
  const auto answer = parse_answer(
      R"({"choices": [{"message": {"content": null}}], "usage": {"prompt_tokens": "x", "completion_tokens": -3}})");
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->prompt_tokens + answer->completion_tokens, 0u);
}

/// What an answer with this message, and this last member of its choice, says.
Answer answer_of(const std::string& message, const std::string& finish_reason = "stop") {
  return parse_answer(R"({"choices": [{"message": )" + message + R"(, "finish_reason": ")" + finish_reason + "\"}]}")
      .value();
}

TEST(Answer, PartsAreJoinedAndOtherPartsLeftOut) {
  const auto answer = answer_of(R"({"content": [{"type": "text", "text": "The sky "}, "is ",
    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "image_url", "image_url": {}},
    {"type": "output_text", "text": "blue."}]})");
  EXPECT_EQ(answer.text, "The sky is blue.");
  EXPECT_EQ(answer.failure, "");
}

TEST(Answer, OfEqualKeysTheLastOneCounts) {
  const auto answer =
      parse_answer(R"({"choices": [], "choices": [{"message": 1, "message": {"content": "a", "content": "b"}}]})");
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->text, "b");
  EXPECT_EQ(message_json(answer->response), R"({"content":"a","content":"b"})");
}

TEST(Answer, ThinkingIsNoText) {
  EXPECT_EQ(answer_of(R"({"content": "<think>hm</think>\n\nBlue.<think>or?</think> "})").text, "Blue.");
  EXPECT_EQ(answer_of(R"({"content": "hm, so </think>\nBlue."})").text, "Blue.");
  EXPECT_EQ(answer_of(R"({"content": "Blue.", "reasoning_content": "hm"})").text, "Blue.");
  EXPECT_EQ(answer_of(R"({"content": null, "reasoning_content": "hm"})").text, "");
  EXPECT_EQ(answer_of(R"({"content": "<think>hm"})").failure, kUnfinishedThinking);
  EXPECT_EQ(answer_of(R"({"content": "<think>a</think>Blue <think>b"})").failure, kUnfinishedThinking);
}

TEST(Answer, WhatCannotBeScoredSaysWhy) {
  EXPECT_EQ(answer_of(R"({"content": "The sk"})", "length").failure, kCutAtTokenLimit);
  EXPECT_EQ(answer_of(R"({"content": ""})", "content_filter").failure, kHeldBack);
  EXPECT_EQ(answer_of(R"({"content": "The sk"})", "MAX_TOKENS").failure, kCutAtTokenLimit);
  EXPECT_EQ(answer_of(R"({"content": "The sk"})", "model_length").failure, kCutAtTokenLimit);
  EXPECT_EQ(answer_of(R"({"content": "The sk"})", "SAFETY").failure, kHeldBack);
  EXPECT_EQ(answer_of(R"({"content": "The sk"})", "error").failure, kBrokenOff);
  EXPECT_EQ(answer_of(R"({"content": "Blue."})", "end_turn").failure, "");
  EXPECT_EQ(answer_of(R"({"content": null, "refusal": "No."})").failure, kRefused);
  EXPECT_EQ(answer_of(R"({"content": [{"type": "refusal", "refusal": "No."}]})").failure, kRefused);
  EXPECT_EQ(answer_of(R"({"content": "Blue.", "refusal": null})", "tool_calls").failure, "");
}

TEST(Answer, CallsAreReadInBothForms) {
  EXPECT_TRUE(calls_tools(answer_of(R"({"function_call": {"name": "f", "arguments": "{}"}})").message));
  EXPECT_TRUE(calls_tools(answer_of(R"({"tool_calls": [{"function": {"name": "f"}}]})").message));
  EXPECT_FALSE(calls_tools(answer_of(R"({"content": "f", "tool_calls": []})").message));
}

TEST(Answer, AnErrorInItsPlaceIsReadToTheServerThatMadeIt) {
  const auto said = [](const std::string& body) { return parse_answer(body).error().message; };
  EXPECT_EQ(said(R"({"error": {"message": "Provider returned error", "code": 502, "metadata":
                 {"raw": "{\"error\": {\"message\": \"model is overloaded\"}}", "provider_name": "P"}}})"),
            "the answer is an error: Provider returned error: model is overloaded");
  EXPECT_EQ(
      said(R"({"choices": [{"finish_reason": "error", "error": {"message": "cut off"}, "message": {"content": ""}}]})"),
      "the answer is an error: cut off");
  EXPECT_EQ(said(R"({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": null})"),
            "the answer is an error: insufficient balance");
  EXPECT_EQ(said(R"({"errors": [{"message": "no such model"}]})"), "the answer is an error: no such model");
  EXPECT_EQ(said(R"([{"error": {"message": "in a list"}}])"), "the answer is an error: in a list");
  EXPECT_EQ(said(R"({"error": true})"), "the answer is an error: without a message");
  EXPECT_EQ(said("{}"), "the answer has no list of choices");
}

TEST(Answer, AByteOrderMarkIsTakenOff) {
  EXPECT_EQ(parse_answer("\xef\xbb\xbf"
                         R"({"choices": [{"message": {"content": "a"}}]})")
                .value()
                .text,
            "a");
}

TEST(Answer, CachedTokensAreReadWhereEnginesCountThem) {
  const auto cached = [](const std::string& members) {
    return parse_answer(R"({"choices": [{"message": {}}], )" + members + "}").value().cached_prompt_tokens;
  };
  EXPECT_EQ(cached(R"("usage": {"prompt_tokens": 90, "prompt_tokens_details": {"cached_tokens": 64}})"), 64u);
  EXPECT_EQ(cached(R"("usage": {"prompt_tokens": 90}, "timings": {"cache_n": 70, "prompt_n": 20})"), 70u);
  EXPECT_EQ(cached(R"("usage": {"prompt_tokens": 90, "prompt_cache_hit_tokens": 30})"), 30u);
  EXPECT_EQ(cached(R"("usage": {"prompt_tokens": 50, "prompt_tokens_details": {"cached_tokens": 64}})"), 50u);
  EXPECT_EQ(cached(R"("usage": {"prompt_tokens": 50, "prompt_tokens_details": null})"), 0u);
}

TEST(Row, ReferenceCallsAreReadInEveryForm) {
  const std::string head = R"({"record_id": "a", "request": {"messages": []}, "response": {"choices": [{"message": )";
  const auto row = parse_row(head + R"({"function_call": {"name": "f", "arguments": "{\"a\": 1}"}}}]}})");
  ASSERT_TRUE(row.ok()) << row.error();
  EXPECT_EQ(row->traits.kind, modelops::AnswerKind::kToolCalls);
  EXPECT_EQ(to_json_text(row->tool_calls), R"([{"function":{"arguments":{"a":1},"name":"f"},"type":"function"}])");
  EXPECT_EQ(parse_row(head + R"({"tool_calls": [{"function": {"name": "f"}}]}}]}})")->traits.kind,
            modelops::AnswerKind::kToolCalls);
  EXPECT_EQ(parse_row(head + R"({"content": [{"type": "text", "text": "a"}]}}]}})")->reference_text, "a");
}

TEST(Row, PassesOnWhatTheAnswerDependsOn) {
  const auto row = parse_row(
      R"({"record_id": "a", "label": "x", "template_in_training": true, "turn": 3, "request": {"messages": [{"role": "user",
    "content": "hi"}], "tools": [{"f": 1}], "tool_choice": "required", "max_completion_tokens": 9, "user": "u", "stop": ["#"]},
    "response": {"id": 1, "choices": [{"message": {"content": null, "tool_calls": null}}]}})");
  ASSERT_TRUE(row.ok()) << row.error();
  EXPECT_TRUE(row->traits.template_in_training);
  EXPECT_EQ(row->traits.turn, 3U);
  EXPECT_EQ(chat_request(*row, {.model = "m", .max_tokens = 5, .seed = 1}),
            R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stop":["#"],"tools":[{"f":1}],)"
            R"("tool_choice":"required","temperature":0,"seed":1,"max_tokens":9})");
  const auto asked = chat_request(*row, {.model = "m", .log_probabilities = true});
  EXPECT_THAT(asked, HasSubstr(R"("logprobs":true,"top_logprobs":1,)"));
}

TEST(Row, AReferenceThatCannotBeComparedWithIsAnError) {
  const std::string head = R"({"record_id": "a", "request": {"messages": []}, "response": {"choices": [{"message": )";
  EXPECT_THAT(parse_row(head + R"({"tool_calls": [{"function": {"arguments": "{}"}}]}}]}})").error().message,
              HasSubstr("has no function.name"));
  EXPECT_FALSE(parse_row(head + "null}]}}").ok());
  EXPECT_FALSE(parse_row(head).ok());
  EXPECT_TRUE(parse_row(head + R"({"content": "a"}}]}})").ok());
}

TEST(RowResult, ALineReadAgainIsEqual) {
  modelops::RowResult row{.record_id = "r\"1",
                          .traits = {.label = "order",
                                     .kind = modelops::AnswerKind::kToolCalls,
                                     .conversation = "c",
                                     .turn = 2,
                                     .conversation_turns = 5,
                                     .template_in_training = true,
                                     .is_newest = true,
                                     .weight = 2.5,
                                     .repeats = 4,
                                     .repeats_agreeing = 3,
                                     .is_frequent = true},
                          .ask = 3,
                          .asks = 4,
                          .request = R"({"a":[1,{"b":"}"}]})",
                          .response = R"({"x":1.0})",
                          .reference = "{}",
                          .scores = {{"a", 0.1}, {"b", 1.0}},
                          .mistakes = {"wrong tool", "made-up value"},
                          .prompt_tokens = 7,
                          .cached_prompt_tokens = 6,
                          .completion_tokens = 8,
                          .latency_seconds = 0.123456789012345,
                          .confidence = 0.25,
                          .was_alone = true,
                          .attempts = 2,
                          .failure = "cut at the token limit",
                          .error = "é\n\"x\""};
  const auto again = parse_row_result(to_json_line(row));
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(to_json_line(*again), to_json_line(row));
  EXPECT_EQ(again->request, row.request);
  EXPECT_EQ(again->response, row.response);
  EXPECT_EQ(again->scores, row.scores);
  EXPECT_EQ(again->latency_seconds, row.latency_seconds);
  EXPECT_EQ(again->error, row.error);
  EXPECT_EQ(again->failure, row.failure);
  EXPECT_EQ(again->mistakes, row.mistakes);
  EXPECT_EQ(again->cached_prompt_tokens, 6u);
  EXPECT_TRUE(again->was_alone);
  EXPECT_EQ(again->confidence, 0.25);
  EXPECT_EQ(again->traits, row.traits);
  EXPECT_EQ(again->ask, 3u);
  EXPECT_EQ(again->asks, 4u);
  const auto older = parse_row_result(R"({"record_id":"x","frequent":true})");
  EXPECT_EQ(older->ask, 0u) << "written before requests were asked again";
  EXPECT_EQ(older->asks, 1u);
  EXPECT_FALSE(older->confidence.has_value());
  EXPECT_EQ(parse_row_result(to_json_line({.record_id = "x"}))->response, "");
  EXPECT_FALSE(parse_row_result("{}").ok());
}

TEST(JudgeRating, ReadsTheRatingWhateverStandsAround) {
  const auto rating = [](std::string_view text) { return parse_judge_rating(text, 1, 10).value_or(-1); };
  EXPECT_EQ(rating(R"({"reason": "fine", "rating": 10})"), 10);
  EXPECT_EQ(rating("Here it is:\n```json\n{\"reason\": \"has {braces}\", \"rating\": \"7\"}\n```\nDone in 3 steps."),
            7);
  EXPECT_EQ(rating("<think>maybe 3 or {\"rating\": 4}</think>\n10"), 10);
  EXPECT_EQ(rating("**Rating:** 8/10"), 8);
  EXPECT_EQ(rating("Rating is 9. It has 2 flaws."), 9);
  EXPECT_EQ(rating("SIMILARITY: 10"), 10);
  EXPECT_EQ(rating("I would say 8 out of 10."), 8);
  EXPECT_EQ(rating("4.5 stars"), 4.5);
  EXPECT_EQ(rating("10"), 10);
  EXPECT_EQ(rating("<think>3</think><think>4</think>8"), 8);
}

TEST(JudgeRating, IsNotReadOutOfThinkingThatDoesNotEnd) {
  EXPECT_FALSE(parse_judge_rating("<think>perhaps {\"rating\": 9}", 1, 10).ok());
  EXPECT_FALSE(parse_judge_rating("<think>3</think>10 <think>or 9", 1, 10).ok());
}

TEST(JudgeRating, RefusesToGuess) {
  for (const char* text :
       {"", "none", "between 6 and 7", "Rating: 11", "{\"rating\": null}", "{\"rating\": 0}", "Rating: -1"})
    EXPECT_FALSE(parse_judge_rating(text, 1, 10).ok()) << text;
  EXPECT_EQ(parse_judge_rating("{\"rating\": true}", 0, 1).value(), 1);
}

TEST(JudgePattern, RefusesWhatCannotRunInLinearTimeOrHasNoGroup) {
  EXPECT_FALSE(JudgePattern::compile("(a)\\1").ok());
  EXPECT_FALSE(JudgePattern::compile("\\d").ok());
  EXPECT_FALSE(JudgePattern::compile("(").ok());
}

TEST(Rouge, LongTextsAreComparedOrRefusedButNeverHang) {
  std::string many;
  for (int i = 0; i < 40'000; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(rouge_l_f(many, "w1 w39999").value() > 0, true);
  EXPECT_EQ(rouge_l_f(many, many).error().code, ErrorCode::kTooLarge);
}

TEST(ToolCalling, AnAnswerOfAnotherShapeIsAnError) {
  const auto truth = python("[]");
  for (const char* message : {R"({"tool_calls": 1})", R"({"tool_calls": [1]})", R"({"tool_calls": [{"function": {}}]})",
                              R"({"tool_calls": [{"function": {"name": 1}}]})"})
    EXPECT_FALSE(score_tool_calling(truth, python(message)).ok()) << message;
}

}  // namespace
}  // namespace fw::evals
