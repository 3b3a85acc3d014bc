#include "traffic/statistics.h"

#include "traffic/tests/traffic_fixture.h"

namespace fw::traffic {
namespace {

class StatisticsTest : public TrafficTest {
 protected:
  StatisticsKeeper::Snapshot get(Duration time = std::chrono::seconds(5)) {
    auto known = keeper_.get(log_->workloads().value().at(0), time);
    EXPECT_TRUE(known.ok());
    return std::move(known).value();
  }
  StatisticsKeeper keeper_{*log_, clock_};
};

TEST_F(StatisticsTest, AddsUpTokensClassesAndModels) {
  for (int i = 0; i < 5; ++i) append(record(i, i < 3 ? "get" : "put"));
  const auto known = get();
  EXPECT_TRUE(known.is_complete);
  EXPECT_EQ(known.statistics.total.records, 5u);
  EXPECT_EQ(known.statistics.total.prompt_tokens, 50u);
  EXPECT_EQ(known.statistics.labels, (std::map<std::string, std::uint64_t>{{"get", 3}, {"put", 2}}));
  EXPECT_EQ(known.statistics.models.at("big"), 5u);
}

TEST_F(StatisticsTest, WhatComesLaterIsCountedOnceEach) {
  for (int i = 0; i < 300; ++i) {
    append(record(i, "get"));
    if (i % 50 == 0) EXPECT_EQ(get().statistics.total.records, static_cast<std::uint64_t>(i) + 1);
  }
  EXPECT_EQ(get().statistics.total.records, 300u);
}

TEST_F(StatisticsTest, AnAnswerThatCameOutOfOrderIsCounted) {
  append(record(100, "get"));
  EXPECT_EQ(get().statistics.total.records, 1u);
  append(record(20, "put"));
  EXPECT_EQ(get().statistics.total.records, 2u);
}

TEST_F(StatisticsTest, OldTrafficThatIsLoadedLaterIsFoundByCountingAnew) {
  append(record(100'000, "get"));
  EXPECT_EQ(get().statistics.total.records, 1u);
  append(record(1, "put"));
  const auto before = get();
  EXPECT_EQ(before.statistics.total.records, 1u);
  EXPECT_FALSE(before.is_complete) << "one that came late is not counted";
  clock_.advance(std::chrono::seconds(30));
  EXPECT_FALSE(get().is_complete);
  const auto after = get();
  EXPECT_EQ(after.statistics.total.records, 2u);
  EXPECT_TRUE(after.is_complete);
}

TEST_F(StatisticsTest, WhatWasRemovedIsNotCounted) {
  append(record(1, "get"));
  append(record(100'000, "put"));
  EXPECT_EQ(get().statistics.total.records, 2u);
  ASSERT_TRUE(log_->remove({.to = from_epoch_seconds(1'700'050'000)}).ok());
  EXPECT_FALSE(get().is_complete);
  EXPECT_EQ(get().statistics.total.records, 1u);
}

TEST_F(StatisticsTest, AShortTimeGivesAPartAndTheNextAskTheRest) {
  std::vector<record::Interaction> many;
  for (int i = 0; i < 1200; ++i) many.push_back(record(i, "get"));
  ASSERT_TRUE(log_->append(many).ok());
  const auto first = get(Duration::zero());
  EXPECT_FALSE(first.is_complete);
  EXPECT_EQ(first.statistics.total.records, 500u);
  EXPECT_FALSE(get(Duration::zero()).is_complete);
  EXPECT_EQ(get(Duration::zero()).statistics.total.records, 1200u);
}

TEST(Series, GrowsWiderInsteadOfLonger) {
  Series series;
  for (std::int64_t day = 0; day < 4000; ++day) series.add(from_epoch_seconds(86'400 * day), {}, {});
  EXPECT_LE(series.stretches().size(), Series::kMost);
  std::uint64_t records = 0;
  for (const auto& [at, sums] : series.at_most(50).stretches()) records += sums.records;
  EXPECT_EQ(records, 4000u);
  EXPECT_LE(series.at_most(50).stretches().size(), 50u);
}

}  // namespace
}  // namespace fw::traffic
