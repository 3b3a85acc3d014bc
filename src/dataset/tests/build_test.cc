#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/random.h"
#include "dataset/reasons.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::vector<std::string> bytes_of(const BuiltDatasets& built) {
  std::vector<std::string> bytes;
  for (const Dataset* dataset : {&built.eval, &built.icl, &built.train}) {
    bytes.push_back(dataset->name);
    for (const auto& file : dataset->files) bytes.push_back(file.path + '\n' + file.content);
  }
  bytes.push_back(to_json(built.card).dump());
  return bytes;
}

TEST(Build, NamesDatasetsAfterWorkloadAndTime) {
  Traffic traffic;
  traffic.ask_often(20, "get_order");
  const auto built = build_of(traffic.records(), small_split()).value();
  EXPECT_EQ(built.eval.name, "flywheel-eval-router-1732460000");
  EXPECT_EQ(built.icl.name, "flywheel-icl-router-1732460000");
  EXPECT_EQ(built.train.name, "flywheel-train-router-1732460000");
  EXPECT_EQ(built.eval.num_records, 4u);
  EXPECT_EQ(built.train.num_records, 16u);
}

TEST(Build, TakesOneRecordWithAToolCallForAToolCallingWorkloadAndKeepsTheOthersAsAClass) {
  Traffic traffic;
  traffic.ask_often(10, "").ask_often(10, "get_order");
  const auto built = build_of(traffic.records(), small_split()).value();
  EXPECT_EQ(built.card.type, modelops::WorkloadType::kToolCalling);
  ASSERT_EQ(built.card.classes.size(), 2u);
  EXPECT_EQ(built.card.classes[1].label, "no_tool");
  EXPECT_EQ(built.card.classes[1].eval, 2u);
}

TEST(Build, GivesGenericWorkloadsOneClassWithoutName) {
  Traffic traffic;
  traffic.ask_often(20, "");
  const auto built = build_of(traffic.records(), small_split()).value();
  EXPECT_EQ(built.card.type, modelops::WorkloadType::kGeneric);
  ASSERT_EQ(built.card.classes.size(), 1u);
  EXPECT_EQ(built.card.classes[0].label, "");
}

record::Interaction again(const record::Interaction& record, const std::string& id, const Json& message) {
  record::Interaction copy = record;
  copy.id = record::RecordId(id);
  copy.timestamp += std::chrono::hours(1);
  copy.response = reply(message).dump();
  return copy;
}

TEST(Build, KeepsTheAnswerOfMostRecordsOfARequestAndOfEqualsTheNewest) {
  Traffic traffic;
  traffic.ask_often(20, "get_order");
  auto& records = traffic.records();
  const auto asked = records[3];
  records.push_back(again(asked, "s1", call("cancel", {{"id", "x3"}})));
  records.push_back(again(asked, "s2", call("cancel", {{"id", "x3"}})));
  const auto tied = records[5];
  records.push_back(again(tied, "t1", call("cancel", {{"id", "x5"}})));
  const auto built = build_of(records, small_split(20)).value();
  EXPECT_THAT(step_of(built.card, "deduplicate").reasons, ElementsAre(Pair(reasons::kDuplicate, 3)));
  EXPECT_THAT(built.card.notes,
              testing::Contains(HasSubstr("2 requests came more than once, 2 of them with answers that differ")));
  EXPECT_THAT(built.lineage.eval,
              AllOf(testing::Contains(record::RecordId("s2")), testing::Contains(record::RecordId("t1")),
                    testing::Not(testing::Contains(asked.id))));
  for (const Json& row : eval_rows(built)) {
    if (row["record_id"] == "s2") {
      EXPECT_EQ(row["repeats"], 3);
      EXPECT_EQ(row["repeats_agreeing"], 2);
      EXPECT_EQ(row["label"], "cancel");
    }
  }
  EXPECT_EQ(built.card.self_agreement.records, 5u);
  EXPECT_EQ(built.card.self_agreement.agreeing, 3u);
  EXPECT_EQ(built.card.self_agreement.pairs_agreeing, 1u);
}

TEST(Build, CountsCallsAsOneAnswerThatAreEqualUnderTheToolsSchema) {
  for (const bool parse_arguments : {true, false}) {
    Traffic traffic;
    traffic.ask_often(19, "get_order");
    auto& records = traffic.records();
    Json request = ask("where is order x99");
    request["tools"] = Json::array({tool("get_order")});
    request["tools"][0]["function"]["parameters"]["properties"]["n"] = {{"type", "integer"}, {"default", 1}};
    traffic.add(request, reply(call("get_order", {{"id", "x99"}})));
    const auto asked = records.back();
    records.push_back(again(asked, "s1", call("get_order", {{"id", "x99"}, {"n", 1}})));
    records.push_back(again(asked, "s2", call("get_order", {{"n", 1.0}, {"id", "x99"}})));
    records.push_back(again(asked, "t1", call("get_order", {{"id", "zzzz"}})));
    records.push_back(again(asked, "t2", call("get_order", {{"id", "zzzz"}})));
    SplitSettings split = small_split(20);
    split.parse_function_arguments = parse_arguments;
    const auto built = build_of(records, split).value();
    EXPECT_THAT(built.lineage.eval, testing::Contains(record::RecordId("s2")));
    EXPECT_EQ(built.card.self_agreement.agreeing, 3u);
    EXPECT_EQ(built.card.self_agreement.pairs_agreeing, 4u);
  }
}

TEST(Build, WeighsARequestByTheRecordsThatAskIt) {
  Traffic traffic;
  traffic.ask_often(40, "get_order");
  const auto asked = traffic.records()[7];
  for (int i = 0; i < 49; ++i)
    traffic.records().push_back(again(asked, "again" + std::to_string(i), call("get_order", {{"id", "x7"}})));
  double often = 0;
  double once = 0;
  for (const Json& row : eval_rows(build_of(traffic.records(), small_split(40)).value())) {
    (row["repeats"] == 50 ? often : once) = row["weight"];
  }
  EXPECT_DOUBLE_EQ(often, 50);
  EXPECT_DOUBLE_EQ(once, 1);
}

TEST(Build, AlwaysEvaluatesARequestThatIsHalfOfTheTrafficWithTheWeightOfHalf) {
  Traffic traffic;
  traffic.ask_often(300, "get_order");
  Json request = ask("hello there");
  request["tools"] = Json::array({tool("get_order")});
  for (int i = 0; i < 300; ++i) traffic.add(request, reply(say("assistant", "How can I help?")));
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto built = build_of(traffic.records(), small_split(100), seed).value();
    double often = 0;
    double all = 0;
    for (const Json& row : eval_rows(built)) {
      const double weight = row["weight"];
      all += weight;
      if (row["repeats"] == 300) often += weight;
      EXPECT_EQ(row["frequent"], row["repeats"] == 300);
    }
    EXPECT_EQ(eval_rows(built).size(), 100u);
    EXPECT_NEAR(often / all, 0.5, 1e-9) << seed;
    EXPECT_THAT(built.card.notes, testing::Contains(HasSubstr("1 request came so often (50.0 % of the records)")));
  }
}

TEST(Build, WeighsCallsAndTextAsTheTrafficHasThemWhereMostClassesCameOnce) {
  Traffic traffic;
  for (int i = 0; i < 400; ++i) {
    // A word of letters: figures would be slots of one template.
    const std::string word{char('a' + i % 20), char('a' + i / 20), char('a' + i % 7)};
    traffic.ask_often(1, i % 3 == 0 ? "" : "tool_" + word, "about " + word + " " + word + word + ": ");
  }
  double calls = 0;
  double all = 0;
  for (const Json& row : eval_rows(build_of(traffic.records(), small_split(60)).value())) {
    const double weight = row["weight"];
    all += weight;
    if (row["label"] != "no_tool") calls += weight;
  }
  EXPECT_NEAR(calls / all, 266.0 / 400, 0.02);
}

TEST(Build, SaysWhichSettingAskedForMoreRecordsAndWhereTheyWent) {
  Traffic traffic;
  for (int i = 0; i < 30; ++i) traffic.add(ask("the same"), reply(say("assistant", "yes")));
  SplitSettings split = small_split();
  split.min_total_records = 25;
  const auto built = build_of(traffic.records(), split);
  EXPECT_EQ(built.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(
      built.error().message,
      "workload \"router\" has 1 record after de-duplication; 25 are needed (data_split_config.min_total_records): "
      "select 30 -> 30; validate 30 -> 30; deduplicate 30 -> 1 (same request as another record: 29)");
}

TEST(Build, RefusesTooFewRecordsAndSettingsOutOfRange) {
  Traffic traffic;
  traffic.ask_often(10, "");
  SplitSettings split = small_split(11);
  EXPECT_THAT(build_of(traffic.records(), split).error().message, HasSubstr("data_split_config.eval_size (11)"));
  split = small_split();
  split.min_total_records = 11;
  EXPECT_THAT(build_of(traffic.records(), split).error().message,
              HasSubstr("has 10 records; 11 are needed (data_split_config.min_total_records)"));
  split.limit = 10;
  EXPECT_THAT(build_of(traffic.records(), split).error().message, HasSubstr("data_split_config.limit (10)"));
  split = small_split(0);
  EXPECT_EQ(build_of(traffic.records(), split).error().code, ErrorCode::kInvalidArgument);
  split = small_split();
  for (const double bad : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    split.val_ratio = bad;
    EXPECT_EQ(build_of(traffic.records(), split).error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(build_of({}, small_split()).error().code, ErrorCode::kFailedPrecondition);
}

TEST(Build, DrawsTheLimitFromTheWholeWindowAndNullIsNoLimit) {
  Traffic traffic;
  traffic.ask_often(200, "");
  SplitSettings split = small_split();
  split.limit = 50;
  const auto built = build_of(traffic.records(), split).value();
  EXPECT_THAT(step_of(built.card, "sample").reasons, ElementsAre(Pair(reasons::kNotDrawn, 150)));
  const auto& train = built.lineage.train;
  EXPECT_LT(*train.front(), "r000040");
  EXPECT_GT(*train.back(), "r000160");
  split.limit = std::nullopt;
  EXPECT_EQ(step_of(build_of(traffic.records(), split)->card, "sample").out, 200u);
}

TEST(Build, GivesTheSameBytesWhateverTheOrderOfTheRecords) {
  Traffic traffic;
  traffic.ask_often(40, "get_order").ask_often(20, "cancel").ask_often(20, "");
  for (auto& record : traffic.records()) record.timestamp = from_epoch_seconds(1'700'000'000);
  SplitSettings split = small_split(10);
  split.limit = 70;
  const auto expected = bytes_of(build_of(traffic.records(), split).value());
  Random random(1);
  for (int i = 0; i < 5; ++i) {
    random.shuffle(traffic.records());
    EXPECT_EQ(bytes_of(build_of(traffic.records(), split).value()), expected);
  }
}

TEST(Build, TakesZeroForASeedLikeAnyOther) {
  Traffic traffic;
  traffic.ask_often(60, "get_order");
  const auto zero = build_of(traffic.records(), small_split(), 0).value();
  EXPECT_EQ(zero.lineage.eval, build_of(traffic.records(), small_split(), 0)->lineage.eval);
  EXPECT_NE(zero.lineage.eval, build_of(traffic.records(), small_split(), 1)->lineage.eval);
  EXPECT_EQ(zero.card.seed, 0u);
}

TEST(Build, KeepsTheNewestPartOutOfTrainingAndDrawsEvaluationRowsFromIt) {
  Traffic traffic;
  traffic.ask_often(200, "get_order");
  SplitSettings split = small_split(20);
  split.newest_holdout = 0.1;
  const auto built = build_of(traffic.records(), split).value();
  const auto is_newest = [](const record::RecordId& id) { return *id >= "r000180"; };
  EXPECT_EQ(std::ranges::count_if(built.lineage.eval, is_newest), 10);
  EXPECT_EQ(built.lineage.eval.size(), 20u);
  EXPECT_TRUE(std::ranges::none_of(built.lineage.train, is_newest));
  EXPECT_TRUE(std::ranges::none_of(built.lineage.validation, is_newest));
  EXPECT_THAT(step_of(built.card, "split").reasons, ElementsAre(Pair(reasons::kNewestSurplus, 10)));
  EXPECT_THAT(built.card.notes, testing::Contains(HasSubstr("The newest 10 % of the time span (from 2023-11-14T")));
}

TEST(Build, FillsEvaluationFromTheOtherPartWhereOneHasTooFewRows) {
  Traffic traffic;
  traffic.ask_often(100, "get_order");
  SplitSettings split = small_split(20);
  split.newest_holdout = 0.05;
  split.newest_eval_share = 1.0;
  EXPECT_EQ(build_of(traffic.records(), split)->lineage.eval.size(), 20u);
}

TEST(Build, KnowsWordingsThatTrainingNeverSaw) {
  Traffic traffic;
  traffic.ask_often(60, "get_order", "where is ");
  for (int i = 0; i < 5; ++i) {
    const std::string item = "y" + std::to_string(i);
    traffic.add(ask("has " + item + " left the warehouse"), reply(call("get_order", {{"id", item}})));
  }
  SplitSettings split = small_split(10);
  split.newest_holdout = 0.07;
  split.newest_eval_share = 0.3;
  const auto built = build_of(traffic.records(), split).value();
  int novel = 0;
  for (const Json& row : eval_rows(built)) {
    const bool is_new = row["request"]["messages"][1]["content"].get<std::string>().starts_with("has ");
    EXPECT_EQ(row["template_in_training"].get<bool>(), !is_new) << row;
    novel += is_new;
  }
  EXPECT_EQ(novel, 3);
}

TEST(Build, FailsWhereOneConversationLeavesNothingToTrainOn) {
  Traffic traffic;
  for (int i = 0; i < 30; ++i) {
    Json request = ask("question " + std::to_string(i));
    request["metadata"] = {{"conversation_id", "one"}};
    traffic.add(request, reply(say("assistant", "answer")));
  }
  EXPECT_THAT(build_of(traffic.records(), small_split()).error().message,
              AllOf(HasSubstr("no rows left for training"), HasSubstr("conversation of an evaluation row: 26")));
}

TEST(Build, ConversationsThatTheLogKnowsAreNotOnTwoSides) {
  Traffic traffic;
  traffic.ask_often(60, "get_order").ask_often(60, "");
  // Whose requests say nothing of each other: four records of each, far apart.
  std::map<std::string, std::string> conversation_of;
  for (std::size_t i = 0; auto& record : traffic.records()) {
    record.provenance.conversation = "session " + std::to_string(i++ % 30);
    conversation_of[*record.id] = record.provenance.conversation;
  }
  const auto built = build_of(traffic.records(), small_split(12));
  ASSERT_TRUE(built.ok()) << built.error();
  std::map<std::string, std::string> asked_in;  // user's text -> conversation
  for (const auto& record : traffic.records())
    asked_in[Json::parse(record.request)["messages"].back()["content"]] = record.provenance.conversation;
  std::set<std::string> evaluated, trained;
  for (const Json& row : eval_rows(*built)) evaluated.insert(conversation_of[row["record_id"]]);
  for (const Json& row : train_rows(*built))
    trained.insert(asked_in[row["messages"][row["messages"].size() - 2]["content"]]);
  ASSERT_EQ(evaluated.size(), 3U);
  EXPECT_GT(trained.size(), 20U);
  for (const auto& conversation : evaluated) EXPECT_FALSE(trained.contains(conversation)) << conversation;
}

TEST(Build, EndsWithItsDeadlineAndTellsHowFarItRead) {
  Traffic traffic;
  traffic.ask_often(3000, "get_order");
  RecordsInMemory source(traffic.records());
  std::stop_source stop;
  std::uint64_t read = 0;
  const auto built = build({.workload = record::WorkloadId("router"),
                            .records = source,
                            .split = small_split(),
                            .deadline = Deadline::when_stopped(stop.get_token()),
                            .on_progress = [&](const BuildProgress& progress) {
                              read = progress.records_read;
                              if (read >= 1000) stop.request_stop();
                            }});
  EXPECT_EQ(built.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(read, 1000u);
}

TEST(Build, SaysBeforehandWhichRowsACandidatesContextDoesNotHold) {
  Traffic traffic;
  traffic.ask_often(20, "get_order");
  std::string policy;
  for (int i = 0; i < 2000; ++i) policy += "clause " + std::to_string(i) + ' ';
  traffic.ask_often(3, "get_order", policy);
  RecordsInMemory source(traffic.records());
  BuildRequest request{.workload = record::WorkloadId("router"),
                       .records = source,
                       .split = small_split(23),
                       .icl = {},
                       .seed = 7,
                       .now = from_epoch_seconds(1'732'460'000),
                       .contexts = {{"small", 2048, 64}, {"roomy", 32768, 64}}};
  const auto built = build(request).value();
  ASSERT_EQ(built.warnings.size(), 1u);
  EXPECT_THAT(built.warnings[0], AllOf(HasSubstr("3 of 23 evaluation rows"), HasSubstr("\"small\""),
                                       HasSubstr("2048 tokens"), HasSubstr("context_length: ")));
  EXPECT_EQ(built.card.notes.back(), built.warnings[0]);

  request.contexts = {{"roomy", 32768, 64}};
  EXPECT_TRUE(build(request).value().warnings.empty());
}

TEST(Build, SaysWhatTheWindowLacks) {
  Traffic traffic;
  traffic.ask_often(30, "get_order");
  RecordsInMemory source(traffic.records());
  BuildRequest request{.workload = record::WorkloadId("router"),
                       .records = source,
                       .split = small_split(10),
                       .icl = {},
                       .seed = 7,
                       .now = from_epoch_seconds(1'732'460'000),
                       .not_read = {.waiting = 1, .why = "the index is read-only", .left_out = {{"a", 2}, {"b", 1}}}};
  const auto built = build(request).value();
  EXPECT_THAT(built.warnings,
              ElementsAre(AllOf(HasSubstr("About 1 record was acknowledged"), HasSubstr("the index is read-only")),
                          AllOf(HasSubstr("3 documents of the workload"), HasSubstr("a: 2; b: 1"))));
  EXPECT_EQ(built.card.notes.back(), built.warnings[1]);
  const auto card = to_json(built.card);
  EXPECT_EQ(card["waiting"]["records"], 1);
  EXPECT_EQ(card["waiting"]["why"], "the index is read-only");
  EXPECT_EQ(card["left_out"]["a"], 2);
  const auto digest = built.eval.files.front().content;

  request.not_read = {};
  const auto whole = build(request).value();
  EXPECT_TRUE(whole.warnings.empty());
  EXPECT_FALSE(to_json(whole.card).contains("waiting"));
  EXPECT_FALSE(to_json(whole.card).contains("left_out"));
  EXPECT_EQ(whole.eval.files.front().content, digest) << "what is said of the rows is not in them";
}

TEST(Build, SaysBeforehandThatExamplesDoNotFitIntoACandidatesContext) {
  Traffic traffic;
  traffic.ask_often(40, "get_order");
  RecordsInMemory source(traffic.records());
  BuildRequest request{
      .workload = record::WorkloadId("router"),
      .records = source,
      .split = small_split(4),
      .icl = {.max_context_length = 8192, .reserved_tokens = 512, .max_examples = 3, .min_examples = 1},
      .seed = 7,
      .now = from_epoch_seconds(1'732'460'000),
      .contexts = {{"small", 200, 16}}};
  const auto built = build(request).value();
  ASSERT_EQ(built.warnings.size(), 1u);
  EXPECT_THAT(built.warnings[0], HasSubstr("4 of 4 in-context rows"));
  EXPECT_THAT(built.warnings[0], HasSubstr("icl_config.max_context_length"));
}

TEST(Build, SaysSoWhereEvaluationTakesEverything) {
  Traffic traffic;
  traffic.ask_often(6, "get_order");
  const auto built = build_of(traffic.records(), small_split(6)).value();
  EXPECT_EQ(built.eval.num_records, 6u);
  EXPECT_EQ(built.train.num_records, 0u);
  EXPECT_THAT(built.card.notes, testing::Contains(HasSubstr("none are left for training")));
}

TEST(Build, MakesNamesThatAreSafeInPaths) {
  Traffic traffic;
  traffic.ask_often(10, "");
  RecordsInMemory source(traffic.records());
  const auto built = build({.workload = record::WorkloadId("../a b/\xC3\xA9"),
                            .records = source,
                            .split = small_split(),
                            .now = from_epoch_seconds(5)});
  EXPECT_EQ(built->eval.name, "flywheel-eval-..-a-b----5");
}

/// 200 records of one day, and these with clocks of their own.
Traffic with_clocks(int count, std::int64_t seconds) {
  Traffic traffic;
  traffic.ask_often(200 + count, "get_order");
  auto& records = traffic.records();
  for (int i = 0; i < count; ++i) records[static_cast<std::size_t>(i * 9)].timestamp = from_epoch_seconds(seconds + i);
  return traffic;
}

TEST(Build, ClocksThatAreAheadDoNotDecideWhatIsNewestHoweverManyTheyAre) {
  SplitSettings split = small_split(20);
  split.newest_holdout = 0.1;
  for (const int count : {1, 12, 20}) {
    SCOPED_TRACE(count);
    Traffic traffic = with_clocks(count, 2'272'060'800);
    const auto built = build_of(traffic.records(), split);
    ASSERT_TRUE(built.ok()) << built.error();
    EXPECT_LT(built->span->second, from_epoch_seconds(1'700'000'300));
    const auto row_is_newest = [](const Json& row) { return row.at("newest").get<bool>(); };
    const auto rows = eval_rows(*built);
    EXPECT_EQ(std::ranges::count_if(rows, row_is_newest), 10);
    for (const Json& row : rows) {
      if (row_is_newest(row)) EXPECT_LT(row.at("timestamp").get<std::int64_t>(), 1'700'000'300);
    }
    const std::string who = count == 1 ? "1 record bears a time" : std::to_string(count) + " records bear times";
    EXPECT_THAT(built->card.notes,
                testing::Contains(HasSubstr("Of these, " + who + " more than a day after these datasets were made")));
  }
}

TEST(Build, WhereAllClocksAreAheadOrNoneIsTheNewestPartIsThatOfTheRecords) {
  Traffic traffic;
  traffic.ask_often(200, "get_order");
  SplitSettings split = small_split(20);
  split.newest_holdout = 0.1;
  for (const std::int64_t now : {0LL, 1'699'990'000LL, 1'732'460'000LL}) {
    RecordsInMemory source(traffic.records());
    const auto built = build({.workload = record::WorkloadId("router"),
                              .records = source,
                              .split = split,
                              .icl = {},
                              .seed = 7,
                              .now = from_epoch_seconds(now)});
    ASSERT_TRUE(built.ok()) << built.error();
    EXPECT_THAT(built->card.notes, testing::Not(testing::Contains(HasSubstr("more than a day after"))));
    EXPECT_EQ(built->span->second, from_epoch_seconds(1'700'000'199));
  }
}

TEST(Build, TheErrorNamesClocksThatMakeAllOthersTheNewestPart) {
  SplitSettings split = small_split(20);
  split.newest_holdout = 0.2;
  split.newest_eval_share = 0;
  Traffic traffic = with_clocks(12, 0);
  const auto built = build_of(traffic.records(), split);
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.error().message,
              HasSubstr("newest_holdout, or mend the clocks: 12 of 212 records bear times far from all others' "
                        "(1970-01-01T00:00:00.000000 to 1970-01-01T00:00:11.000000)"));
}

TEST(Build, ClocksThatMakeTheNewestPartAreNoted) {
  SplitSettings split = small_split(20);
  split.newest_holdout = 0.2;
  const auto note = testing::Contains(HasSubstr(
      "12 records bear times far from all others' (2023-12-25T08:53:20.000000 to 2023-12-25T08:53:31.000000)"));
  Traffic traffic = with_clocks(12, 1'703'494'400);
  auto built = build_of(traffic.records(), split);
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_THAT(built->card.notes, note);
  split.newest_holdout = 0;
  built = build_of(traffic.records(), split);
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_THAT(built->card.notes, testing::Not(note));
}

}  // namespace
}  // namespace fw::dataset
