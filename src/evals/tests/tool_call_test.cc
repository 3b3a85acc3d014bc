#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "evals/metric.h"
#include "evals/tool_calls/argument_schema.h"
#include "evals/tool_calls/assignment.h"
#include "evals/tool_calls/blueprint_scores.h"
#include "evals/tool_calls/call.h"
#include "evals/tool_calls/canonical.h"
#include "evals/tool_calls/comparison.h"

namespace fw::evals {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

PythonValue value(const json& json) { return parse_python_json(json.dump()).value(); }

json call(const std::string& name, const json& arguments) {
  return {{"id", "c"}, {"type", "function"}, {"function", {{"name", name}, {"arguments", arguments}}}};
}

/// `order(id, unit = piece, limit = 10)`, `parts()`, and one whose argument is an object with a default inside.
const json kTools = json::parse(R"([
  {"type": "function", "function": {"name": "order", "description": "orders 500 at most", "parameters": {
     "type": "object", "required": ["id"], "additionalProperties": false,
     "properties": {"id": {"type": "integer"}, "unit": {"type": "string", "enum": ["piece", "kilogram"], "default": "piece"},
                    "limit": {"type": "number", "default": 10}, "note": {"type": "string"}}}}},
  {"type": "function", "function": {"name": "parts", "parameters": {"type": "object", "properties": {}}}},
  {"type": "function", "function": {"name": "place", "parameters": {"type": "object", "properties": {
     "at": {"$ref": "#/$defs/Point"}, "stops": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/Point"}, {"type": "null"}]}}},
     "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number", "default": 0}}}}}}}
])");
const json kRequest = {{"messages", {{{"role", "user"}, {"content", "Order 4711, please, for Ms. Schröder"}}}},
                       {"tools", kTools}};

ToolCallComparison compare(const std::vector<json>& reference, const std::vector<json>& answer) {
  return compare_tool_calls(value(kTools), value(reference), value({{"role", "assistant"}, {"tool_calls", answer}}),
                            kRequest.dump());
}
/// The mistakes of one call of `order` against another.
std::vector<std::string> mistakes(const json& reference, const json& answer) {
  return compare({call("order", reference)}, {call("order", answer)}).mistakes;
}

TEST(ToolCallMatch, ExactCallsAreExactInAnyOrder) {
  const json a = call("order", {{"id", 1}}), b = call("order", {{"id", 2}}), c = call("parts", json::object());
  EXPECT_TRUE(compare({a, b, c}, {c, b, a}).exact);
  EXPECT_TRUE(compare({a, a}, {a, a}).exact);
  EXPECT_THAT(compare({a, b}, {b, a}).mistakes, IsEmpty());
}

TEST(ToolCallMatch, CallsAreCounted) {
  const json a = call("order", {{"id", 1}}), b = call("order", {{"id", 2}}), c = call("parts", json::object());
  EXPECT_THAT(compare({a}, {a, a}).mistakes, ElementsAre("surplus call"));
  EXPECT_THAT(compare({a, b}, {a}).mistakes, ElementsAre("missing call"));
  EXPECT_THAT(compare({a, b}, {b}).mistakes, ElementsAre("missing call"));
  EXPECT_THAT(compare({a}, {b, a}).mistakes, ElementsAre("surplus call"));
  EXPECT_THAT(compare({a, c}, {a, a}).mistakes, ElementsAre("wrong tool"));
  EXPECT_THAT(compare({a}, {c}).mistakes, ElementsAre("wrong tool"));
}

TEST(ToolCallMatch, TheOtherKindOfAnswerIsAMistakeOfItsOwn) {
  EXPECT_THAT(compare({}, {call("order", {{"id", 9999}})}).mistakes,
              ElementsAre("called where production answered", "made-up value"));
  EXPECT_THAT(compare({call("parts", "")}, {}).mistakes, ElementsAre("answered where production called"));
  EXPECT_TRUE(compare({}, {}).exact);
}

TEST(ToolCallMatch, NamesAreComparedExactly) {
  EXPECT_THAT(compare({call("parts", "")}, {call("Parts", "")}).mistakes,
              ElementsAre("wrong tool", "invalid by schema"));
}

TEST(ToolCallMatch, NumbersAreComparedByValueAndTruthIsNoNumber) {
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 1.0}}), IsEmpty());
  EXPECT_THAT(mistakes({{"id", 1}}, "{\"id\": 1e0}"), IsEmpty());
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", true}}), ElementsAre("wrong argument", "invalid by schema"));
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", "1"}}), ElementsAre("wrong argument", "invalid by schema"));
  EXPECT_THAT(mistakes({{"id", 9007199254740993}}, "{\"id\": 9007199254740993.0}"), ElementsAre("wrong argument"));
}

TEST(ToolCallMatch, AnArgumentLeftOutIsItsDefault) {
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 1}, {"unit", "piece"}, {"limit", 10.0}}), IsEmpty());
  EXPECT_THAT(mistakes({{"id", 1}, {"limit", 10}}, {{"id", 1}}), IsEmpty());
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 1}, {"unit", "kilogram"}}), ElementsAre("extra argument"));
  EXPECT_THAT(mistakes({{"id", 1}, {"limit", 3}}, {{"id", 1}}), ElementsAre("missing argument"));
}

TEST(ToolCallMatch, DefaultsHoldWithinObjectsListsAndReferences) {
  const auto places = [](const json& a, const json& b) {
    return compare({call("place", a)}, {call("place", b)}).exact;
  };
  EXPECT_TRUE(places({{"at", {{"x", 1}}}}, {{"at", {{"x", 1}, {"y", 0}}}}));
  EXPECT_TRUE(places({{"stops", {{{"x", 1}, {"y", 0.0}}}}}, {{"stops", {{{"x", 1}}}}}));
  EXPECT_FALSE(places({{"stops", {{{"x", 1}}, {{"x", 2}}}}}, {{"stops", {{{"x", 2}}, {{"x", 1}}}}}));
  EXPECT_FALSE(places({{"at", {{"x", 1}}}}, {{"at", {{"x", 1}, {"y", 1}}}}));
}

TEST(ToolCallMatch, ArgumentsAreReadAsAnApplicationWouldReadThem) {
  const json object = {{"id", 4711}};
  for (const std::string text : {"{\"id\":4711}", "\xef\xbb\xbf{\"id\": 4711}\n", "```json\n{\"id\": 4711}\n```",
                                 "Arguments: {\"id\": 4711}", "\"{\\\"id\\\": 4711}\"", "{\"id\": 1, \"id\": 4711}"})
    EXPECT_THAT(mistakes(object, text), IsEmpty()) << text;
  for (const json& nothing : {json(""), json(" \n"), json("{}"), json("null"), json(), json::object()})
    EXPECT_TRUE(compare({call("parts", json::object())}, {call("parts", nothing)}).exact) << nothing;
  json absent = call("parts", "");
  absent["function"].erase("arguments");
  EXPECT_TRUE(compare({absent}, {call("parts", "")}).exact);
}

TEST(ToolCallMatch, ArgumentsThatAreNoObjectAreInvalid) {
  for (const std::string text : {"{\"id\": 47", "[4711]", "4711", "{\"id\":1}{\"id\":4711}", "id=4711"})
    EXPECT_THAT(mistakes({{"id", 4711}}, text), ElementsAre("invalid by schema")) << text;
}

TEST(ToolCallMatch, TheOlderFormOfACallIsACall) {
  const json message = {{"function_call", {{"name", "order"}, {"arguments", "{\"id\": 1}"}}}};
  EXPECT_TRUE(
      compare_tool_calls(value(kTools), value(json::array({call("order", {{"id", 1}})})), value(message), "{}").exact);
}

TEST(ToolCallMatch, SeveralCallsOfOneToolArePairedWithTheFewestMistakes) {
  const auto order = [](int id, const json& unit, int limit) {
    return call("order", {{"id", id}, {"unit", unit}, {"limit", limit}});
  };
  // In order, every argument would differ; crossed, one does.
  const auto found =
      compare({order(1, "piece", 1), order(2, "kilogram", 2)}, {order(2, "kilogram", 3), order(1, "piece", 1)});
  EXPECT_THAT(found.mistakes, ElementsAre("wrong argument"));
  EXPECT_EQ(found.calls[0].answer, 1u);
  ASSERT_EQ(found.calls[1].arguments.size(), 1u);
  EXPECT_EQ(found.calls[1].arguments[0].name, "limit");
  EXPECT_EQ(found.calls[1].arguments[0].reference, "2");
  EXPECT_EQ(found.calls[1].arguments[0].answer, "3");
}

TEST(ToolCallMatch, AValueThatStandsNowhereInTheRequestIsMadeUp) {
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 4711}}), ElementsAre("wrong argument"));
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 4712}}), ElementsAre("wrong argument", "made-up value"));
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 500}}), ElementsAre("wrong argument"));
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 2}}), ElementsAre("wrong argument"));
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 1}, {"note", "for ms.  SCHRÖDER"}}), ElementsAre("extra argument"));
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 1}, {"note", "Schröder order 4711"}}), ElementsAre("extra argument"));
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 1}, {"note", "Schneider"}}),
              ElementsAre("extra argument", "made-up value"));
  EXPECT_THAT(mistakes({{"id", 1}, {"note", "Schneider"}}, {{"id", 4711}, {"note", "Schneider"}}),
              ElementsAre("wrong argument"));
}

TEST(ToolCallMatch, WhatTheSchemaForbidsIsNamed) {
  EXPECT_THAT(mistakes({{"id", 1}}, {{"unit", "piece"}}), ElementsAre("missing argument", "invalid by schema"));
  EXPECT_THAT(mistakes({{"id", 1}}, {{"id", 1}, {"color", "red"}}), ElementsAre("extra argument", "invalid by schema"));
  EXPECT_THAT(mistakes({{"id", 1}, {"unit", "kilogram"}}, {{"id", 1}, {"unit", "pieces"}}),
              ElementsAre("wrong argument", "made-up value", "invalid by schema"));
  EXPECT_EQ(compare({call("order", {{"id", 1}})}, {call("order", {{"id", 1}, {"unit", "kg"}})}).calls[0].violation,
            "\"unit\" is none of its enum");
}

TEST(ToolCallMatch, ProductionsOwnCallIsRightWhateverTheSchemaSays) {
  EXPECT_THAT(mistakes({{"id", "x"}, {"color", "red"}}, {{"id", "x"}, {"color", "red"}}), IsEmpty());
}

TEST(ToolCallMatch, HoldsWithoutToolsRequestOrSense) {
  const PythonValue none;
  EXPECT_TRUE(compare_tool_calls(none, none, none, "").exact);
  const PythonValue strange = value({3, nullptr, {{"function", 3}}, {{"function", {{"name", 4}}}}});
  EXPECT_TRUE(
      compare_tool_calls(strange, strange, value({{"tool_calls", {3, nullptr, json::object(), {{"name", ""}}}}}), "x")
          .exact);
}

TEST(CanonicalCalls, AreOneTextForCallsThatAreEqualAndOnlyForThem) {
  const json point = call("place", {{"at", {{"x", 1}}}}), stops = call("place", {{"stops", {{{"x", 1}}, nullptr}}});
  const std::vector<std::vector<json>> all{
      {},
      {call("order", {{"id", 1}})},
      {call("order", {{"id", 1.0}, {"unit", "piece"}})},
      {call("order", R"({"limit": 10.0, "id": 1})")},
      {call("order", {{"id", true}})},
      {call("order", {{"id", 2}, {"unit", "kilogram"}})},
      {call("order", R"({"unit": "kilogram", "id": 2e0})")},
      {call("order", "{")},
      {call("parts", ""), call("order", {{"id", 1}})},
      {call("order", {{"id", 1}}), call("parts", nullptr)},
      {call("parts", ""), call("parts", "")},
      {point},
      {call("place", {{"at", {{"x", 1}, {"y", 0.0}}}})},
      {stops},
      {call("place", {{"stops", {{{"y", 0}, {"x", 1}}, nullptr}}})},
      {call("order", R"({"id": 1e22})")},
      {call("order", R"({"id": 10000000000000000000000})")},
  };
  const auto text = [](const std::vector<json>& calls) {
    return canonical_calls(value(kTools), read_tool_calls(value(calls)));
  };
  for (std::size_t a = 0; a < all.size(); ++a) {
    for (std::size_t b = 0; b < all.size(); ++b)
      EXPECT_EQ(text(all[a]) == text(all[b]), compare(all[a], all[b]).exact) << json(all[a]) << json(all[b]);
  }
}

TEST(ToolCallMatch, ManyCallsOfOneToolTakeBoundedTime) {
  std::vector<json> reference, answer;
  for (int i = 0; i < 500; ++i) {
    reference.push_back(call("order", {{"id", i}}));
    answer.push_back(call("order", {{"id", 1000 + i}}));
  }
  EXPECT_THAT(compare(reference, answer).mistakes, ElementsAre("wrong argument", "made-up value"));
}

TEST(ArgumentSchema, EndsWhateverRefersToWhat) {
  json branches = json::array();
  for (int i = 0; i < 20; ++i) branches.push_back({{"$ref", "#"}});
  const PythonValue wide = value({{"anyOf", branches}, {"allOf", branches}});
  const PythonValue x = value(1), y = value(2);
  EXPECT_FALSE(ArgumentSchema(&wide).is_same_argument("a", &x, &y));
}

TEST(CheapestPairs, AreTheCheapestOfAll) {
  const auto columns = [](const std::vector<std::vector<int>>& costs) { return cheapest_pairs(costs); };
  using Columns = std::vector<std::optional<std::size_t>>;
  EXPECT_EQ(columns({{4, 1, 3}, {2, 0, 5}, {3, 2, 2}}), (Columns{1, 0, 2}));
  EXPECT_EQ(columns({{1, 9}, {0, 9}, {5, 2}}), (Columns{std::nullopt, 0, 1}));
  EXPECT_EQ(columns({{7, 3, 5}}), (Columns{1}));
  EXPECT_EQ(columns({{}, {}}), (Columns{std::nullopt, std::nullopt}));
}

TEST(BlueprintRule, ComparesEachOfProductionsCallsWithTheAnswersLastOne) {
  const json a = call("order", {{"id", 1}}), b = call("order", {{"id", 2}});
  const auto score = [](const std::vector<json>& truth, std::vector<json> answer) {
    for (json& one : answer) one["function"]["arguments"] = one["function"]["arguments"].dump();
    return score_tool_calling(value(truth), value({{"tool_calls", answer}}))->function_name_and_args;
  };
  EXPECT_EQ(score({a}, {b, a}), 1);
  EXPECT_EQ(score({a, a}, {a}), 1);
  EXPECT_EQ(score({a, b}, {a, b}), 0) << "what production called itself";
  const auto meaning = find_metric("function_name_and_args_accuracy")->meaning;
  EXPECT_THAT(std::string(meaning), testing::AllOf(testing::HasSubstr("each of production's calls"),
                                                   testing::HasSubstr("the answer's last call of that tool"),
                                                   testing::HasSubstr("different arguments, none is right")));
}

TEST(Metrics, HaveUniqueNamesAndWordsForPeople) {
  std::set<std::string_view> names;
  for (const Metric* metric : metrics()) {
    EXPECT_TRUE(names.insert(metric->name).second) << metric->name;
    EXPECT_FALSE(metric->title.empty() || metric->meaning.empty()) << metric->name;
    EXPECT_TRUE(metric->for_text || metric->for_tool_calls) << metric->name;
    EXPECT_EQ(metric->score == nullptr, metric->is_judged) << metric->name;
    EXPECT_EQ(metric->rating.score != nullptr, metric->is_judged) << metric->name;
    EXPECT_EQ(metric->rating.instruction.empty(), !metric->is_judged) << metric->name;
    EXPECT_EQ(find_metric(metric->name), metric);
  }
  EXPECT_EQ(find_metric("semantic_similarity"), nullptr);
}

TEST(Metrics, AreTheFilesOfTheirFolder) {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  if (!source) GTEST_SKIP() << "FLYWHEEL_SOURCE_DIR is not set";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(source) / "src/evals/metrics")) {
    EXPECT_NE(find_metric(entry.path().stem().string()), nullptr) << entry.path();
    ++files;
  }
  EXPECT_EQ(metrics().size(), files);
}

TEST(Metrics, LeadByTheKindOfAnswer) {
  using enum modelops::AnswerKind;
  EXPECT_EQ(leading_metric(kToolCalls, {}).name, "tool_calls_and_args_match");
  EXPECT_EQ(leading_metric(kToolCalls, {.has_judge = true}).name, "tool_calls_and_args_match");
  EXPECT_EQ(leading_metric(kText, {}).name, "rouge_l");
  EXPECT_EQ(leading_metric(kText, {.text_metric = "token_f1"}).name, "token_f1");
  EXPECT_EQ(leading_metric(kText, {.has_judge = true, .text_metric = "token_f1"}).name, "similarity");
  EXPECT_EQ(leading_metric(kText, {.text_metric = "function_name"}).name, "rouge_l");
}

}  // namespace
}  // namespace fw::evals
