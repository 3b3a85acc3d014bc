#include "traffic/outline.h"

#include <gmock/gmock.h>

#include "traffic/search.h"
#include "traffic/statistics.h"
#include "traffic/tests/traffic_fixture.h"

namespace fw::traffic {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class OutlineTest : public TrafficTest {
 protected:
  record::Interaction without_content(const record::Interaction& one) {
    return outlined(one, from_epoch_seconds(1'790'000'000) + std::chrono::milliseconds(7), reader_);
  }
  void expire(const record::Interaction& one) {
    ASSERT_EQ(log_->expire_contents(std::vector{without_content(one)}).value(), 1U);
  }
  ExchangeReader reader_;
};

TEST_F(OutlineTest, KeepsWhatFiguresNeedAndNothingThatAnybodyWrote) {
  auto whole = record(1, "get_order", "where is my parcel, Elm Street 7");
  whole.provenance.total = std::chrono::microseconds(5);
  const auto kept = without_content(whole);
  EXPECT_FALSE(kept.has_content());
  EXPECT_THAT(kept.request, IsEmpty());
  EXPECT_THAT(kept.response, IsEmpty());
  EXPECT_EQ(kept.outline->expired, from_epoch_seconds(1'790'000'000));
  EXPECT_EQ(kept.outline->request_bytes, whole.request.size());
  EXPECT_EQ(kept.provenance.total, whole.provenance.total);
  Exchange before = reader_.read(whole);
  const Exchange after = reader_.read(kept);
  EXPECT_EQ(after.label, "get_order");
  EXPECT_EQ(after.called, before.called);
  EXPECT_EQ(after.messages, 1U);
  EXPECT_EQ(after.model_answered, "big");
  EXPECT_EQ(after.prompt_tokens, 10U);
  EXPECT_EQ(after.completion_tokens, 2U);
  EXPECT_EQ(after.content_expired, kept.outline->expired);
  EXPECT_EQ(before.content_expired, std::nullopt);
  EXPECT_THAT(after.asked, IsEmpty());
  EXPECT_THAT(after.answered, IsEmpty());
  EXPECT_TRUE(reader_.has_text(whole, "elm street"));
  EXPECT_FALSE(reader_.has_text(kept, "elm street"));
}

TEST_F(OutlineTest, WhatAModelWroteWhereANameShouldBeIsNotKept) {
  auto odd = record(1, "tell Ada of Elm Street 7 that it comes");
  auto kept = without_content(odd);
  EXPECT_THAT(kept.outline->called, ElementsAre("(other)"));
  EXPECT_EQ(kept.outline->label, "(other)");
  odd.response = R"({"choices":[{"finish_reason":"because Ada said so","message":{"content":"Elm Street"}}]})";
  kept = without_content(odd);
  EXPECT_THAT(kept.outline->finish_reason, IsEmpty());
  EXPECT_EQ(kept.outline->label, "no_tool");
  odd.response = R"({"error":{"message":"Ada is not allowed"}})";
  kept = without_content(odd);
  EXPECT_TRUE(kept.outline->is_error);
  EXPECT_TRUE(reader_.read(kept).is_error);
  EXPECT_THAT(reader_.read(kept).answered, IsEmpty());
}

TEST_F(OutlineTest, StatisticsAreTheSameBeforeAndAfter) {
  for (int i = 0; i < 9; ++i) {
    auto one = record(i, i % 3 == 0 ? "get" : "put");
    one.provenance.total = std::chrono::seconds(i);
    append(one);
  }
  const auto counted = [&] {
    StatisticsKeeper keeper(*log_, clock_);
    return keeper.get(log_->workloads().value().at(0), std::chrono::seconds(5)).value().statistics;
  };
  const Statistics before = counted();
  for (int i = 0; i < 6; ++i) expire(log_->find(record::RecordId("r" + std::to_string(i))).value().value());
  const Statistics after = counted();
  EXPECT_EQ(after.total.records, before.total.records);
  EXPECT_EQ(after.total.prompt_tokens, before.total.prompt_tokens);
  EXPECT_EQ(after.total.completion_tokens, before.total.completion_tokens);
  EXPECT_EQ(after.total.without_usage, before.total.without_usage);
  EXPECT_EQ(after.total.timed, before.total.timed);
  EXPECT_EQ(after.total.seconds, before.total.seconds);
  EXPECT_EQ(after.labels, before.labels);
  EXPECT_EQ(after.models, before.models);
  EXPECT_EQ(after.endings, before.endings);
}

TEST_F(OutlineTest, IsFoundByItsClassAndByNoText) {
  append(record(1, "get", "parcel"));
  append(record(2, "get", "parcel"));
  expire(record(1, "get", "parcel"));
  const auto found = [&](const Filter& filter) {
    std::vector<std::string> ids;
    for (const auto& one : search(*log_, {}, filter, {}, {}, clock_).value().found) ids.push_back(*one.interaction.id);
    return ids;
  };
  EXPECT_THAT(found({.label = "get"}), ElementsAre("r2", "r1"));
  EXPECT_THAT(found({.model = "big"}), ElementsAre("r2", "r1"));
  EXPECT_THAT(found({.text = "parcel"}), ElementsAre("r2"));
  EXPECT_THAT(found({.text = "get"}), ElementsAre("r2")) << "nor by the name of what it called";
}

}  // namespace
}  // namespace fw::traffic
