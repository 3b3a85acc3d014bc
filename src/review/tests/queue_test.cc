#include "review/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evals/metric.h"
#include "review/tests/report_fixture.h"

namespace fw::review {
namespace {

using testing::ElementsAre;

std::vector<std::string> ids(const Queue& queue) {
  std::vector<std::string> out;
  for (const auto& item : queue.items) out.push_back(item.record_id);
  return out;
}

Queue queue(const Json& rows, const ReviewSettings& settings = {}) {
  return queue_of(report_with(rows, rows.size()), settings).value().value();
}

TEST(ReviewQueue, ARareClassComesBeforeACommonOne) {
  const Json rows{row("r1", "common", call("a", {{"x", 1}}), call("b", {{"x", 1}})),
                  row("r2", "rare", call("a", {{"x", 1}}), call("b", {{"x", 1}}))};
  const auto found = queue(rows);
  EXPECT_THAT(ids(found), ElementsAre("r2", "r1"));
  EXPECT_THAT(found.items[0].why, ElementsAre("rare class"));
}

TEST(ReviewQueue, StakesGoBeforeRarity) {
  const Json rows{row("r1", "common", call("a", {{"x", 1}}), call("b", {{"x", 1}})),
                  row("r2", "rare", call("a", {{"x", 1}}), call("b", {{"x", 1}}))};
  EXPECT_THAT(ids(queue(rows, {.weights = {{"common", 5}}})), ElementsAre("r1", "r2"));
}

TEST(ReviewQueue, WhereJudgeAndMetricDisagreeComesFirst) {
  const Json rows{row("r1", "common", call("a", {{"x", 1}}), call("b", {{"x", 1}})),
                  row("r2", "common", call("a", {{"x", 1}}), call("c", {{"x", 1}}), {{"similarity", 0.9}})};
  const auto found = queue(rows);
  EXPECT_EQ(found.items[0].record_id, "r2");
  EXPECT_THAT(found.items[0].why, ElementsAre("judge and metric disagree"));
}

TEST(ReviewQueue, WhatTheModelWasUnsureOfComesFirst) {
  Json rows{row("r1", "common", call("a", {{"x", 1}}), call("b", {{"x", 1}})),
            row("r2", "common", call("a", {{"x", 1}}), call("c", {{"x", 1}})),
            row("r3", "common", call("a", {{"x", 1}}), call("d", {{"x", 1}}))};
  rows[0]["answers"][0]["confidence"] = 0.9;
  rows[1]["answers"][0]["confidence"] = nullptr;
  rows[2]["answers"][0]["confidence"] = 0.3;
  const auto found = queue(rows);
  EXPECT_THAT(ids(found), ElementsAre("r3", "r1", "r2"));
  EXPECT_THAT(found.items[0].why, ElementsAre("the model was unsure"));
}

TEST(ReviewQueue, EveryJudgedMetricIsTheJudges) {
  for (const evals::Metric* metric : evals::metrics()) {
    if (!metric->is_judged) continue;
    const Json scores{{std::string(metric->name), 0.9}};
    const Json rows = Json::array({row("r1", "common", call("a", {{"x", 1}}), call("b", {{"x", 1}}), scores)});
    EXPECT_EQ(queue(rows).items[0].judge, 0.9) << metric->name;
  }
}

TEST(ReviewQueue, RowsThatDifferInTheSameArgumentStandTogether) {
  const Json rows{row("r1", "common", call("a", {{"x", 1}, {"y", 2}}), call("a", {{"x", 1}, {"y", 3}})),
                  row("r2", "common", call("a", {{"x", 1}, {"y", 2}}), call("a", {{"x", 2}, {"y", 2}})),
                  row("r3", "common", call("a", {{"x", 4}, {"y", 5}}), call("a", {{"x", 4}, {"y", 6}}))};
  const auto found = queue(rows);
  std::map<std::string, std::string> groups;
  for (const auto& item : found.items) groups[item.record_id] = item.group;
  EXPECT_EQ(groups["r1"], groups["r3"]);
  EXPECT_NE(groups["r1"], groups["r2"]);
  EXPECT_NE(ids(found)[1], "r2");
}

TEST(ReviewQueue, CountsWhatItLeavesOutAndWhatEachClassHas) {
  Json rows = Json::array();
  for (int i = 0; i < 9; ++i)
    rows.push_back(
        row("r" + std::to_string(i), i < 2 ? "rare" : "common", call("a", {{"x", i}}), call("b", {{"x", i}})));
  const auto found = queue_of(report_with(rows, 9), {.max_rows = 5}).value().value();
  EXPECT_EQ(found.items.size(), 5u);
  EXPECT_EQ(found.subject.left_out, 4u);
  ASSERT_EQ(found.subject.classes.size(), 2u);
  EXPECT_EQ(found.subject.classes[0].divergent, 7u);
  EXPECT_EQ(found.subject.classes[1].divergent, 2u);
}

TEST(ReviewQueue, AReportWithoutAnEvaluationHasNone) {
  Json report = report_with(Json::array(), 0);
  report["summary"]["model_name"] = nullptr;
  EXPECT_FALSE(queue_of(report, {}).value());
  EXPECT_EQ(queue_of(Json(3), {}).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(queue_of(Json{{"summary", {{"model_name", "m"}}}}, {}).error().code, ErrorCode::kDataLoss);
}

TEST(ReviewQueue, HeadAndSubjectComeBackAsTheyWereStored) {
  const auto found =
      queue(Json::array({row("r1", "rare", call("a", {{"x", 1}}), call("b", {{"x", 1}}), {{"similarity", 0.25}})}));
  const auto item = item_from_head(head_json(found.items[0])).value();
  EXPECT_EQ(item.label, "rare");
  EXPECT_EQ(item.group, found.items[0].group);
  EXPECT_EQ(item.judge, 0.25);
  const auto subject = subject_from_json(subject_json(found.subject)).value();
  EXPECT_EQ(subject.model_name, "small");
  EXPECT_EQ(subject.classes[1].share, 0.1);
}

TEST(ReviewQueue, HostileAnswersAreItemsLikeAnyOther) {
  for (const Json& message :
       {Json(nullptr), Json(7), Json{{"tool_calls", "x"}},
        Json{{"tool_calls", {1, Json{{"function", 2}}, Json{{"function", {{"name", 3}, {"arguments", "{"}}}}}}}}) {
    EXPECT_EQ(queue(Json::array({row("r1", "common", message, call("b", {{"x", 1}}))})).items.size(), 1u) << message;
  }
}

TEST(ReviewQueue, ADivergenceOfLiveTrafficIsARowOfItsClass) {
  const Subject subject{.rows = 104, .classes = {{"common", 0.9, 100, 0}, {"rare", 0.1, 4, 0}}};
  auto one = divergence("live-1", "hello", call("common", {{"x", 1}}), call("rare", {{"x", 1}}));
  one.judge = 0.9;
  const Item item = item_of(one, subject, {.weights = {{"common", 3}}}).value();
  EXPECT_EQ(item.record_id, "live-1");
  EXPECT_EQ(item.label, "common");
  EXPECT_EQ(item.judge, 0.9);
  EXPECT_THAT(item.why, ElementsAre("high stakes", "judge and metric disagree"));
  const auto body = Json::parse(item.body);
  EXPECT_EQ(body["production"], call("common", {{"x", 1}}));
  EXPECT_EQ(body["candidate"], call("rare", {{"x", 1}}));
  EXPECT_EQ(body["messages"][0]["content"], "hello");
  EXPECT_EQ(item_from_head(head_json(item))->source, Source::kShadow);
  const Json text{{"role", "assistant"}, {"content", "no"}};
  EXPECT_EQ(item_of(divergence("r", "hello", text, call("rare", {})), subject, {})->label, "no_tool");
  const Subject without_tools{.rows = 10, .classes = {{"", 1, 10, 0}}};
  EXPECT_EQ(item_of(divergence("r", "hello", text, call("rare", {})), without_tools, {})->label, "");
  one.candidate.response = "<html>";
  EXPECT_EQ(item_of(one, subject, {}).error().code, ErrorCode::kDataLoss);
}

TEST(ReviewQueue, RowsOfBeforeAreOfTheEvaluation) {
  const auto item = item_from_head(R"({"class":"a","group":"g","telling":1.0,"why":[],"agreement":0.0,"judge":null})");
  EXPECT_EQ(item->source, Source::kEvaluation);
}

}  // namespace
}  // namespace fw::review
