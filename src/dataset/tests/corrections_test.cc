#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;

constexpr int kRecords = 40;

/// Forty unlike questions, answered with get_order by production.
class Corrections : public testing::Test {
 protected:
  Corrections() { traffic_.ask_often(kRecords, "get_order"); }

  void correct(int record, const Json& message, int at = 0) {
    char id[32];
    std::snprintf(id, sizeof id, "r%06d", record);
    given_.push_back({record::RecordId(id), message.dump(), from_epoch_seconds(at)});
  }
  void correct_all() {
    for (int i = 0; i < kRecords; ++i) correct(i, call("cancel", {{"id", "n" + std::to_string(i)}}));
  }
  BuiltDatasets built(bool use = true, std::optional<std::uint64_t> limit = std::nullopt) {
    RecordsInMemory source(traffic_.records());
    SplitSettings split = small_split(8);
    split.limit = limit;
    split.keep_templates_together = false;
    BuildRequest request{
        .workload = record::WorkloadId("router"), .records = source, .split = split, .icl = {}, .seed = 7};
    request.now = from_epoch_seconds(1'732'460'000);
    if (use) request.corrections = given_;
    return build(request).value();
  }
  static std::string taught(const Json& row) {
    const Json& answer = row["messages"].back();
    return answer.contains("tool_calls") ? answer["tool_calls"][0]["function"].dump() : answer["content"].dump();
  }
  static std::uint64_t sum(const CorrectionCounts& c) {
    std::uint64_t unusable = 0;
    for (const auto& [reason, count] : c.unusable) unusable += count;
    return c.superseded + c.not_in_window + unusable + c.train + c.validation + c.evaluation + c.left_out;
  }

  Traffic traffic_;
  std::vector<Correction> given_;
};

TEST_F(Corrections, AreTaughtAndEvaluationRowsKeepProductionsAnswer) {
  correct_all();
  const auto with = built();
  const auto without = built(false);
  for (const auto& rows : {train_rows(with), validation_rows(with)}) {
    ASSERT_FALSE(rows.empty());
    for (const Json& row : rows)
      EXPECT_THAT(taught(row), testing::HasSubstr(R"("name":"cancel","arguments":{"id":"n)"));
  }
  EXPECT_EQ(with.eval.files[0].content, without.eval.files[0].content);
  EXPECT_EQ(with.card.corrections->train, train_rows(with).size());
  EXPECT_EQ(with.card.corrections->validation, validation_rows(with).size());
  EXPECT_EQ(with.card.corrections->evaluation, 8u);
  EXPECT_EQ(sum(*with.card.corrections), with.card.corrections->given);
}

TEST_F(Corrections, ChangeNoRowsSide) {
  correct_all();
  const auto with = built();
  const auto without = built(false);
  EXPECT_EQ(with.lineage.train, without.lineage.train);
  EXPECT_EQ(with.lineage.validation, without.lineage.validation);
  EXPECT_EQ(with.lineage.eval, without.lineage.eval);
}

TEST_F(Corrections, TrainThoughTheyWereNotDrawnAndLeaveTheEvaluationToTheLot) {
  correct_all();
  const auto with = built(true, 20);
  const auto without = built(false, 20);
  EXPECT_EQ(with.eval.files[0].content, without.eval.files[0].content) << "not even a weight differs";
  EXPECT_EQ(with.card.corrections->evaluation, 8u);
  EXPECT_EQ(with.card.corrections->train + with.card.corrections->validation, kRecords - 8u);
  EXPECT_EQ(with.card.corrections->left_out, 0u);
  EXPECT_EQ(without.lineage.train.size() + without.lineage.validation.size(), 12u);
  EXPECT_EQ(with.lineage.validation, without.lineage.validation);
}

TEST_F(Corrections, AreNotUsedUnlessAskedFor) {
  correct_all();
  const auto without = built(false);
  EXPECT_THAT(taught(train_rows(without)[0]), testing::HasSubstr("get_order"));
  EXPECT_FALSE(without.card.corrections);
  EXPECT_FALSE(to_json(without.card).contains("corrections"));
}

TEST_F(Corrections, ReachTheRowOfTheirRequestWhicheverRecordWasKept) {
  // The same question again, later: the row is of the later record, the correction of the earlier.
  for (int i = 0; i < kRecords; ++i) traffic_.add_raw(traffic_.records()[i].request, traffic_.records()[i].response);
  correct_all();
  const auto with = built();
  EXPECT_EQ(with.card.corrections->train, with.lineage.train.size());
  EXPECT_TRUE(std::ranges::all_of(with.lineage.train, [](const auto& id) { return *id >= "r000040"; }));
}

TEST_F(Corrections, TheLastForARequestCounts) {
  correct_all();
  for (int i = 0; i < kRecords; ++i) correct(i, say("assistant", "Too late."), 20);
  for (int i = 0; i < kRecords; ++i) correct(i, say("assistant", "Which one?"), 10);
  const auto first = built();
  for (const Json& row : train_rows(first)) EXPECT_EQ(taught(row), R"("Too late.")");
  EXPECT_EQ(first.card.corrections->superseded, 80u);
  EXPECT_EQ(sum(*first.card.corrections), 120u);
  std::ranges::reverse(given_);
  std::ranges::reverse(traffic_.records());
  EXPECT_EQ(built().train.files[0].content, first.train.files[0].content);
}

TEST_F(Corrections, WhatIsNoAnswerIsLeftOutWithItsReason) {
  Json broken = call("get_order", {});
  broken["tool_calls"][0]["function"]["arguments"] = "{\"id\": ";
  correct(0, broken);
  correct(1, call("no_such_tool", {{"id", "5"}}));
  correct(2, say("assistant", ""));
  correct(99, say("assistant", "of a record that is gone"));
  const auto with = built();
  const auto& counts = *with.card.corrections;
  EXPECT_EQ(counts.unusable,
            (std::map<std::string, std::uint64_t>{{"arguments of a tool call are not valid JSON", 1},
                                                  {"the answer calls a tool that the request does not have", 1},
                                                  {"the answer has neither content nor tool calls", 1}}));
  EXPECT_EQ(counts.not_in_window, 1u);
  EXPECT_EQ(sum(counts), 4u);
  EXPECT_EQ(with.train.files[0].content, built(false).train.files[0].content);
}

TEST_F(Corrections, MayHaveArgumentsAsAnObjectAsPeopleWriteThem) {
  for (int i = 0; i < kRecords; ++i) {
    Json message = call("cancel", {});
    message["tool_calls"][0]["function"]["arguments"] = {{"id", 5}};
    correct(i, message);
  }
  const auto with = built();
  EXPECT_TRUE(with.card.corrections->unusable.empty());
  EXPECT_EQ(taught(train_rows(with)[0]), R"({"name":"cancel","arguments":{"id":5}})");
}

TEST_F(Corrections, AreMarkedInTheLineageAndToldInTheCard) {
  correct_all();
  const auto with = built();
  const auto lineage = rows_of(with.train, "lineage.jsonl");
  EXPECT_TRUE(std::ranges::all_of(lineage, [](const Json& line) { return line.at("corrected") == true; }));
  EXPECT_THAT(with.card.notes, testing::Contains(testing::AllOf(
                                   testing::HasSubstr("32 rows of training and validation have the answer that people"),
                                   testing::HasSubstr("8 others were drawn for evaluation and keep production's"))));
  EXPECT_EQ(to_json(with.card)["corrections"]["given"], kRecords);
}

}  // namespace
}  // namespace fw::dataset
