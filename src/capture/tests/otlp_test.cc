#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/otlp/impl/decode.h"
#include "capture/otlp/impl/intake.h"
#include "capture/otlp/impl/message_parts.h"

namespace fw::capture::otlp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";

std::shared_ptr<const Origin> origin() {
  auto made = std::make_shared<Origin>();
  made->resource.add("service.name", "agent");
  return made;
}

Span span(std::initializer_list<std::pair<const char*, Json>> attributes) {
  Span out{.trace_id = kTrace,
           .span_id = kSpan,
           .name = "chat big",
           .start = from_epoch_seconds(100),
           .end = from_epoch_seconds(102),
           .origin = origin()};
  out.attributes.add("gen_ai.operation.name", "chat");
  out.attributes.add("gen_ai.request.model", "big");
  for (const auto& [name, value] : attributes) out.attributes.add(name, value);
  return out;
}

LogRecord event(const std::string& name, const Json& body) {
  LogRecord out{
      .trace_id = kTrace, .span_id = kSpan, .event_name = name, .time = from_epoch_seconds(101), .origin = origin()};
  out.body = body;
  return out;
}

LogRecord choice(const std::string& text) {
  return event("gen_ai.choice", {{"index", 0}, {"finish_reason", "stop"}, {"message", {{"content", text}}}});
}

class OtlpIntake : public testing::Test {
 protected:
  Intake take(Span one) { return sorter.take_spans({std::move(one)}, {}, now); }
  Intake take(std::vector<LogRecord> logs) { return sorter.take_logs(std::move(logs), {}, now); }
  Json request(const Intake& intake) { return Json::parse(intake.records.at(0).request); }
  Json response(const Intake& intake) { return Json::parse(intake.records.at(0).response); }
  /// The records of the calls of which nothing came for a while.
  Intake settled() {
    now += std::chrono::seconds(31);
    Intake intake;
    for (const JoinedCall& call : joiner.expire(now)) {
      intake.records.push_back(sorter.interaction_of(call, {}).value());
      intake.calls.emplace_back(call.trace_id, call.span_id);
    }
    return intake;
  }
  Json answer(const Intake& intake) { return response(intake)["choices"][0]["message"]; }

  Timestamp now = from_epoch_seconds(1000);
  OtlpReceiverOptions options;
  Joiner joiner{{.window = std::chrono::seconds(60)}};
  Sorter sorter{options, joiner};
};

TEST_F(OtlpIntake, MapsTheConventionsOfToday) {
  const auto intake = take(span(
      {{"gen_ai.input.messages",
        R"([{"role":"user","parts":[{"type":"text","content":"add 2 to 3"}]},
            {"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"add","arguments":{"a":2,"b":3}}]},
            {"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":5}]}])"},
       {"gen_ai.system_instructions", R"([{"type":"text","content":"Be brief."}])"},
       {"gen_ai.output.messages",
        R"([{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"5"}],"finish_reason":"stop"}])"},
       {"gen_ai.tool.definitions", R"([{"type":"function","name":"add","parameters":{"type":"object"}}])"},
       {"gen_ai.request.temperature", 0.5},
       {"gen_ai.usage.input_tokens", 10},
       {"gen_ai.usage.output_tokens", 2}}));
  ASSERT_THAT(intake.records, SizeIs(1));
  EXPECT_EQ(request(intake)["messages"],
            Json::parse(
                R"([{"role":"system","content":"Be brief."},{"role":"user","content":"add 2 to 3"},
          {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":2,\"b\":3}"}}]},
          {"role":"tool","tool_call_id":"c1","content":"5"}])"));
  EXPECT_EQ(request(intake)["tools"][0]["function"]["name"], "add");
  EXPECT_EQ(request(intake)["temperature"], 0.5);
  EXPECT_EQ(answer(intake), Json::parse(R"({"role":"assistant","content":"5","reasoning_content":"hm"})"));
  EXPECT_EQ(response(intake)["usage"]["total_tokens"], 12);
  const auto& record = intake.records[0];
  EXPECT_EQ(*record.workload, "chat big");
  EXPECT_EQ(*record.client, "agent");
  EXPECT_EQ(record.timestamp, from_epoch_seconds(100));
  EXPECT_EQ(record.provenance.total, std::chrono::seconds(2));
}

TEST_F(OtlpIntake, MapsOpenLlmetry) {
  const auto intake = take(span({{"gen_ai.prompt.0.role", "system"},
                                 {"gen_ai.prompt.0.content", "Be brief."},
                                 {"gen_ai.prompt.1.role", "user"},
                                 {"gen_ai.prompt.1.content", "hi"},
                                 {"gen_ai.completion.0.role", "assistant"},
                                 {"gen_ai.completion.0.finish_reason", "tool_calls"},
                                 {"gen_ai.completion.0.tool_calls.0.id", "c1"},
                                 {"gen_ai.completion.0.tool_calls.0.name", "add"},
                                 {"gen_ai.completion.0.tool_calls.0.arguments", "{\"a\": 2}"},
                                 {"llm.request.functions.0.name", "add"},
                                 {"llm.request.functions.0.parameters", "{\"type\":\"object\"}"}}));
  EXPECT_THAT(request(intake)["messages"], SizeIs(2));
  EXPECT_EQ(answer(intake)["tool_calls"][0]["function"]["arguments"], "{\"a\": 2}");
  EXPECT_EQ(response(intake)["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(request(intake)["tools"][0]["function"]["parameters"]["type"], "object");
}

TEST_F(OtlpIntake, MapsOpenInference) {
  const auto intake = take(span({{"openinference.span.kind", "LLM"},
                                 {"llm.input_messages.0.message.role", "user"},
                                 {"llm.input_messages.0.message.content", "hi"},
                                 {"llm.output_messages.0.message.role", "assistant"},
                                 {"llm.output_messages.0.message.tool_calls.0.tool_call.id", "c1"},
                                 {"llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "add"},
                                 {"llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", "{}"},
                                 {"llm.invocation_parameters", R"({"temperature":0,"model":"big"})"}}));
  EXPECT_EQ(request(intake)["messages"][0]["content"], "hi");
  EXPECT_EQ(request(intake)["temperature"], 0);
  EXPECT_EQ(answer(intake)["tool_calls"][0]["id"], "c1");
}

TEST_F(OtlpIntake, PrefersTheWholeBodies) {
  const auto intake =
      take(span({{"openinference.span.kind", "LLM"},
                 {"input.value", R"({"messages":[{"role":"user","content":"hi"}],"seed":7})"},
                 {"output.value", R"({"choices":[{"message":{"role":"assistant","content":"hello"}}],"id":"x"})"},
                 {"llm.input_messages.0.message.role", "user"},
                 {"llm.output_messages.0.message.role", "assistant"}}));
  EXPECT_EQ(request(intake)["seed"], 7);
  EXPECT_EQ(response(intake)["id"], "x");
}

TEST_F(OtlpIntake, KeepsTheWholeRequestOfAStreamAndHowItEnded) {
  const auto intake =
      take(span({{"openinference.span.kind", "LLM"},
                 {"input.value", R"({"model":"big","messages":[{"role":"user","content":"hi"}],"seed":7})"},
                 {"output.value", "hello"},
                 {"llm.finish_reason", "length"},
                 {"llm.input_messages.0.message.role", "user"},
                 {"llm.output_messages.0.message.role", "assistant"},
                 {"llm.output_messages.0.message.content", "hello"}}));
  EXPECT_EQ(request(intake)["seed"], 7);
  EXPECT_EQ(answer(intake)["content"], "hello");
  EXPECT_EQ(response(intake)["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(intake.records[0].provenance.model_asked, "big");
}

TEST_F(OtlpIntake, MarksCallsWhoseArgumentsWereMixedUp) {
  const auto ending = [this](const char* arguments) {
    return take(span({{"openinference.span.kind", "LLM"},
                      {"llm.input_messages.0.message.role", "user"},
                      {"llm.input_messages.0.message.content", "hi"},
                      {"llm.output_messages.0.message.role", "assistant"},
                      {"llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "add"},
                      {"llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", arguments}}))
        .records.at(0)
        .provenance.ending;
  };
  EXPECT_EQ(ending(R"({"a":1})"), record::Ending::kFinished);
  EXPECT_EQ(ending(""), record::Ending::kFinished);
  EXPECT_EQ(ending(R"({"a":1}{"b":2})"), record::Ending::kArgumentsIncomplete);
}

TEST_F(OtlpIntake, MapsVercelsInnerSpansAlone) {
  Span inner = span({{"ai.operationId", "ai.generateText.doGenerate"},
                     {"ai.prompt.messages", R"([{"role":"user","content":[{"type":"text","text":"hi"}]}])"},
                     {"ai.response.text", "hello"}});
  EXPECT_EQ(answer(take(inner))["content"], "hello");
  Span outer = span({{"ai.operationId", "ai.generateText"}, {"ai.response.text", "hello"}});
  outer.span_id = "b7ad6b7169203332";
  EXPECT_EQ(take(outer).other, 1U);
}

TEST_F(OtlpIntake, JoinsASpanAndItsLaterEvents) {
  const auto first = take(span({}));
  EXPECT_THAT(first.records, SizeIs(0));
  EXPECT_THAT(first.waiting, SizeIs(1));
  EXPECT_THAT(take({event("gen_ai.user.message", {{"content", "hi"}})}).records, SizeIs(0));
  (void)take({choice("hello")});
  const auto whole = settled();
  ASSERT_THAT(whole.records, SizeIs(1));
  EXPECT_EQ(request(whole)["messages"], Json::parse(R"([{"role":"user","content":"hi"}])"));
  EXPECT_EQ(answer(whole)["content"], "hello");
  EXPECT_EQ(request(whole)["model"], "big");
}

TEST_F(OtlpIntake, JoinsEventsThatCameFirstAndTakesThemOnce) {
  const std::vector<LogRecord> events{event("gen_ai.user.message", {{"content", "hi"}}), choice("hello")};
  (void)take(events);
  (void)take(events);  // sent again
  (void)take(span({}));
  const auto whole = settled();
  ASSERT_THAT(whole.records, SizeIs(1));
  EXPECT_THAT(request(whole)["messages"], SizeIs(1));
  EXPECT_THAT(response(whole)["choices"], SizeIs(1));
  joiner.settle(whole.calls.at(0));
  EXPECT_THAT(take(events).waiting.size() + joiner.stats().waiting, 2U);  // nothing begins anew
}

TEST_F(OtlpIntake, WhatIsSaidTwiceInAConversationIsSaidTwice) {
  const std::vector<LogRecord> events{event("gen_ai.user.message", {{"content", "yes"}}),
                                      event("gen_ai.assistant.message", {{"content", "really?"}}),
                                      event("gen_ai.user.message", {{"content", "yes"}}), choice("hello")};
  const auto waiting = take(events).waiting;
  (void)take(events);
  (void)take(span({}));
  EXPECT_THAT(request(settled())["messages"], SizeIs(3));

  Joiner restarted({});
  for (const std::string& line : waiting) (void)restarted.add(parse_line(line).value(), line);
  const auto ended = restarted.expire(now + std::chrono::minutes(6));
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_THAT(ended[0].content.messages, SizeIs(3));
}

TEST_F(OtlpIntake, AMessageThatWasRefusedAtFirstIsInItsPlace) {
  (void)take(span({}));
  LogRecord instructions = event("gen_ai.system.message", {{"content", "be brief"}});
  instructions.time -= std::chrono::milliseconds(1);
  EXPECT_THAT(take({event("gen_ai.user.message", {{"content", "hi"}}), choice("hello")}).records, SizeIs(0));
  now += std::chrono::seconds(20);
  EXPECT_THAT(joiner.expire(now), SizeIs(0));
  (void)take({instructions});
  const auto whole = settled();
  ASSERT_THAT(whole.records, SizeIs(1));
  EXPECT_EQ(request(whole)["messages"][0]["role"], "system");
}

TEST_F(OtlpIntake, WithoutTimeToSettleACallIsCompleteAtOnce) {
  Joiner hasty({.settle = {}});
  Sorter sorter_of_hasty(options, hasty);
  (void)sorter_of_hasty.take_logs({event("gen_ai.user.message", {{"content", "hi"}}), choice("hello")}, {}, now);
  EXPECT_EQ(answer(sorter_of_hasty.take_spans({span({})}, {}, now))["content"], "hello");
}

TEST_F(OtlpIntake, WaitsForAsManyAnswersAsTheSpanTellsOf) {
  (void)take(span({{"gen_ai.response.finish_reasons", {"stop", "length"}}}));
  (void)take({event("gen_ai.user.message", {{"content", "hi"}}), choice("hello")});
  EXPECT_THAT(settled().records, SizeIs(0));
  LogRecord second = choice("bye");
  second.body["index"] = 1;
  (void)take({second});
  const auto whole = settled();
  ASSERT_THAT(whole.records, SizeIs(1));
  EXPECT_EQ(response(whole)["choices"][1]["message"]["content"], "bye");
  EXPECT_EQ(response(whole)["choices"][1]["finish_reason"], "length");
}

TEST_F(OtlpIntake, OneEventThatTellsAllIsNotWaitedWith) {
  (void)take(span({}));
  LogRecord all = event("gen_ai.client.inference.operation.details", nullptr);
  all.attributes.add("gen_ai.input.messages", R"([{"role":"user","parts":[{"type":"text","content":"hi"}]}])");
  all.attributes.add("gen_ai.output.messages", R"([{"role":"assistant","parts":[{"type":"text","content":"hello"}]}])");
  EXPECT_EQ(answer(take({all}))["content"], "hello");
}

TEST_F(OtlpIntake, WhatAnEventHasNothingForIsLeftOut) {
  (void)take(span({}));
  (void)take({event("gen_ai.user.message", {{"content", "hi"}}),
              event("gen_ai.assistant.message", {{"content", "yes"}, {"tool_calls", nullptr}}),
              event("gen_ai.assistant.message", {{"content", nullptr}, {"tool_calls", nullptr}}), choice("hello")});
  EXPECT_EQ(request(settled())["messages"],
            Json::parse(R"([{"role":"user","content":"hi"},{"role":"assistant","content":"yes"}])"));
}

TEST_F(OtlpIntake, ACallThatCouldNotBeStoredIsCompletedAgain) {
  LogRecord all = event("gen_ai.client.inference.operation.details", nullptr);
  all.attributes.add("gen_ai.input.messages", R"([{"role":"user","parts":[{"type":"text","content":"hi"}]}])");
  all.attributes.add("gen_ai.output.messages", R"([{"role":"assistant","parts":[{"type":"text","content":"hello"}]}])");
  (void)take({all});
  const auto first = take(span({}));
  ASSERT_THAT(first.records, SizeIs(1));
  joiner.unsettle(first.calls.at(0));
  const auto again = take(span({}));
  ASSERT_THAT(again.records, SizeIs(1));
  EXPECT_EQ(again.records[0], first.records[0]);
}

TEST_F(OtlpIntake, CountsSpansThatStayWithoutContent) {
  (void)take(span({}));
  EXPECT_THAT(joiner.expire(now + std::chrono::seconds(59)), SizeIs(0));
  EXPECT_EQ(joiner.stats().spans_without_content, 0U);
  EXPECT_THAT(joiner.expire(now + std::chrono::seconds(61)), SizeIs(0));
  EXPECT_EQ(joiner.stats().spans_without_content, 1U);
  EXPECT_EQ(joiner.stats().waiting, 0U);
}

TEST_F(OtlpIntake, EventsWhoseSpanNeverComesAreACallAtTheWindowsEnd) {
  (void)take({event("gen_ai.user.message", {{"content", "hi"}}),
              event("gen_ai.choice", {{"message", {{"content", "hello"}}}})});
  const auto ended = joiner.expire(now + std::chrono::seconds(61));
  ASSERT_THAT(ended, SizeIs(1));
  const auto record = sorter.interaction_of(ended[0], {});
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(*record->client, "agent");
  EXPECT_EQ(record->timestamp, from_epoch_seconds(101));
}

TEST_F(OtlpIntake, EventsWithoutTheirContentAreNone) {
  (void)take(span({}));
  const auto silent = take(
      {event("gen_ai.user.message", Json::object()), event("gen_ai.choice", {{"message", {{"role", "assistant"}}}})});
  EXPECT_THAT(silent.records, SizeIs(0));
}

TEST_F(OtlpIntake, TakesDocumentsAsBodies) {
  const std::string document =
      R"({"timestamp":5,"workload_id":"w","client_id":"c","request":{"b":1,"a":2},"response":{}})";
  auto text = event("", document);
  auto parsed = event(
      "",
      Json::parse(R"({"workload_id":"w","timestamp":5.0,"client_id":"c","response":{},"request":{"b":1.0,"a":2.5}})"));
  auto bad = event("", R"({"timestamp":5,"request":{}})");
  auto noise = event("", "GET / 200");
  const auto intake = take({text, parsed, bad, noise});
  ASSERT_THAT(intake.records, SizeIs(2));
  EXPECT_EQ(intake.records[0].request, R"({"b":1,"a":2})");
  EXPECT_EQ(intake.records[1].request, R"({"a":2.5,"b":1})");
  EXPECT_EQ(intake.records[1].timestamp, from_epoch_seconds(5));
  EXPECT_EQ(intake.rejected, 1U);
  EXPECT_EQ(intake.why, "response is missing");
  EXPECT_EQ(intake.other, 1U);
  EXPECT_THAT(intake.bad_lines, SizeIs(1));
}

TEST_F(OtlpIntake, NamesTheWorkloadByTheConfiguredAttributes) {
  const auto intake = take(span({{"workload_id", "router"},
                                 {"gen_ai.agent.name", "planner"},
                                 {"client_id", "web"},
                                 {"gen_ai.prompt", R"([{"role":"user","content":"hi"}])"},
                                 {"gen_ai.completion", "hello"}}));
  EXPECT_EQ(*intake.records.at(0).workload, "router");
  EXPECT_EQ(*intake.records.at(0).client, "web");
}

TEST_F(OtlpIntake, RejectsWhatHasNoIds) {
  Span nameless = span({});
  nameless.trace_id.clear();
  const auto intake = take(nameless);
  EXPECT_EQ(intake.rejected, 1U);
  EXPECT_THAT(intake.why, HasSubstr("/v1/logs"));
}

TEST_F(OtlpIntake, CountsCallsThatFailed) {
  (void)take({event("gen_ai.user.message", {{"content", "hi"}})});
  Span failed = span({{"error.type", "RateLimitError"}});
  failed.is_error = true;
  EXPECT_EQ(take(failed).failed_calls, 1U);
  EXPECT_EQ(joiner.stats().waiting, 0U);
}

TEST(OtlpPiece, ComesBackFromItsLine) {
  Span one = span({{"x", Json::parse(R"({"a":[1,2.5,null,"\u00e9"]})")}});
  one.events.push_back({"e", one.attributes});
  const Piece piece{.span = one, .event = std::nullopt, .since = from_epoch_seconds(7)};
  const auto back = parse_line(to_line(piece));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(to_line(*back), to_line(piece));
  EXPECT_FALSE(parse_line("{}").ok());
  EXPECT_FALSE(parse_line("{\"trace\"").ok());
}

TEST(OtlpProtobuf, IsBoundedInDepthAndRefusesWhatIsNone) {
  EXPECT_TRUE(decode_traces("").ok());
  EXPECT_FALSE(decode_traces("\x0a\xff").ok());
  EXPECT_FALSE(decode_logs("{\"resourceLogs\":[]}").ok());
  // An AnyValue within 100 lists within each other.
  std::string value = "\x0a\x01x";
  const auto wrap = [](char tag, const std::string& inner) {
    std::string out(1, tag);
    for (std::size_t n = inner.size();; n >>= 7) {
      out += static_cast<char>((n & 0x7f) | (n >= 0x80 ? 0x80 : 0));
      if (n < 0x80) break;
    }
    return out + inner;
  };
  for (int i = 0; i < 100; ++i) value = wrap('\x2a', wrap('\x0a', value));
  const std::string body = wrap('\x0a', wrap('\x12', wrap('\x12', wrap('\x2a', value))));
  const auto logs = decode_logs(body);
  ASSERT_TRUE(logs.ok());
  ASSERT_THAT(*logs, SizeIs(1));
  EXPECT_LT(logs->at(0).body.dump().size(), 100U);
}

TEST(OtlpJson, ReadsIdsAndIntegersAsTheSpecificationHasThem) {
  const auto spans = decode_traces_json(
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"b7ad6b7169203331","startTimeUnixNano":"5000000000","attributes":[{"key":"n","value":{"intValue":"9007199254740993"}},{"key":"t","value":{"boolValue":true}}],"status":{"code":2}}]}]}]})");
  ASSERT_TRUE(spans.ok());
  ASSERT_THAT(*spans, SizeIs(1));
  EXPECT_EQ(spans->at(0).trace_id, kTrace);
  EXPECT_EQ(spans->at(0).start, from_epoch_seconds(5));
  EXPECT_EQ(*spans->at(0).attributes.find("n"), 9007199254740993);
  EXPECT_TRUE(spans->at(0).is_error);
  EXPECT_FALSE(decode_traces_json("[]").ok());
  EXPECT_FALSE(decode_traces_json(R"({"resourceSpans":7})").ok());
}

TEST(MessageParts, KeepPicturesAndWhatIsUnknown) {
  Json messages = Json::array();
  append_message(
      Json::parse(
          R"({"role":"user","parts":[{"type":"text","content":"see"},{"type":"uri","modality":"image","uri":"https://x/y.png"},{"type":"novelty","k":1}]})"),
      messages);
  EXPECT_EQ(
      messages[0]["content"],
      Json::parse(
          R"([{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"https://x/y.png"}},{"type":"novelty","k":1}])"));
}

}  // namespace
}  // namespace fw::capture::otlp
