// Planted leaks, whose number is known, in traffic that has no others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dataset/impl/row_text.h"
#include "dataset/tests/random_words.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::HasSubstr;

constexpr std::size_t kOthers = 300;
constexpr std::size_t kTwins = 60;   // pairs of rows of nearly one request
constexpr std::size_t kQuotes = 40;  // rows whose answer another row says

/// Questions of random words. Twins differ in one word of 40: a likeness of 35 / 41.
class PlantedTraffic {
 public:
  explicit PlantedTraffic(std::uint64_t seed) : random_(seed) {
    for (std::size_t i = 0; i < kOthers; ++i) add(random_text(random_, 30), random_text(random_, 12));
    for (std::size_t i = 0; i < kTwins; ++i) {
      auto asked = random_words(random_, 40);
      const std::string first = add(joined(asked), random_text(random_, 12));
      asked[20] = random_words(random_, 1)[0];
      const std::string second = add(joined(asked), random_text(random_, 12));
      twin_[first] = second;
      twin_[second] = first;
    }
    for (std::size_t i = 0; i < kQuotes; ++i) {
      const std::string answer = random_text(random_, 15);
      const std::string answered = add(random_text(random_, 30), answer);
      quoted_by_[answered] = add(random_text(random_, 10) + answer + random_text(random_, 10), "noted, and thanks");
    }
  }

  /// Evaluation rows that have their twin among these.
  std::uint64_t twins_in(const Lineage& lineage) const { return count_in(lineage, twin_); }
  std::uint64_t quotes_in(const Lineage& lineage) const { return count_in(lineage, quoted_by_); }
  bool are_twins(const LeakPair& pair) const {
    const auto found = twin_.find(pair.evaluation.record_id);
    return found != twin_.end() && found->second == pair.training.record_id;
  }

  std::vector<record::Interaction>& records() { return traffic_.records(); }

 private:
  std::string add(const std::string& asked, const std::string& answer) {
    traffic_.add(ask(asked), reply(say("assistant", answer)));
    return *traffic_.records().back().id;
  }
  static std::uint64_t count_in(const Lineage& lineage, const std::map<std::string, std::string>& of) {
    std::set<std::string> training;
    for (const auto* side : {&lineage.train, &lineage.validation}) {
      for (const auto& id : *side) training.insert(*id);
    }
    return static_cast<std::uint64_t>(std::ranges::count_if(lineage.eval, [&](const record::RecordId& id) {
      const auto found = of.find(*id);
      return found != of.end() && training.contains(found->second);
    }));
  }

  Random random_;
  Traffic traffic_;
  std::map<std::string, std::string> twin_;
  std::map<std::string, std::string> quoted_by_;
};

SplitSettings split_of(bool apart, double max_leaked_share) {
  SplitSettings split = small_split(120);
  split.keep_near_duplicates_apart = apart;
  split.max_leaked_share = max_leaked_share;
  split.max_answered_share = 1;
  return split;
}

TEST(Leaks, AreAllFoundAndNoneIsInvented) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    PlantedTraffic traffic(seed);
    const auto built = build_of(traffic.records(), split_of(false, 1), seed);
    ASSERT_TRUE(built.ok()) << built.error();
    const Leak& leak = built->card.leak;
    EXPECT_EQ(leak.eval_rows_near_training, traffic.twins_in(built->lineage));
    EXPECT_GT(leak.eval_rows_near_training, 5U);
    EXPECT_EQ(leak.eval_rows_answered_in_training, traffic.quotes_in(built->lineage));
    EXPECT_GT(leak.eval_rows_answered_in_training, 0U);
    std::size_t shown = 0;
    for (const LeakPair& pair : leak.pairs) {
      if (pair.kind != LeakPair::Kind::kRequest) continue;
      EXPECT_TRUE(traffic.are_twins(pair));
      EXPECT_DOUBLE_EQ(pair.likeness, 35.0 / 41);
      EXPECT_FALSE(pair.evaluation.text.empty());
      ++shown;
    }
    EXPECT_EQ(shown, 5U);
  }
}

TEST(Leaks, NearDuplicatesStandOnOneSideByDefault) {
  PlantedTraffic traffic(3);
  const auto built = build_of(traffic.records(), small_split(120), 3);
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_EQ(built->card.leak.eval_rows_near_training, 0U);
  EXPECT_EQ(traffic.twins_in(built->lineage), 0U);
  const Step& split = step_of(built->card, "split");
  EXPECT_GT(split.reasons.at("nearly an evaluation row"), 5U);
  EXPECT_EQ(built->lineage.eval.size(), 120U);
}

TEST(Leaks, MoreThanAreAllowedFailTheBuild) {
  PlantedTraffic traffic(3);
  const auto built = build_of(traffic.records(), split_of(false, 0.01), 3);
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(built.error().message, HasSubstr("data_split_config.max_leaked_share (1"));
  EXPECT_THAT(built.error().message, HasSubstr("the worst pair: records r"));
}

TEST(Leaks, TheCardOfRefusedDatasetsIsToldWithItsCountsAndPairs) {
  PlantedTraffic traffic(3);
  for (const double most : {0.01, 1.0}) {
    RecordsInMemory source(traffic.records());
    std::vector<Card> refused;
    const auto built = build({.workload = record::WorkloadId("router"),
                              .records = source,
                              .split = split_of(false, most),
                              .icl = {},
                              .seed = 3,
                              .now = from_epoch_seconds(1'732'460'000),
                              .on_refused = [&](const Card& card) { refused.push_back(card); }});
    ASSERT_EQ(built.ok(), most == 1.0);
    ASSERT_EQ(refused.size(), built.ok() ? 0U : 1U);
    if (built.ok()) continue;
    EXPECT_EQ(refused[0].refused, built.error().message);
    EXPECT_GT(refused[0].leak.eval_rows_near_training, 5U);
    EXPECT_EQ(refused[0].leak.pairs.front().kind, LeakPair::Kind::kRequest);
    EXPECT_EQ(refused[0].steps.size(), 5U);
    EXPECT_THAT(refused[0].notes.front(), HasSubstr("were refused, and are not kept: "));
  }
}

TEST(Leaks, AnswersThatStandInTrainingFailTheBuildBeyondTheirLimit) {
  PlantedTraffic traffic(3);
  SplitSettings split = small_split(120);
  split.max_answered_share = 0;
  const auto built = build_of(traffic.records(), split, 3);
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(built.error().message, HasSubstr("have an answer of their own that stands in a row of training, more "
                                               "than data_split_config.max_answered_share (0"));
  EXPECT_THAT(built.error().message, HasSubstr("the worst pair: records r"));
  split.max_answered_share = 0.1;
  const auto within = build_of(traffic.records(), split, 3);
  ASSERT_TRUE(within.ok()) << within.error();
  EXPECT_EQ(within->card.leak.eval_rows_own_answer_in_training, traffic.quotes_in(within->lineage));
}

TEST(Leaks, UsualAnswersAreNone) {
  Traffic router;
  for (int i = 0; i < 200; ++i) {
    router.add(ask("question " + std::to_string(i) + " about matter " + std::to_string(i * i)),
               reply(say("assistant", i % 2 == 0 ? "talk" : "search")));
  }
  // Phrases, each of which five rows of 80 give: no frame, and nobody's own.
  Traffic support;
  Random random(5);
  std::vector<std::string> phrases;
  for (int i = 0; i < 16; ++i) phrases.push_back(random_text(random, 14));
  for (std::size_t i = 0; i < 80; ++i) {
    support.add(ask(random_text(random, 20)), reply(say("assistant", phrases[i % phrases.size()])));
  }
  SplitSettings strict = small_split(20);
  strict.max_answered_share = 0;
  for (Traffic* traffic : {&router, &support}) {
    const auto built = build_of(traffic->records(), strict);
    ASSERT_TRUE(built.ok()) << built.error();
    EXPECT_EQ(built->card.leak.eval_rows_own_answer_in_training, 0U);
  }
}

TEST(Leaks, AHigherThresholdLetsThemPass) {
  PlantedTraffic traffic(3);
  SplitSettings split = split_of(true, 0);
  split.near_duplicate_threshold = 0.9;
  const auto built = build_of(traffic.records(), split, 3);
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_EQ(built->card.leak.eval_rows_near_training, 0U);
  EXPECT_GT(traffic.twins_in(built->lineage), 5U);
}

TEST(Leaks, ThresholdsOutOfRangeAreRefused) {
  PlantedTraffic traffic(3);
  SplitSettings split = small_split(120);
  split.near_duplicate_threshold = 0;
  EXPECT_EQ(build_of(traffic.records(), split, 3).error().code, ErrorCode::kInvalidArgument);
}

TEST(RowTexts, AreWhatTheModelSawAndSaid) {
  RowTexts texts;
  const RowText text = texts.of_exchange(
      R"({"messages": [{"role": "system", "content": "Be kind."},
          {"role": "user", "content": [{"type": "text", "text": "hi"}]},
          {"role": "assistant", "content": null, "tool_calls": [
            {"function": {"name": "look", "arguments": "{\"b\": \"\\u00e9\", \"a\": 1.0}"}}]},
          {"role": "tool", "content": "found"}, {"role": "user", "content": "thanks"}],
          "tools": [{"function": {"name": "look", "description": "looks"}}]})",
      R"({"choices": [{"message": {"content": "welcome", "tool_calls": [
          {"function": {"name": "look", "arguments": {"c": ["x", "y"]}}}]}}]})");
  EXPECT_EQ(text.system, "Be kind.");
  EXPECT_EQ(text.seen, "hi\nlook\n{\"a\": 1, \"b\": \"é\"}\nfound\nthanks");
  EXPECT_EQ(text.tools, "looks\nlook");
  EXPECT_EQ(text.last_user, "thanks");
  EXPECT_EQ(text.answer, "welcome\nlook\n{\"c\": [\"x\", \"y\"]}");
  EXPECT_EQ(text.answer_values, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(texts.of_exchange("[", "7").seen, "");
}

}  // namespace
}  // namespace fw::dataset
