#include "dataset/impl/icl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string system_of(const Json& row) { return row["request"]["messages"][0]["content"].get<std::string>(); }

Example example(const std::string& label, std::uint64_t tokens) {
  return {.label = label, .system = "", .turns = label + std::to_string(tokens), .tokens = tokens};
}

std::vector<Example> choose_examples(const std::vector<Example>& all, std::uint64_t max_examples) {
  ExampleChooser chooser(max_examples);
  for (const Example& one : all) chooser.add(one);
  return chooser.choose();
}

std::vector<std::string> turns_of(const std::vector<Example>& examples) {
  std::vector<std::string> turns;
  for (const Example& e : examples) turns.push_back(e.turns);
  return turns;
}

std::vector<const Example*> pointers(const std::vector<Example>& examples) {
  std::vector<const Example*> out;
  for (const Example& e : examples) out.push_back(&e);
  return out;
}

TEST(Examples, AreSpreadEvenlyOverTheClassesShortestFirst) {
  const std::vector<Example> all{example("a", 9), example("b", 4), example("b", 2), example("a", 3), example("a", 5)};
  EXPECT_THAT(turns_of(choose_examples(all, 4)), testing::ElementsAre("a3", "b2", "a5", "b4"));
  EXPECT_THAT(turns_of(choose_examples(all, 3)), testing::ElementsAre("a3", "b2", "a5"));
  EXPECT_THAT(turns_of(choose_examples(all, 1)), testing::ElementsAre("a3"));
  EXPECT_TRUE(choose_examples(all, 0).empty());
  EXPECT_TRUE(choose_examples({}, 3).empty());
}

TEST(InContextRows, BeginWithTheSameExamplesInTheSystemMessage) {
  Traffic traffic;
  traffic.ask_often(40, "get_order").ask_often(20, "cancel").ask_often(10, "");
  const auto built = build_of(traffic.records(), small_split(10)).value();
  const auto rows = icl_rows(built);
  ASSERT_EQ(rows.size(), 10u);
  const std::string text = system_of(rows[0]);
  EXPECT_THAT(text, AllOf(StartsWith("Earlier requests"), HasSubstr("Example 3"), Not(HasSubstr("Example 4"))));
  EXPECT_TRUE(text.ends_with("\n\nYou route."));
  EXPECT_THAT(text, AllOf(HasSubstr("user: please help"), HasSubstr("\"name\": \"cancel\""),
                          HasSubstr("assistant: You are welcome."), Not(HasSubstr("system: "))));
  for (const Json& row : rows) EXPECT_EQ(system_of(row), text);
}

TEST(InContextRows, DifferFromEvaluationRowsInTheSystemMessageOnly) {
  Traffic traffic;
  traffic.ask_often(30, "get_order");
  const auto built = build_of(traffic.records(), small_split()).value();
  auto eval = eval_rows(built);
  auto icl = icl_rows(built);
  for (std::size_t i = 0; i < eval.size(); ++i) {
    icl[i]["request"]["messages"].erase(0);
    eval[i]["request"]["messages"].erase(0);
    EXPECT_EQ(icl[i], eval[i]);
  }
}

TEST(InContextRows, GetANewSystemMessageWhereThereIsNone) {
  Json row{{"request", request_of(Json::array({say("user", "hi")}))}};
  const std::vector<Example> examples{example("a", 3)};
  EXPECT_EQ(add_examples(row, pointers(examples), {}), 1u);
  EXPECT_EQ(row["request"]["messages"].size(), 2u);
  EXPECT_THAT(system_of(row), HasSubstr("a3"));
}

TEST(InContextRows, KeepPartsOfASystemMessage) {
  Json row{{"request", request_of(Json::parse(R"([{"role": "system", "content": [{"type": "text", "text": "S"}]}])"))}};
  const std::vector<Example> examples{example("a", 3)};
  EXPECT_EQ(add_examples(row, pointers(examples), {}), 1u);
  EXPECT_EQ(row["request"]["messages"][0]["content"][1]["text"], "S");
}

TEST(InContextRows, StopAtTheFirstExampleThatDoesNotFit) {
  Json row{{"request", request_of(Json::array({say("user", "hi")}))}};
  const std::vector<Example> examples{example("a", 100), example("b", 1000), example("c", 1)};
  IclSettings settings{.max_context_length = 1000, .reserved_tokens = 500};
  // The text of an example of another system message counts with its system message.
  std::vector<Example> other = examples;
  for (Example& e : other) e.system = "system: other";
  EXPECT_EQ(add_examples(row, pointers(other), settings), 1u);
  Json similar = row;
  similar["request"]["messages"].erase(0);
  settings.selection = ExampleSelection::kSimilar;
  EXPECT_EQ(add_examples(similar, pointers(other), settings), 2u) << "the one that is too long is passed over";
  settings.max_context_length = 100;  // less than what is reserved
  EXPECT_EQ(add_examples(row, pointers(other), settings), 0u);
  EXPECT_EQ(row["request"]["messages"].size(), 2u);
}

TEST(InContextRows, ThatFallShortAreReported) {
  Traffic traffic;
  traffic.ask_often(30, "get_order");
  const IclSettings tight{.max_context_length = 10, .reserved_tokens = 5};
  const auto built = build_of(traffic.records(), small_split(), 7, tight).value();
  EXPECT_EQ(icl_rows(built), eval_rows(built));
  EXPECT_THAT(built.card.notes, testing::Contains(HasSubstr("4 of 4 in-context rows have fewer than 1 example")));
}

}  // namespace
}  // namespace fw::dataset
