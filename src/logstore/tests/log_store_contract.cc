#include <algorithm>
#include <thread>
#include <tuple>

#include "base/random.h"
#include "logstore/retention.h"
#include "logstore/tests/log_store_contract.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Selection by(std::optional<std::string> workload, std::optional<std::string> client) {
  Selection selection;
  if (workload) selection.workload = record::WorkloadId(*workload);
  if (client) selection.client = record::ClientId(*client);
  return selection;
}

/// What a scan must return, by sorting everything.
std::vector<std::string> expected(std::vector<record::Interaction> records, const Selection& selection, Order order) {
  std::erase_if(records, [&](const record::Interaction& r) {
    return (selection.workload && r.workload != *selection.workload) ||
           (selection.client && r.client != *selection.client) || (selection.from && r.timestamp < *selection.from) ||
           (selection.to && r.timestamp >= *selection.to);
  });
  std::ranges::sort(records, {}, [](const auto& r) { return std::tuple(r.timestamp, r.id); });
  if (order == Order::kNewestFirst) std::ranges::reverse(records);
  return ids_of(records);
}

TEST_P(LogStoreContract, GivesRecordsBackByteForByteAlsoAfterReopening) {
  record::Interaction odd = interaction("a/b \"c\"", "caf\xc3\xa9 router", "demo", 5);
  odd.request = R"({ "x" :\t1.50, "a":[ ], "text": "\u00e9\/ \ud83d\ude00" , "n": 12345678901234567890})";
  odd.request[7] = '\t';
  odd.timestamp = Timestamp(std::chrono::nanoseconds(1'732'460'000'123'456'789));
  odd.provenance = {.origin = record::Origin::kGateway,
                    .ending = record::Ending::kClientGone,
                    .http_status = 200,
                    .conversation = "c 1",
                    .tags = {{"team", "a=b"}, {"canary", ""}}};
  record::Interaction early = interaction("0", "w", "c", 0);
  early.timestamp = Timestamp(std::chrono::nanoseconds(1));
  append({odd, early});
  EXPECT_EQ(**store_->find(odd.id), odd);
  reopen();
  EXPECT_EQ(**store_->find(odd.id), odd);
  EXPECT_THAT(all({}, Order::kOldestFirst), ElementsAre(early, odd));
}

TEST_P(LogStoreContract, RequestsThatSomeParsersRefuseAreKeptByteForByte) {
  record::Interaction twice = interaction("a", "w", "c", 1);
  twice.request = R"({"messages": [], "n": 1, "n": 2})";
  record::Interaction deep = interaction("b", "w", "c", 2);
  deep.response = "{\"x\":" + std::string(90, '[') + std::string(90, ']') + "}";
  record::Interaction dots = interaction("c", "w", "c", 3);
  dots.request = R"({"": 1, "a..b": 2, ".": {"..": null}})";
  append({twice, interaction("d", "w", "c", 4), deep, dots});
  const auto records = all({}, Order::kOldestFirst);
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0], twice);
  EXPECT_EQ(records[1], deep);
  EXPECT_EQ(records[2], dots);
}

TEST_P(LogStoreContract, RecordsMoveUnderAnotherWorkloadByteForByte) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 150; ++i) records.push_back(interaction("r" + std::to_string(i), "w", "c", 100 + i % 7));
  records[3].request = R"({ "x" :  1.50, "a":[ ], "n": 12345678901234567890, "messages": []})";
  records[3].provenance = {.origin = record::Origin::kGateway, .ending = record::Ending::kRefused, .http_status = 429};
  append(records);
  std::vector<record::RecordId> ids{record::RecordId("nobody"), records[3].id};
  for (std::size_t i = 3; i < records.size(); i += 3) ids.push_back(records[i].id);
  const auto moved = store_->relabel(ids, record::WorkloadId("v"));
  ASSERT_TRUE(moved.ok()) << moved.error();
  EXPECT_EQ(*moved, 49U);
  EXPECT_EQ(store_->relabel(ids, record::WorkloadId("v")).value(), 0U);
  for (std::size_t i = 3; i < records.size(); i += 3) records[i].workload = record::WorkloadId("v");
  reopen();
  EXPECT_EQ(**store_->find(records[3].id), records[3]);
  for (const auto& selection : {by({}, {}), by("w", {}), by("v", {}), by("v", "c"), by("w", "c"), by({}, "c")}) {
    EXPECT_EQ(ids_of(all(selection, Order::kOldestFirst, 60)), expected(records, selection, Order::kOldestFirst));
  }
  const auto workloads = store_->workloads().value();
  ASSERT_EQ(workloads.size(), 2U);
  EXPECT_EQ(workloads[0].records, 49U);
  EXPECT_EQ(workloads[1].records, 101U);
  std::uint64_t refused = 0;
  for (const auto& one : store_->counts().value()) {
    if (one.workload == record::WorkloadId("v") && one.ending == record::Ending::kRefused) refused += one.records;
  }
  EXPECT_EQ(refused, 1U);
  EXPECT_EQ(store_->remove(by("v", {})).value(), 49U);
  EXPECT_EQ(all({}, Order::kOldestFirst).size(), 101U);
}

TEST_P(LogStoreContract, ManyRecordsOfOneTimeAreReadOnceEachInTheOrderOfTheirIds) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 2500; ++i) records.push_back(interaction(std::to_string(i * 7919 % 100'000), "w", "c", 7));
  records.push_back(interaction("later", "w", "c", 8));
  append(records);
  EXPECT_EQ(ids_of(all({}, Order::kOldestFirst, 999)), expected(records, {}, Order::kOldestFirst));
  EXPECT_EQ(ids_of(all({}, Order::kNewestFirst, 400)), expected(records, {}, Order::kNewestFirst));
}

TEST_P(LogStoreContract, TimesBelowASecondAreKeptAndOrdered) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 60; ++i) {
    records.push_back(interaction("r" + std::to_string(i), "w", "c", 1'700'000'000));
    records.back().timestamp += std::chrono::nanoseconds((i * 37 % 12) * 250'000'000LL + i % 3);
  }
  append(records);
  EXPECT_EQ(ids_of(all({}, Order::kOldestFirst, 7)), expected(records, {}, Order::kOldestFirst));
  EXPECT_EQ(ids_of(all({}, Order::kNewestFirst, 1)), expected(records, {}, Order::kNewestFirst));
  Selection between;
  between.from = records[5].timestamp;
  between.to = records[5].timestamp + std::chrono::nanoseconds(300'000'001);
  EXPECT_EQ(ids_of(all(between, Order::kOldestFirst, 2)), expected(records, between, Order::kOldestFirst));
  EXPECT_EQ(store_->workloads()->at(0).newest, all({}, Order::kNewestFirst).front().timestamp);
}

TEST_P(LogStoreContract, KeysAreThoseOfTheRecords) {
  append({interaction("a", "w", "c", 1), interaction("b", "v", "d", 2), interaction("c", "w", "c", 3)});
  const auto page = *store_->scan_keys({}, Order::kNewestFirst, 2, {});
  ASSERT_EQ(page.keys.size(), 2U);
  EXPECT_EQ(*page.keys[0].id, "c");
  EXPECT_EQ(*page.keys[1].workload, "v");
  EXPECT_EQ(page.keys[1].timestamp, from_epoch_seconds(2));
  ASSERT_TRUE(page.next);
  EXPECT_EQ(*store_->scan_keys({}, Order::kNewestFirst, 2, page.next)->keys.at(0).id, "a");
}

TEST_P(LogStoreContract, CountsByWayInAndEnding) {
  auto gone = interaction("b", "w", "c", 2);
  gone.provenance = {.origin = record::Origin::kGateway, .ending = record::Ending::kClientGone};
  append({interaction("a", "w", "c", 1), gone, interaction("c", "w", "c", 3)});
  const auto counts = *store_->counts();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].records, 2U);
  EXPECT_EQ(counts[1].ending, record::Ending::kClientGone);
}

TEST_P(LogStoreContract, ABatchIsFoundInItsOrderAndTellsWhatIsNotThere) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 300; ++i) {
    records.push_back(interaction("r" + std::to_string(i), "w" + std::to_string(i % 3), "c", 1000 + i % 7));
    records.back().timestamp += std::chrono::nanoseconds(i * 1001);
    records.back().provenance.http_status = 200 + i % 5;
  }
  append(records);
  std::vector<record::RecordId> ids;
  for (int i = 299; i >= 0; --i) ids.push_back(records[static_cast<std::size_t>(i * 7 % 300)].id);
  ids[5] = record::RecordId("nobody");
  ids.push_back(ids.front());
  const auto found = store_->find_batch(ids);
  ASSERT_TRUE(found.ok()) << found.error();
  ASSERT_EQ(found->size(), ids.size());
  EXPECT_FALSE(found->at(5).has_value());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i != 5) EXPECT_EQ(found->at(i), *store_->find(ids[i])) << i;
  }
  EXPECT_EQ(found->back(), found->front());
  EXPECT_TRUE(store_->find_batch({})->empty());
  EXPECT_EQ(store_->find_batch(std::vector(10'001, ids[0])).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(LogStoreContract, ABatchOfLargeRecordsComesInParts) {
  constexpr std::size_t kRecords = 36;
  std::vector<record::RecordId> ids;
  for (std::size_t i = 0; i < kRecords; ++i) {
    auto record = interaction("r" + std::to_string(i * 5 % kRecords), "w", "c", static_cast<std::int64_t>(i));
    record.request =
        R"({"messages": [{"role": "user", "content": ")" + std::string(std::size_t{2} << 20, 'x') + "\"}]}";
    append({record});
    ids.push_back(record.id);
  }
  std::span<const record::RecordId> left(ids);
  std::size_t parts = 0;
  for (; !left.empty(); ++parts) {
    const auto found = store_->find_batch(left);
    ASSERT_TRUE(found.ok()) << found.error();
    ASSERT_FALSE(found->empty());
    for (std::size_t i = 0; i < found->size(); ++i) {
      ASSERT_TRUE(found->at(i).has_value());
      EXPECT_EQ(found->at(i)->id, left[i]);
    }
    left = left.subspan(found->size());
  }
  EXPECT_GT(parts, 1U);
  EXPECT_LE(parts, 4U);
}

TEST_P(LogStoreContract, SingleRecordsAreRemoved) {
  append({interaction("a", "w", "c", 1), interaction("b", "w", "c", 2), interaction("c", "w", "c", 3)});
  EXPECT_EQ(*store_->remove_records(std::vector{record::RecordId("a"), record::RecordId("x"), record::RecordId("c")}),
            2U);
  EXPECT_THAT(ids_of(all({}, Order::kOldestFirst)), ElementsAre("b"));
}

TEST_P(LogStoreContract, TheSameBatchAgainChangesNothing) {
  const std::vector batch{interaction("a", "w", "c", 1), interaction("b", "w", "c", 2)};
  append(batch);
  auto changed = batch;
  changed[0].request = "{}";
  const auto again = store_->append(changed);
  EXPECT_EQ(again->appended, 0U);
  EXPECT_EQ(again->duplicates, 2U);
  EXPECT_EQ(**store_->find(batch[0].id), batch[0]);
  EXPECT_EQ(store_->workloads()->at(0).records, 2U);
}

TEST_P(LogStoreContract, AnIdTwiceInOneBatchIsKeptOnce) {
  const auto report = store_->append(std::vector{interaction("a", "w", "c", 1), interaction("a", "w2", "c", 2)});
  EXPECT_EQ(report->appended, 1U);
  EXPECT_EQ(report->duplicates, 1U);
  EXPECT_EQ(*(*store_->find(record::RecordId("a")))->workload, "w");
}

TEST_P(LogStoreContract, OneBadRecordRefusesItsWholeBatch) {
  const auto report = store_->append(std::vector{interaction("a", "w", "c", 1), interaction("", "w", "c", 2)});
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(all({}, Order::kOldestFirst), ElementsAre());
  EXPECT_THAT(store_->append(std::vector{interaction("b", "", "c", 2)}).error().message, HasSubstr("workload id"));
}

TEST_P(LogStoreContract, OrdersByTimeThenIdInBothDirections) {
  append({interaction("b", "w", "c", 2), interaction("c", "w", "c", 1), interaction("a", "w", "c", 2),
          interaction("d", "w", "c", 0)});
  const Selection both = by("w", "c");
  EXPECT_THAT(ids_of(all(both, Order::kOldestFirst, 1)), ElementsAre("d", "c", "a", "b"));
  EXPECT_THAT(ids_of(all(both, Order::kNewestFirst, 1)), ElementsAre("b", "a", "c", "d"));
}

TEST_P(LogStoreContract, NamesThatBeginAlikeAreApart) {
  append({interaction("1", "a", "bc", 1), interaction("2", "ab", "c", 1), interaction("3", "a", "b", 1)});
  EXPECT_THAT(ids_of(all(by("a", "b"), Order::kOldestFirst)), ElementsAre("3"));
  EXPECT_THAT(ids_of(all(by("a", {}), Order::kOldestFirst)), ElementsAre("1", "3"));
  EXPECT_THAT(ids_of(all(by({}, "c"), Order::kNewestFirst)), ElementsAre("2"));
}

TEST_P(LogStoreContract, NamesThatNoRecordCanHaveSelectNothing) {
  append({interaction("1", "a", "b", 1)});
  EXPECT_THAT(all(by("", ""), Order::kNewestFirst), ElementsAre());
  EXPECT_EQ(*store_->remove(by("c", {})), 0U);
}

TEST_P(LogStoreContract, FromIsInclusiveAndToIsExclusive) {
  append({interaction("1", "w", "c", 1), interaction("2", "w", "c", 2), interaction("3", "w", "c", 3)});
  for (Selection selection : {by({}, {}), by("w", {}), by({}, "c"), by("w", "c")}) {
    selection.from = from_epoch_seconds(1);
    selection.to = from_epoch_seconds(3);
    EXPECT_THAT(ids_of(all(selection, Order::kOldestFirst)), ElementsAre("1", "2"));
    EXPECT_THAT(ids_of(all(selection, Order::kNewestFirst)), ElementsAre("2", "1"));
    std::swap(selection.from, selection.to);
    EXPECT_THAT(all(selection, Order::kOldestFirst), ElementsAre());
  }
}

TEST_P(LogStoreContract, EveryKindOfScanAgreesWithSortingEverything) {
  Random random(7);
  std::vector<record::Interaction> records;
  for (int i = 0; i < 600; ++i) {
    records.push_back(interaction("id" + std::to_string(random.below(1 << 30)), "w" + std::to_string(random.below(4)),
                                  "c" + std::to_string(random.below(3)), static_cast<std::int64_t>(random.below(50))));
  }
  append(records);
  for (int i = 0; i < 200; ++i) {
    Selection selection;
    if (random.below(2) == 0) selection.workload = record::WorkloadId("w" + std::to_string(random.below(5)));
    if (random.below(2) == 0) selection.client = record::ClientId("c" + std::to_string(random.below(4)));
    if (random.below(2) == 0) selection.from = from_epoch_seconds(static_cast<std::int64_t>(random.below(50)));
    if (random.below(2) == 0) selection.to = from_epoch_seconds(static_cast<std::int64_t>(random.below(50)));
    const Order order = random.below(2) == 0 ? Order::kOldestFirst : Order::kNewestFirst;
    EXPECT_EQ(ids_of(all(selection, order, 1 + random.below(100))), expected(records, selection, order));
  }
}

TEST_P(LogStoreContract, AScanSeesNoRecordTwiceWhileOthersAreAppended) {
  append({interaction("b", "w", "c", 2), interaction("d", "w", "c", 4)});
  const auto first = store_->scan({}, Order::kOldestFirst, 1, {});
  append({interaction("a", "w", "c", 1), interaction("c", "w", "c", 3)});
  const auto rest = store_->scan({}, Order::kOldestFirst, 10, first->next);
  EXPECT_THAT(ids_of(rest->records), ElementsAre("c", "d"));
}

TEST_P(LogStoreContract, ACursorWorksAfterItsRecordWasRemovedAndAfterReopening) {
  append({interaction("a", "w", "c", 1), interaction("b", "w", "c", 2)});
  const auto first = store_->scan({}, Order::kNewestFirst, 1, {});
  Selection last_second;
  last_second.from = from_epoch_seconds(2);
  EXPECT_EQ(*store_->remove(last_second), 1U);
  reopen();
  EXPECT_THAT(ids_of(store_->scan({}, Order::kNewestFirst, 1, first->next)->records), ElementsAre("a"));
}

TEST_P(LogStoreContract, HostileCursorsAndLimitsAreErrors) {
  append({interaction("a", "w", "c", 1), interaction("b", "w", "c", 2)});
  const auto page = store_->scan({}, Order::kOldestFirst, 1, {});
  const auto code = [&](const Selection& selection, Order order, std::size_t limit, std::string token) {
    const auto result = store_->scan(selection, order, limit, Cursor{std::move(token)});
    return result.ok() ? std::nullopt : std::optional(result.error().code);
  };
  const std::string token = page->next->token;
  EXPECT_EQ(code({}, Order::kOldestFirst, 1, token), std::nullopt);
  EXPECT_EQ(code({}, Order::kNewestFirst, 1, token), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(by("w", {}), Order::kOldestFirst, 1, token), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({}, Order::kOldestFirst, 1, ""), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({}, Order::kOldestFirst, 0, token), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({}, Order::kOldestFirst, 10'001, token), ErrorCode::kInvalidArgument);
}

TEST_P(LogStoreContract, ListsWorkloadsWithExactCountsAndTimes) {
  append({interaction("1", "router", "b", 5), interaction("2", "router", "a", 3), interaction("3", "router", "a", 9),
          interaction("4", "answer", "z", 1)});
  const auto list = *store_->workloads();
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(*list[0].workload, "answer");
  EXPECT_EQ(*list[1].client, "a");
  EXPECT_EQ(list[1].records, 2U);
  EXPECT_EQ(list[1].oldest, from_epoch_seconds(3));
  EXPECT_EQ(list[1].newest, from_epoch_seconds(9));
  EXPECT_EQ(list[2].records, 1U);
}

TEST_P(LogStoreContract, RemovalTakesExactlyTheSelectionAndCountsFollow) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 2500; ++i) records.push_back(interaction(std::to_string(i), i % 2 ? "w" : "v", "c", i));
  append(records);
  Selection selection = by({}, "c");
  selection.from = from_epoch_seconds(100);
  EXPECT_EQ(*store_->remove(selection), 2400U);
  EXPECT_EQ(*store_->remove(selection), 0U);
  reopen();
  EXPECT_EQ(store_->workloads()->at(0).records, 50U);
  EXPECT_EQ(store_->workloads()->at(1).newest, from_epoch_seconds(99));
  for (const auto& narrowed : {by({}, {}), by({}, "c")}) EXPECT_EQ(all(narrowed, Order::kNewestFirst).size(), 100U);
  EXPECT_FALSE(store_->find(record::RecordId("100"))->has_value());
  EXPECT_EQ(*store_->remove(by({}, {})), 100U);
  EXPECT_TRUE(store_->workloads()->empty());
}

TEST_P(LogStoreContract, AWorkloadThatIsTooLargeLosesItsOldestRecordsAlone) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 600; ++i) {  // ten of each second
    const std::string workload = i % 3 == 0 ? "v" : "w";
    records.push_back(interaction(std::to_string(i), workload, i % 2 == 0 ? "c" : "d", 1'700'000'000 + i / 10));
    records.back().request = R"({"messages": [ ], "padding": ")" + std::string(970, 'x') + R"("})";
    records.back().response = R"({"choices":[ ]})";
  }
  append(records);
  const std::uint64_t limit = 200'000;
  RetentionSweep sweep(*store_, {.workload_max_bytes = {{"w", limit}}});
  ASSERT_TRUE(sweep.run(from_epoch_seconds(1'800'000'000), Deadline::never()).ok());
  reopen();
  EXPECT_EQ(all(by("v", {}), Order::kOldestFirst).size(), 200U);
  const auto left = all(by("w", {}), Order::kOldestFirst);
  std::uint64_t bytes = 0;
  for (const auto& one : left) bytes += one.request.size() + one.response.size();
  EXPECT_LE(bytes, limit);
  EXPECT_GT(bytes, limit * 9 / 10);
  EXPECT_EQ(sweep.removed().surplus, 400 - left.size());
  auto newest = expected(records, by("w", {}), Order::kNewestFirst);
  newest.resize(left.size());
  std::ranges::reverse(newest);
  EXPECT_EQ(ids_of(left), newest);
}

TEST_P(LogStoreContract, AContentThatExpiresLeavesItsOutlineAndTheCounts) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 150; ++i) records.push_back(interaction("r" + std::to_string(i), "w", "c", 100 + i % 7));
  for (auto& record : records) record.timestamp += std::chrono::nanoseconds(1001);
  records[3].provenance = {.origin = record::Origin::kGateway, .ending = record::Ending::kRefused, .http_status = 429};
  append(records);
  EXPECT_EQ(all({}, Order::kOldestFirst).size(), 150U);
  const auto workloads = store_->workloads().value();
  const auto counts = store_->counts().value();
  std::vector<record::Interaction> without;
  for (std::size_t i = 3; i < records.size(); i += 3) without.push_back(outlined(records[i]));
  without.push_back(outlined(interaction("nobody", "w", "c", 100)));
  const auto expired = store_->expire_contents(without);
  ASSERT_TRUE(expired.ok()) << expired.error();
  EXPECT_EQ(*expired, 49U);
  EXPECT_EQ(store_->expire_contents(without).value(), 0U);
  reopen();
  for (std::size_t i = 3; i < records.size(); i += 3) records[i] = outlined(records[i]);
  EXPECT_EQ(**store_->find(records[3].id), records[3]);
  EXPECT_EQ(**store_->find(records[4].id), records[4]);
  const auto read = all(by("w", "c"), Order::kOldestFirst, 60);
  EXPECT_EQ(ids_of(read), expected(records, {}, Order::kOldestFirst));
  for (const auto& record : read) {
    EXPECT_EQ(record, *std::ranges::find(records, record.id, &record::Interaction::id)) << record.id;
  }
  EXPECT_EQ(store_->workloads().value().at(0).records, workloads.at(0).records);
  EXPECT_EQ(store_->workloads().value().at(0).newest, workloads.at(0).newest);
  EXPECT_EQ(store_->counts().value(), counts);
}

TEST_P(LogStoreContract, AnOutlineIsMovedRemovedAndNotOverwrittenByTheSameRecordAgain) {
  const auto whole = interaction("a", "w", "c", 1);
  append({whole, interaction("b", "w", "c", 2)});
  EXPECT_EQ(all({}, Order::kOldestFirst).size(), 2U);
  EXPECT_EQ(store_->expire_contents(std::vector{outlined(whole)}).value(), 1U);
  EXPECT_TRUE(store_->append(std::vector{whole}).ok());
  EXPECT_EQ(all({}, Order::kOldestFirst).at(0), outlined(whole));
  EXPECT_EQ(store_->relabel(std::vector{whole.id}, record::WorkloadId("v")).value(), 1U);
  auto moved = outlined(whole);
  moved.workload = record::WorkloadId("v");
  EXPECT_EQ(**store_->find(whole.id), moved);
  EXPECT_EQ(store_->remove(by("v", {})).value(), 1U);
  EXPECT_FALSE(store_->find(whole.id)->has_value());
}

TEST_P(LogStoreContract, AContentOfARecordThatWasMovedStays) {
  const auto whole = interaction("a", "w", "c", 1);
  append({whole});
  EXPECT_EQ(all({}, Order::kOldestFirst).size(), 1U);
  EXPECT_EQ(store_->relabel(std::vector{whole.id}, record::WorkloadId("v")).value(), 1U);
  EXPECT_EQ(store_->expire_contents(std::vector{outlined(whole)}).value(), 0U);
  EXPECT_EQ((*store_->find(whole.id))->request, whole.request);
}

TEST_P(LogStoreContract, ARecordWithContentPutsNoneInThePlaceOfAnother) {
  const auto whole = interaction("a", "w", "c", 1);
  append({whole});
  auto both = outlined(whole);
  both.request = "{}";
  for (const auto& wrong : {whole, both}) {
    EXPECT_EQ(store_->expire_contents(std::vector{wrong}).error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(**store_->find(whole.id), whole);
}

TEST_P(LogStoreContract, ContentsThatAreTooOldGoAndTheirRecordsStay) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 300; ++i) {
    records.push_back(
        interaction(std::to_string(i), i % 3 == 0 ? "v" : "w", i % 2 == 0 ? "c" : "d", 1'700'000'000 + i));
  }
  append(records);
  EXPECT_EQ(all({}, Order::kOldestFirst).size(), 300U);
  const auto outline = [](const record::Interaction& record, Timestamp) { return outlined(record); };
  RetentionSweep sweep(*store_, {.content_days = 1, .workload_content_days = {{"v", 0}}}, outline);
  for (const int again : {1, 2}) {
    const auto status = sweep.run(from_epoch_seconds(1'700'000'150 + 86'400), Deadline::never());
    ASSERT_TRUE(status.ok()) << status.error() << again;
  }
  EXPECT_EQ(sweep.removed().contents, 100U);
  reopen();
  const auto left = all({}, Order::kOldestFirst);
  EXPECT_EQ(ids_of(left), expected(records, {}, Order::kOldestFirst));
  for (const auto& record : left) {
    const int number = std::stoi(*record.id);
    EXPECT_EQ(record.has_content(), number >= 150 || number % 3 == 0) << number;
  }
}

TEST_P(LogStoreContract, ARemovedRecordMayBeAppendedAgain) {
  const std::vector batch{interaction("a", "w", "c", 1)};
  append(batch);
  EXPECT_EQ(*store_->remove({}), 1U);
  append(batch);
  EXPECT_EQ(store_->workloads()->at(0).records, 1U);
}

TEST_P(LogStoreContract, ThreadsThatAppendTheSameRecordsStoreEachOnce) {
  std::atomic<std::uint64_t> appended = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int batch = 0; batch < 20; ++batch) {
          // Batches of two threads overlap by half.
          std::vector<record::Interaction> records;
          for (int i = 0; i < 10; ++i) {
            records.push_back(interaction(std::to_string(batch * 25 + t * 5 + i), "w", "c", i));
          }
          appended += store_->append(records)->appended;
        }
      });
    }
  }
  if (GetParam().tells_known) EXPECT_EQ(appended, 500U);
  EXPECT_EQ(store_->workloads()->at(0).records, 500U);
  EXPECT_EQ(all({}, Order::kOldestFirst).size(), 500U);
}

TEST_P(LogStoreContract, AppendsScansAndRemovalsSideBySideKeepTheCountsRight) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 100; ++i) {
          const std::string id = std::to_string(t) + "-" + std::to_string(i);
          EXPECT_TRUE(
              store_->append(std::vector{interaction(id, "w", "c", i), interaction(id + "b", "w", "d", i)}).ok());
        }
      });
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          Selection old = by({}, "d");
          old.to = from_epoch_seconds(i);
          EXPECT_TRUE(store_->remove(old).ok());
          EXPECT_TRUE(store_->scan({}, Order::kNewestFirst, 50, {}).ok());
          EXPECT_TRUE(store_->workloads().ok());
        }
      });
    }
  }
  expect_the_list_is_true();
  EXPECT_EQ(all(by("w", "c"), Order::kOldestFirst).size(), 200U);
}

TEST_P(LogStoreContract, ACheckReadsAllAndFindsNoFault) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 20; ++i) records.push_back(interaction(std::to_string(i), i < 5 ? "v" : "w", "c", i));
  append(records);
  ASSERT_EQ(store_->remove_records(std::vector{records[0].id, records[19].id}).value(), 2U);
  const auto verification = store_->verification();
  ASSERT_TRUE(verification.ok()) << verification.error();
  for (bool goes_on = true; goes_on;) {
    const auto step = (*verification)->step();
    ASSERT_TRUE(step.ok()) << step.error();
    goes_on = *step;
  }
  const Verified& found = (*verification)->found();
  EXPECT_EQ(found.records, 18U);
  EXPECT_EQ(found.workloads, 2U);
  EXPECT_THAT(found.faults, testing::IsEmpty());
}

TEST_P(LogStoreContract, WhatWasAppendedIsReadAfterItHasSettled) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 3000; ++i) records.push_back(interaction("r" + std::to_string(i), "w", "c", 100 + i));
  append(records);
  const Backlog lacking = store_->settle(by("w", "c"), Deadline::after(std::chrono::seconds(120)));
  EXPECT_EQ(lacking.records, 0U);
  EXPECT_TRUE(lacking.trouble.ok());
  EXPECT_EQ(all(by("w", "c"), Order::kOldestFirst).size(), 3000U);
  EXPECT_EQ(store_->settle(by("nobody", "c"), Deadline::after(std::chrono::seconds(120))).records, 0U);
  const auto left_out = store_->left_out({});
  ASSERT_TRUE(left_out.ok()) << left_out.error();
  EXPECT_TRUE(left_out->empty()) << "all that it was given are records";
}

TEST_P(LogStoreContract, TheListOfWorkloadsIsTrueAfterEveryChange) {
  Random random(11);
  const auto some = [&](std::uint64_t most) { return std::to_string(random.below(most)); };
  for (int i = 0; i < 60; ++i) {
    const auto what = random.below(6);
    if (what < 3) {  // some of them are there already, at other times
      const auto at = static_cast<std::int64_t>(random.below(50));
      const std::vector batch{interaction(some(40), "w" + some(2), "c" + some(2), at),
                              interaction(some(40), "w" + some(2), "c" + some(2), at + 7)};
      ASSERT_TRUE(store_->append(batch).ok());
    } else if (what == 3) {
      ASSERT_TRUE(store_->remove_records(std::vector{record::RecordId(some(40)), record::RecordId(some(40))}).ok());
    } else if (what == 4) {
      Selection early;
      early.to = from_epoch_seconds(static_cast<std::int64_t>(random.below(10)));
      ASSERT_TRUE(store_->remove(early).ok());
    } else {
      ASSERT_TRUE(store_->relabel(std::vector{record::RecordId(some(40))}, record::WorkloadId("w" + some(2))).ok());
    }
    if (i % 20 == 19) reopen();
    expect_the_list_is_true();
  }
}

}  // namespace
}  // namespace fw::logstore
