#include "dataset/impl/relevance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/impl/similar_examples.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Nearest nearest_of(Relevance& relevance, const std::string& text, std::size_t count) {
  const std::vector<std::string> texts{text};
  return relevance.nearest(texts, count).value().at(0);
}

TEST(LexicalRelevance, RareWordsThatBothHaveCountMost) {
  const auto relevance = lexical_relevance();
  for (const char* text : {"where is my order", "where is the invoice of march", "cancel my order please", "hello"})
    relevance->add(text);
  EXPECT_THAT(nearest_of(*relevance, "an INVOICE, where?", 2), ElementsAre(1, 0));
  EXPECT_THAT(nearest_of(*relevance, "please", 1), ElementsAre(2));
  EXPECT_THAT(nearest_of(*relevance, "nothing alike", 9), ElementsAre(0, 1, 2, 3)) << "all, in their order";
}

TEST(LexicalRelevance, KnowsWordsOfScriptsWithoutSpaces) {
  const auto relevance = lexical_relevance();
  for (const char* text : {"請求書をください", "注文番号は4711です"}) relevance->add(text);
  EXPECT_THAT(nearest_of(*relevance, "注文はどこですか", 1), ElementsAre(1));
}

TEST(LexicalRelevance, OkapisFigures) {
  // By hand: N 3, mean length 2; "b" is in 2 of 3, "c" in one.
  const auto relevance = lexical_relevance();
  for (const char* text : {"a b", "b b c", "a"}) relevance->add(text);
  EXPECT_THAT(nearest_of(*relevance, "b", 3), ElementsAre(1, 0, 2)) << "0.470 * 4.4 / 3.65 > 0.470 * 2.2 / 2.2";
  EXPECT_THAT(nearest_of(*relevance, "a", 3), ElementsAre(2, 0, 1)) << "the shorter one says it with less beside";
}

std::vector<std::vector<float>> by_length(std::span<const std::string> texts) {
  std::vector<std::vector<float>> out;
  for (const auto& text : texts) out.push_back({static_cast<float>(text.size()), 10});
  return out;
}

TEST(EmbeddedRelevance, IsTheCosine) {
  std::vector<std::size_t> batches;
  const auto relevance = embedded_relevance([&](std::span<const std::string> texts, modelops::EmbeddingUse) {
    batches.push_back(texts.size());
    return Result<modelops::Embeddings>(modelops::Embeddings{by_length(texts)});
  });
  for (int i = 0; i < 40; ++i) relevance->add(std::string(static_cast<std::size_t>(i), 'x'));
  ASSERT_TRUE(relevance->finish().ok());
  EXPECT_THAT(batches, ElementsAre(32, 8));
  EXPECT_THAT(nearest_of(*relevance, "12345678901234567890", 3), ElementsAre(20, 21, 19));
}

TEST(EmbeddedRelevance, VectorsThatAreMissingOrOfAnotherLengthEndTheBuild) {
  const std::vector<std::vector<float>> answers[] = {{}, {{}}, {{1, 2}, {3}}};
  for (const auto& answer : answers) {
    const auto relevance = embedded_relevance([&](std::span<const std::string>, modelops::EmbeddingUse) {
      return Result<modelops::Embeddings>(modelops::Embeddings{answer});
    });
    for (std::size_t i = 0; i < std::max<std::size_t>(answer.size(), 1); ++i) relevance->add("x");
    EXPECT_EQ(relevance->finish().error().code, ErrorCode::kDataLoss);
  }
}

TEST(EmbeddedRelevance, CountsTheTextsThatAreCutByUsOrByTheModel) {
  const auto relevance = embedded_relevance([&](std::span<const std::string> texts, modelops::EmbeddingUse) {
    modelops::Embeddings out{by_length(texts)};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_LE(texts[i].size(), 8192U);
      if (texts[i].size() > 1000) out.cut.push_back(i);
    }
    return Result<modelops::Embeddings>(std::move(out));
  });
  for (const std::size_t length : {10U, 2000U, 9000U}) relevance->add(std::string(length, 'x'));
  ASSERT_TRUE(relevance->finish().ok());
  EXPECT_EQ(relevance->cut_texts(), 2U);
  EXPECT_THAT(nearest_of(*relevance, std::string(5000, 'x'), 1), ElementsAre(2));
  EXPECT_EQ(relevance->cut_texts(), 3U);
}

std::vector<std::string> chosen_turns(SimilarExamples& examples, const std::string& said) {
  const std::vector<std::string> texts{said};
  const auto chosen = examples.choose(texts, [](std::size_t, const Example&) { return true; }).value();
  std::vector<std::string> out;
  for (const Example* e : chosen.at(0)) out.push_back(e->turns);
  return out;
}

TEST(SimilarExamples, TheBestFirstThenToolsThatNoneCallsYet) {
  IclSettings settings{.max_examples = 3, .relevance_ratio = 0.7};
  const auto fill = [](SimilarExamples& examples) {
    examples.add({.label = "a", .turns = "1"}, "red green blue");
    examples.add({.label = "a", .turns = "2"}, "red green");
    examples.add({.label = "a", .turns = "3"}, "red and more words here");
    examples.add({.label = "b", .turns = "4"}, "red and even more words here than that");
    examples.add({.label = "c", .turns = "5"}, "nothing alike");
    ASSERT_TRUE(examples.finish().ok());
  };
  SimilarExamples covering(settings, lexical_relevance());
  fill(covering);
  EXPECT_THAT(chosen_turns(covering, "red green blue"), ElementsAre("1", "2", "4"));
  settings.relevance_ratio = 1;
  SimilarExamples relevant(settings, lexical_relevance());
  fill(relevant);
  EXPECT_THAT(chosen_turns(relevant, "red green blue"), ElementsAre("1", "2", "3"));
  settings.relevance_ratio = 0;
  SimilarExamples wide(settings, lexical_relevance());
  fill(wide);
  EXPECT_THAT(chosen_turns(wide, "red green blue"), ElementsAre("1", "4", "5"));
}

/// Questions about four things, each in words of its own.
std::vector<record::Interaction> questions() {
  Traffic traffic;
  const std::vector<std::pair<std::string, std::string>> things{{"invoice", "send me the invoice of month "},
                                                                {"order", "where is my parcel number "},
                                                                {"cancel", "I want to withdraw from purchase "},
                                                                {"", "what are your opening hours on day "}};
  for (int i = 0; i < 30; ++i) {
    for (const auto& [tool_name, words] : things) traffic.ask_often(1, tool_name, words);
  }
  return traffic.records();
}

TEST(InContextRows, GetExamplesThatAreLikeThem) {
  const IclSettings similar{.max_examples = 2, .selection = ExampleSelection::kSimilar, .relevance_ratio = 1};
  const auto built = build_of(questions(), small_split(12), 7, similar).value();
  const auto rows = icl_rows(built);
  ASSERT_EQ(rows.size(), 12U);
  for (const Json& row : rows) {
    const auto& messages = row["request"]["messages"];
    const auto examples = messages[0]["content"].get<std::string>();
    const auto said = messages.back()["content"].get<std::string>();
    const std::string words = said.substr(0, said.find(" x"));
    const auto first = examples.find("user: " + words);
    ASSERT_NE(first, std::string::npos) << said << examples;
    EXPECT_NE(examples.find("user: " + words, first + 1), std::string::npos) << said << examples;
  }
  EXPECT_THAT(built.card.notes, Contains(HasSubstr("the words that they share (BM25)")));
}

TEST(InContextRows, AreTheSameWhateverTheOrderOfTheRecords) {
  const IclSettings similar{.max_examples = 2, .selection = ExampleSelection::kSimilar};
  auto records = questions();
  const auto one = build_of(records, small_split(12), 7, similar).value();
  std::ranges::reverse(records);
  const auto other = build_of(records, small_split(12), 7, similar).value();
  EXPECT_EQ(one.icl.files.front().content, other.icl.files.front().content);
}

TEST(InContextRows, AModelThatGivesNoVectorsEndsTheBuildWithItsError) {
  const IclSettings similar{.selection = ExampleSelection::kSimilar, .embedding = modelops::ModelSpec{.name = "e"}};
  const auto records = questions();
  RecordsInMemory source(records);
  const auto built =
      build({.workload = record::WorkloadId("router"),
             .records = source,
             .split = small_split(12),
             .icl = similar,
             .seed = 7,
             .now = from_epoch_seconds(1'732'460'000),
             .embed = [](std::span<const std::string>, modelops::EmbeddingUse) -> Result<modelops::Embeddings> {
               return unavailable("nobody there");
             }});
  EXPECT_THAT(built.error().message, HasSubstr("nobody there"));
}

}  // namespace
}  // namespace fw::dataset
