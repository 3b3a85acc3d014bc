// Evaluation rows that stay the same while the traffic grows.
#include "dataset/holdout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "dataset/compare.h"
#include "dataset/reasons.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string file_of(const Dataset& dataset, const std::string& path) {
  const auto file = std::ranges::find(dataset.files, path, &modelops::DatasetFile::path);
  return file == dataset.files.end() ? "" : file->content;
}

Holdout set_of(const BuiltDatasets& built) {
  return {"67436743674367436743abcd", built.eval.name, "d",
          read_holdout(file_of(built.eval, "eval_data.jsonl"), Deadline::never()).value()};
}

Result<BuiltDatasets> build_on(const Holdout& set, const std::vector<record::Interaction>& records, SplitSettings split,
                               std::uint64_t seed = 11) {
  split.holdout_job = set.job;
  RecordsInMemory source(records);
  return build({.workload = record::WorkloadId("router"),
                .records = source,
                .split = split,
                .icl = {},
                .seed = seed,
                .now = from_epoch_seconds(1'732'470'000),
                .holdout = &set});
}

Comparison compared(const BuiltDatasets& a, const BuiltDatasets& b) {
  const auto sides = [](const BuiltDatasets& built) {
    return std::array{file_of(built.eval, "eval_data.jsonl"), file_of(built.train, "training/train_data.jsonl"),
                      file_of(built.train, "validation/val_data.jsonl"), file_of(built.train, "lineage.jsonl")};
  };
  const auto of_a = sides(a);
  const auto of_b = sides(b);
  return compare({{of_a[0], of_a[1], of_a[2]}, of_a[3]}, {{of_b[0], of_b[1], of_b[2]}, of_b[3]}, Deadline::never())
      .value();
}

std::set<std::string> ids_of(const std::vector<record::RecordId>& records) {
  std::set<std::string> ids;
  for (const auto& id : records) ids.insert(*id);
  return ids;
}

/// What a run of before was made of, and its evaluation rows.
class HoldoutTest : public ::testing::Test {
 protected:
  HoldoutTest() {
    traffic_.ask_often(150, "get_order").ask_often(60, "cancel", "kindly call off ").ask_often(40, "", "many thanks ");
    before_ = build_of(traffic_.records(), small_split(30)).value();
    set_ = set_of(before_);
  }
  /// Questions of before once more, and others: other weights, other majorities, another draw.
  void grow() {
    for (int i = 0; i < 5; ++i) {
      for (int k = 0; k < 20; ++k) {
        const record::Interaction old = traffic_.records()[static_cast<std::size_t>(k) * 7];
        traffic_.add_raw(old.request, reply(call("cancel", {{"id", "other"}})).dump());
      }
    }
    traffic_.ask_often(200, "get_order", "has it been sent, parcel ").ask_often(50, "cancel");
  }
  /// The record is gone.
  void erase(const std::string& id) {
    std::erase_if(traffic_.records(), [&](const auto& record) { return *record.id == id; });
  }

  Traffic traffic_;
  BuiltDatasets before_;
  Holdout set_;
};

TEST_F(HoldoutTest, EvaluatesOnTheSameRowsByteForByteWhileTheTrafficGrows) {
  grow();
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  EXPECT_EQ(after.lineage.eval, before_.lineage.eval);
  const Comparison found = compared(before_, after);
  EXPECT_TRUE(found.is_same(Side::kEvaluation));
  EXPECT_FALSE(found.is_same(Side::kTraining));
  EXPECT_GT(after.lineage.train.size(), before_.lineage.train.size());
  // Drawn anew they would be others.
  EXPECT_FALSE(compared(before_, build_of(traffic_.records(), small_split(30), 11).value()).is_same(Side::kEvaluation));
}

TEST_F(HoldoutTest, ARowKeepsTheAnswerThatItWasDrawnWithAndTheCardCountsWhatIsAnsweredOtherwiseByNow) {
  grow();
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  ASSERT_TRUE(after.card.holdout);
  EXPECT_GT(after.card.holdout->answered_otherwise, 0u);
  EXPECT_THAT(after.card.notes, Contains(HasSubstr("most records of the request give another by now")));
  for (const Json& row : eval_rows(after)) EXPECT_THAT(row["response"].dump(), Not(HasSubstr("\"other\"")));
}

TEST_F(HoldoutTest, SaysHowMuchTrafficCameSinceAndThatItIsNotMeasured) {
  grow();
  SplitSettings split = small_split(30);
  split.newest_holdout = 0.2;
  const auto after = build_on(set_, traffic_.records(), split).value();
  const auto since = std::ranges::count_if(traffic_.records(), [&](const auto& record) {
    return to_epoch_seconds(record.timestamp) > after.card.holdout->newest_record;
  });
  EXPECT_EQ(after.card.holdout->records_since, static_cast<std::uint64_t>(since));
  EXPECT_THAT(after.card.notes,
              Contains(AllOf(HasSubstr("The evaluation rows are those of job 67436743674367436743abcd"),
                             HasSubstr(std::to_string(since) + " of 600 records came since"))));
  EXPECT_THAT(after.card.notes, Contains(HasSubstr("is not measured: the evaluation rows are fixed")));
  for (const Json& row : eval_rows(after)) EXPECT_FALSE(row["newest"]);
  for (const auto& id : after.lineage.train) EXPECT_LT(*id, "r000480");
}

TEST_F(HoldoutTest, ErasedRecordsAreRetiredNamedAndNotReplaced) {
  const std::string first = *set_.rows[3].record;
  const std::string second = *set_.rows[17].record;
  grow();
  erase(first);
  erase(second);
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  const HoldoutCounts& counts = *after.card.holdout;
  EXPECT_EQ(counts.rows, 30u);
  EXPECT_EQ(counts.evaluated, 28u);
  ASSERT_EQ(counts.retired.size(), 2u);
  EXPECT_EQ(counts.retired[0].record_id, first);
  EXPECT_EQ(counts.retired[1].why, reasons::kGone);
  EXPECT_GT(counts.retired_weight_share, 0);
  EXPECT_EQ(after.lineage.eval.size(), 28u);
  auto left = ids_of(before_.lineage.eval);
  left.erase(first);
  left.erase(second);
  EXPECT_EQ(ids_of(after.lineage.eval), left);
  EXPECT_THAT(after.warnings, Contains(AllOf(HasSubstr("2 of 30 evaluation rows"), HasSubstr(first), HasSubstr(second),
                                             HasSubstr("are retired and not replaced"))));
  const Comparison found = compared(before_, after);
  EXPECT_EQ(found.sides[0].only_first.size(), 2u);
  EXPECT_EQ(found.sides[0].changed, 0u);
}

TEST_F(HoldoutTest, ARecordThatIsNoLongerValidIsRetiredAsSuch) {
  for (auto& record : traffic_.records()) {
    if (record.id == set_.rows[0].record) record.response = "{}";
  }
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  ASSERT_EQ(after.card.holdout->retired.size(), 1u);
  EXPECT_EQ(after.card.holdout->retired[0].why, reasons::kNoLongerValid);
}

TEST_F(HoldoutTest, ARecordWhoseContentHasExpiredIsRetiredAsSuch) {
  for (auto& record : traffic_.records()) {
    if (record.id != set_.rows[0].record) continue;
    record.request.clear();
    record.response.clear();
    record.outline.emplace();
  }
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  ASSERT_EQ(after.card.holdout->retired.size(), 1u);
  EXPECT_EQ(after.card.holdout->retired[0].why, reasons::kContentExpired);
}

TEST_F(HoldoutTest, ARowThatReadsOtherwiseThanInTheEarlierDatasetIsCountedAndWarnedOf) {
  grow();
  EXPECT_EQ(build_on(set_, traffic_.records(), small_split(30))->card.holdout->rewritten, 0u);
  for (auto& record : traffic_.records()) {
    if (record.id != set_.rows[5].record) continue;
    Json request = Json::parse(record.request);
    request["messages"].back()["content"] = "quite another question";
    record.request = request.dump();
  }
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  EXPECT_EQ(after.card.holdout->rewritten, 1u);
  EXPECT_EQ(after.card.holdout->evaluated, 30u);
  EXPECT_THAT(after.warnings,
              Contains(HasSubstr("1 evaluation row reads otherwise than in the dataset of job " + set_.job)));
}

TEST_F(HoldoutTest, AClockThatIsFarOffInTheSetDoesNotHideWhatCameSince) {
  grow();
  const auto others = build_on(set_, traffic_.records(), small_split(30))->card.holdout->records_since;
  const auto oldest = std::ranges::min_element(set_.rows, {}, &HoldoutRow::timestamp);
  oldest->timestamp = 4'000'000'000;
  for (auto& record : traffic_.records()) {
    if (record.id == oldest->record) record.timestamp = from_epoch_seconds(4'000'000'000);
  }
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  EXPECT_EQ(after.card.holdout->evaluated, 30u);
  EXPECT_EQ(after.card.holdout->records_since, others + 1);  // the stray itself is newer
}

TEST_F(HoldoutTest, HowOftenProductionAgreesWithItselfIsThatOfTheTrafficWhateverTheSetHolds) {
  grow();
  const auto on_set = build_on(set_, traffic_.records(), small_split(30))->card.self_agreement;
  const auto drawn = build_of(traffic_.records(), small_split(30))->card.self_agreement;
  EXPECT_EQ(on_set.agreeing, drawn.agreeing);
  EXPECT_EQ(on_set.records, drawn.records);
}

TEST_F(HoldoutTest, ASetThatLeavesNothingToTrainOnNamesRemediesThatWork) {
  SplitSettings split = small_split(30);
  split.val_ratio = 0.99;
  split.keep_templates_together = false;
  std::erase_if(traffic_.records(), [&](const auto& record) {
    return !ids_of(before_.lineage.eval).contains(*record.id) && *record.id != *before_.lineage.train.front();
  });
  EXPECT_THAT(build_on(set_, traffic_.records(), split).error().message,
              AllOf(HasSubstr("no training rows: validation takes all 1 rows"), HasSubstr("collect more traffic"),
                    Not(HasSubstr("eval_size"))));
}

TEST_F(HoldoutTest, FailsWhereNoneOrTooFewOfTheRowsAreLeftAndSaysWhy) {
  SplitSettings split = small_split(30);
  split.holdout_min_rows = 30;
  erase(*set_.rows[0].record);
  EXPECT_THAT(build_on(set_, traffic_.records(), split).error().message,
              AllOf(HasSubstr("of the 30 evaluation rows of job 67436743674367436743abcd 29 can still be evaluated"),
                    HasSubstr("data_split_config.holdout_min_rows (30)"), HasSubstr("no longer in the log")));
  for (const auto& row : set_.rows) erase(*row.record);
  const auto none = build_on(set_, traffic_.records(), small_split(30));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(none.error().message,
              AllOf(HasSubstr("none can still be evaluated"), HasSubstr("leave holdout_job out")));
}

TEST_F(HoldoutTest, TheLimitNeverCostsARowAndIsToldWhereItIsLess) {
  grow();
  SplitSettings split = small_split(30);
  split.limit = 60;
  const auto after = build_on(set_, traffic_.records(), split).value();
  EXPECT_EQ(after.lineage.eval, before_.lineage.eval);
  EXPECT_EQ(step_of(after.card, "sample").out, 60u);
  split.limit = 29;
  EXPECT_THAT(build_on(set_, traffic_.records(), split).error().message,
              HasSubstr("data_split_config.limit (29) is less than the 30 evaluation rows"));
}

TEST_F(HoldoutTest, GivesTheSameBytesWhateverTheOrderOfTheRecords) {
  grow();
  const auto bytes = [&] {
    const auto built = build_on(set_, traffic_.records(), small_split(30)).value();
    return file_of(built.eval, "eval_data.jsonl") + file_of(built.icl, "eval_data.jsonl") +
           file_of(built.train, "training/train_data.jsonl") + file_of(built.train, "validation/val_data.jsonl") +
           to_json(built.card).dump();
  };
  const std::string expected = bytes();
  Random random(3);
  random.shuffle(traffic_.records());
  EXPECT_EQ(bytes(), expected);
}

TEST_F(HoldoutTest, ARunOnTheRowsOfARunOnTheseRowsHasThemToo) {
  grow();
  const auto second = build_on(set_, traffic_.records(), small_split(30)).value();
  grow();
  EXPECT_TRUE(compared(before_, build_on(set_of(second), traffic_.records(), small_split(30)).value())
                  .is_same(Side::kEvaluation));
}

TEST_F(HoldoutTest, ConversationsThatGoOnAndRequestsThatAreNearlyARowsStayOutOfTraining) {
  std::set<std::string> near;
  std::set<std::string> later;
  const auto records = traffic_.records();
  for (const auto& record : records) {
    if (!ids_of(before_.lineage.eval).contains(*record.id)) continue;
    Json request = Json::parse(record.request);
    Json& said = request["messages"].back()["content"];
    said = said.get<std::string>() + "!";
    traffic_.add(request, Json::parse(record.response));
    near.insert(*traffic_.records().back().id);
    Json next = Json::parse(record.request);
    next["messages"].push_back(say("assistant", "Of course, which parcel of yours do you mean, number " + *record.id));
    next["messages"].push_back(say("user", "the large one of " + *record.id));
    next["metadata"] = {{"conversation_id", "c-" + *record.id}};
    traffic_.add(next, reply(say("assistant", "Thank you.")));
    later.insert(*traffic_.records().back().id);
    for (auto& first : traffic_.records()) {
      if (first.id != record.id) continue;
      Json held = Json::parse(first.request);
      held["metadata"] = {{"conversation_id", "c-" + *record.id}};
      first.request = held.dump();
    }
  }
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  EXPECT_EQ(ids_of(after.lineage.eval), ids_of(before_.lineage.eval));
  for (const auto* side : {&after.lineage.train, &after.lineage.validation}) {
    for (const auto& id : *side) {
      EXPECT_FALSE(near.contains(*id)) << *id;
      EXPECT_FALSE(later.contains(*id)) << *id;
    }
  }
  EXPECT_EQ(step_of(after.card, "split").reasons.at(std::string(reasons::kConversationOfEvaluation)), later.size());
  EXPECT_EQ(after.card.leak.conversations_on_two_sides, 0u);
  EXPECT_EQ(after.card.leak.eval_rows_near_training, 0u);
}

TEST_F(HoldoutTest, WhoAskedTheSameLaterAndWentOnStaysOutOfTraining) {
  std::set<std::string> later;
  const auto records = traffic_.records();
  for (const auto& record : records) {
    if (!ids_of(before_.lineage.eval).contains(*record.id)) continue;
    const Json response = Json::parse(record.response);
    traffic_.add_raw(record.request, record.response);
    for (int i = 0; i < 2; ++i) {
      Json next = Json::parse(record.request);
      Json& messages = next["messages"];
      messages.push_back(response["choices"][0]["message"]);
      if (messages.back().contains("tool_calls")) {
        messages.push_back({{"role", "tool"}, {"tool_call_id", "call_1"}, {"content", "done"}});
      }
      messages.push_back(say("user", "and then " + std::to_string(i) + " for " + *record.id));
      traffic_.add(next, reply(say("assistant", "Thank you.")));
      later.insert(*traffic_.records().back().id);
    }
  }
  const auto after = build_on(set_, traffic_.records(), small_split(30)).value();
  EXPECT_EQ(ids_of(after.lineage.eval), ids_of(before_.lineage.eval));
  EXPECT_EQ(later.size(), 2 * before_.lineage.eval.size());
  for (const auto* side : {&after.lineage.train, &after.lineage.validation}) {
    for (const auto& id : *side) EXPECT_FALSE(later.contains(*id)) << *id;
  }
}

/// Fifty wordings that have no word in common, each of two records.
Traffic& ask_wordings(Traffic& traffic, char first) {
  for (int i = 0; i < 100; ++i) {
    const std::string word{first, char('a' + i % 10), char('k' + i / 10 % 5)};
    std::string text;
    for (const char* end : {"ab", "ec", "id", "of", "ug", "ah", "ek", "il", "om"}) text += word + end + ' ';
    traffic.add(ask(text + std::to_string(1000 + i)), reply(say("assistant", "It is " + word)));
  }
  return traffic;
}

TEST(Holdout, WordingsThatTrainingHadNotSeenStayUnseenWhileTheyAreAsked) {
  Traffic traffic;
  ask_wordings(traffic, 'b');
  const auto before = build_of(traffic.records(), small_split(10)).value();
  Traffic grown = traffic;
  ask_wordings(grown, 'c');
  const auto after = build_on(set_of(before), grown.records(), small_split(10)).value();
  EXPECT_EQ(after.lineage.eval, before.lineage.eval);
  std::uint64_t unseen_before = 0;
  const auto rows = eval_rows(before);
  const auto again = eval_rows(after);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    unseen_before += rows[i]["template_in_training"] ? 0 : 1;
    if (!rows[i]["template_in_training"]) {
      EXPECT_FALSE(again[i]["template_in_training"]) << again[i]["record_id"];
    }
  }
  EXPECT_GT(unseen_before, 0u);
  SplitSettings apart = small_split(10);
  apart.keep_templates_together = false;
  EXPECT_FALSE(step_of(build_on(set_of(before), grown.records(), apart)->card, "split")
                   .reasons.contains(std::string(reasons::kTemplateOfEvaluation)));
}

TEST(Holdout, ReadsRowsOfOlderVersionsAndNamesTheLineThatIsNone) {
  const auto rows =
      read_holdout("{\"record_id\":\"a\",\"label\":\"x\"}\n{\"record_id\":\"b\",\"weight\":2.5}\n", Deadline::never())
          .value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].traits.weight, 1);
  EXPECT_EQ(rows[1].traits.weight, 2.5);
  EXPECT_EQ(rows[1].traits.conversation, "b");
  for (const char* wrong : {"{\"record_id\":\"a\"}\n[]\n", "{\"record_id\":\"a\"}\n{\"messages\":[]}\n",
                            "{\"record_id\":\"a\"}\n{\"record_id\":7}"}) {
    EXPECT_THAT(read_holdout(wrong, Deadline::never()).error().message, HasSubstr("line 2 is no evaluation row"));
  }
}

}  // namespace
}  // namespace fw::dataset
