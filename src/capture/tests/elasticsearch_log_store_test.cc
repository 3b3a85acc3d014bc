#include "logstore/elasticsearch/elasticsearch_log_store.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "async/event_loops.h"
#include "async/run_blocking.h"
#include "capture/log_document.h"
#include "logstore/tests/log_store_contract.h"
#include "net/client.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Json = nlohmann::json;

/// The cluster's URL; the tests are skipped without one.
std::string cluster_url() {
  const char* url = std::getenv("FLYWHEEL_TEST_ELASTICSEARCH");
  return url == nullptr ? "" : url;
}

const char* const kSkipped = "no cluster is named by FLYWHEEL_TEST_ELASTICSEARCH; tests/peers starts one";
const std::string kIndex = "flywheel-test-" + std::to_string(getpid());

/// A call past our code, as another program makes it.
Json call(net::Method method, const std::string& path, const std::string& body = "") {
  EventLoops loops(1);
  net::Client client(loops.executor(0));
  net::Request request{.method = method, .target = cluster_url() + path, .headers = {}, .body = body};
  if (!body.empty()) request.headers.set("Content-Type", "application/json");
  auto answer = run_blocking(client.send(std::move(request), Deadline::after(std::chrono::seconds(60))));
  EXPECT_TRUE(answer.ok()) << answer.error();
  return answer.ok() ? Json::parse(answer->body, nullptr, false) : Json();
}

Result<std::unique_ptr<LogStore>> open_index(const std::string& index) {
  ElasticsearchOptions options;
  options.urls = {cluster_url()};
  options.index = index;
  return open_elasticsearch_log_store(std::move(options), std::make_shared<capture::StoredDocuments>());
}

INSTANTIATE_TEST_SUITE_P(Elasticsearch, LogStoreContract,
                         testing::Values(StoreForm{
                             .name = "Elasticsearch",
                             .skipped = cluster_url().empty() ? kSkipped : "",
                             .open = [](const std::filesystem::path&) { return open_index(kIndex); },
                             .clean = [] { call(net::Method::kDelete, "/" + kIndex); }}));

/// An index that somebody else made and filled.
class ForeignIndex : public testing::Test {
 protected:
  void SetUp() override {
    if (cluster_url().empty()) GTEST_SKIP() << kSkipped;
  }
  void TearDown() override {
    if (!cluster_url().empty()) call(net::Method::kDelete, "/" + kIndex);
  }

  void make(const std::string& properties) {
    call(net::Method::kPut, "/" + kIndex, R"({"mappings": {"dynamic": "strict", "properties": {)" + properties + "}}}");
  }
  void put(const std::string& id, const std::string& document) {
    const Json answer = call(net::Method::kPut, "/" + kIndex + "/_doc/" + id + "?refresh=true", document);
    EXPECT_TRUE(answer.contains("result")) << answer;
  }
  static std::string document(const std::string& timestamp, const std::string& workload = "w") {
    return R"({"timestamp": )" + timestamp + R"(, "workload_id": ")" + workload +
           R"(", "client_id": "c", "request": {"messages": [ ]}, "response": { }})";
  }

  std::unique_ptr<LogStore> store_ = [] {
    auto store = open_index(kIndex);
    return store.ok() ? std::move(store).value() : nullptr;
  }();
};

/// What the blueprint makes.
const char* const kBlueprint = R"("timestamp": {"type": "date"}, "workload_id": {"type": "keyword"},
    "client_id": {"type": "keyword"}, "request": {"type": "object", "dynamic": false},
    "response": {"type": "object", "dynamic": false})";

TEST_F(ForeignIndex, TheBlueprintsIsReadAndFilled) {
  make(kBlueprint);
  put("late", document("1732460010"));
  put("early", document("1732460000"));
  const std::vector ours{interaction("ours", "w", "c", 1'732'460'005)};
  ASSERT_TRUE(store_->append(ours).ok());
  const auto page = store_->scan({}, Order::kOldestFirst, 10, {});
  ASSERT_TRUE(page.ok()) << page.error();
  EXPECT_THAT(ids_of(page->records), ElementsAre("early", "ours", "late"));
  EXPECT_EQ(page->records[0].timestamp, from_epoch_seconds(1'732'460'000));
  EXPECT_EQ(page->records[0].request, R"({"messages": [ ]})");
  const Json stored = call(net::Method::kGet, "/" + kIndex + "/_doc/ours");
  EXPECT_EQ(stored["_source"]["timestamp"], 1'732'460'005) << stored;
}

TEST_F(ForeignIndex, SecondsMillisecondsAndTextsAreInOneOrder) {
  make(kBlueprint);
  put("b", document("1732460001"));
  put("c", document("1732460002500"));
  put("a", document(R"("2024-11-24T14:53:20Z")"));
  put("d", document("1732460003"));
  for (const std::size_t limit : {1, 2, 10}) {
    std::vector<std::string> ids;
    std::optional<Cursor> after;
    do {
      auto page = store_->scan({}, Order::kOldestFirst, limit, after);
      ASSERT_TRUE(page.ok()) << page.error();
      for (const auto& id : ids_of(page->records)) ids.push_back(id);
      after = page->next;
    } while (after);
    EXPECT_THAT(ids, ElementsAre("a", "b", "c", "d")) << limit;
  }
  const std::vector ids{record::RecordId("c"), record::RecordId("x"), record::RecordId("b")};
  const auto found = store_->find_batch(ids);
  ASSERT_TRUE(found.ok()) << found.error();
  EXPECT_EQ(found->at(0)->timestamp, from_epoch_seconds(1'732'460'002) + std::chrono::milliseconds(500));
  EXPECT_FALSE(found->at(1).has_value());
  EXPECT_EQ(found->at(2)->timestamp, from_epoch_seconds(1'732'460'001));
  const auto summaries = store_->workloads();
  ASSERT_TRUE(summaries.ok()) << summaries.error();
  ASSERT_EQ(summaries->size(), 1U);
  EXPECT_EQ(summaries->at(0).records, 4U);
  EXPECT_EQ(summaries->at(0).oldest, from_epoch_seconds(1'732'460'000));
  EXPECT_EQ(summaries->at(0).newest, from_epoch_seconds(1'732'460'003));
}

TEST_F(ForeignIndex, NumbersOfAnyUnitAreTheTimesThatTheyAre) {
  make(kBlueprint);
  put("a", document("1732460000"));
  put("b", document("1732460001000"));
  put("c", document("1732460002000500"));
  put("d", document("1732460003000500001"));
  const auto page = store_->scan({}, Order::kOldestFirst, 10, {});
  ASSERT_TRUE(page.ok()) << page.error();
  EXPECT_THAT(ids_of(page->records), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(page->records[2].timestamp, from_epoch_seconds(1'732'460'002) + std::chrono::microseconds(500));
  EXPECT_EQ(page->records[3].timestamp, from_epoch_seconds(1'732'460'003) + std::chrono::nanoseconds(500'001));
  Selection selection;
  selection.from = from_epoch_seconds(1'732'460'001);
  selection.to = from_epoch_seconds(1'732'460'003);
  EXPECT_THAT(ids_of(store_->scan(selection, Order::kNewestFirst, 10, {})->records), ElementsAre("c", "b"));
  EXPECT_EQ(store_->workloads()->at(0).records, 4U);
}

TEST_F(ForeignIndex, WorkloadsOfManyPairsAreListedWithTheirTimes) {
  make(kBlueprint);
  std::vector<record::Interaction> records;
  for (int i = 0; i < 450; ++i) {
    records.push_back(interaction(std::to_string(i), "w" + std::to_string(i / 2), "c", 1'732'460'000 + i));
    records.back().timestamp += std::chrono::nanoseconds(i);
  }
  ASSERT_TRUE(store_->append(records).ok());
  const auto summaries = store_->workloads();
  ASSERT_TRUE(summaries.ok()) << summaries.error();
  ASSERT_EQ(summaries->size(), 225U);
  for (const auto& summary : *summaries) {
    const auto first = static_cast<std::size_t>(std::stoi(summary.workload->substr(1)) * 2);
    EXPECT_EQ(summary.records, 2U);
    EXPECT_EQ(summary.oldest, records[first].timestamp);
    EXPECT_EQ(summary.newest, records[first + 1].timestamp);
  }
}

TEST_F(ForeignIndex, TextsWithKeywordsBesideThemAreFound) {
  make(R"("timestamp": {"type": "date", "format": "epoch_second"},
      "workload_id": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
      "client_id": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
      "request": {"type": "object", "dynamic": false}, "response": {"type": "object", "dynamic": false})");
  put("a", document("1732460000", "the router"));
  const Selection one{.workload = record::WorkloadId("the router"), .client = {}, .from = {}, .to = {}};
  const auto page = store_->scan(one, Order::kOldestFirst, 10, {});
  ASSERT_TRUE(page.ok()) << page.error();
  EXPECT_THAT(ids_of(page->records), ElementsAre("a"));
  EXPECT_EQ(store_->workloads()->at(0).newest, from_epoch_seconds(1'732'460'000));
}

TEST_F(ForeignIndex, DocumentsThatHoldNoRecordAreLeftOutAndStopNothing) {
  make(kBlueprint);
  put("good", document("1732460000"));
  put("bare", R"({"timestamp": 1732460001, "workload_id": "w", "client_id": "c"})");
  put("nameless", R"({"timestamp": 1732460002, "request": {}, "response": {}})");
  put("timeless", R"({"workload_id": "w", "client_id": "c", "request": {}, "response": {}})");
  put("last", document("1732460003"));
  const auto page = store_->scan({}, Order::kOldestFirst, 10, {});
  ASSERT_TRUE(page.ok()) << page.error();
  EXPECT_THAT(ids_of(page->records), ElementsAre("good", "last"));
}

TEST_F(ForeignIndex, AnotherMappingIsAnErrorThatNamesTheField) {
  make(R"("message": {"type": "text"})");
  const auto page = store_->scan({}, Order::kOldestFirst, 10, {});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(page.error().message, HasSubstr("workload_id"));
}

TEST_F(ForeignIndex, OneThatMayNotBeWrittenSaysSoAndRecovers) {
  ASSERT_TRUE(store_->append(std::vector{interaction("a", "w", "c", 1)}).ok());
  call(net::Method::kPut, "/" + kIndex + "/_settings", R"({"index.blocks.write": true})");
  const auto refused = store_->append(std::vector{interaction("b", "w", "c", 2)});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kStorageFull) << refused.error();
  EXPECT_FALSE(store_->health().ok());
  call(net::Method::kPut, "/" + kIndex + "/_settings", R"({"index.blocks.write": null})");
  EXPECT_TRUE(store_->append(std::vector{interaction("b", "w", "c", 2)}).ok());
  EXPECT_TRUE(store_->health().ok());
}

TEST_F(ForeignIndex, SeveralIndexesAreReadTogetherAndNotWritten) {
  make(kBlueprint);
  put("a", document("1732460000"));
  auto both = open_index(kIndex + "*");
  ASSERT_TRUE(both.ok());
  EXPECT_THAT(ids_of((*both)->scan({}, Order::kOldestFirst, 10, {})->records), ElementsAre("a"));
  EXPECT_EQ((*both)->append(std::vector{interaction("b", "w", "c", 2)}).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(ForeignIndex, TimesThatCannotBeReadAreCountedWithTheirReason) {
  make(R"("timestamp": {"type": "date", "ignore_malformed": true}, "workload_id": {"type": "keyword"},
      "client_id": {"type": "keyword"}, "request": {"type": "object", "dynamic": false},
      "response": {"type": "object", "dynamic": false})");
  put("good", document("1732460000"));
  put("bad", document(R"("yesterday, at noon")"));
  put("other", document(R"("yesterday, at noon")", "v"));
  put("timeless", R"({"workload_id": "w", "client_id": "c", "request": {}, "response": {}})");
  put("nameless", R"({"timestamp": 1732460002, "client_id": "c", "request": {}, "response": {}})");
  EXPECT_THAT(ids_of(store_->scan({}, Order::kOldestFirst, 10, {})->records), ElementsAre("good"));
  const auto all = store_->left_out({});
  ASSERT_TRUE(all.ok()) << all.error();
  EXPECT_THAT(*all, ElementsAre(Pair("timestamp cannot be read", 2), Pair("timestamp is missing", 1),
                                Pair("workload_id is missing", 1)));
  const Selection one{.workload = record::WorkloadId("w"), .client = record::ClientId("c"), .from = {}, .to = {}};
  EXPECT_THAT(*store_->left_out(one),
              ElementsAre(Pair("timestamp cannot be read", 1), Pair("timestamp is missing", 1)));
}

TEST_F(ForeignIndex, TimesThatTheMappingAloneCanReadAreTheRecords) {
  make(R"("timestamp": {"type": "date", "format": "dd/MM/yyyy HH:mm:ss"}, "workload_id": {"type": "keyword"},
      "client_id": {"type": "keyword"}, "request": {"type": "object", "dynamic": false},
      "response": {"type": "object", "dynamic": false})");
  put("a", document(R"("24/11/2024 14:53:20")"));
  const auto page = store_->scan({}, Order::kOldestFirst, 10, {});
  ASSERT_TRUE(page.ok()) << page.error();
  ASSERT_THAT(ids_of(page->records), ElementsAre("a"));
  EXPECT_EQ(page->records[0].timestamp, from_epoch_seconds(1'732'460'000));
}

TEST_F(ForeignIndex, DocumentsOfOneIdInTwoIndexesAreTwoRecords) {
  make(kBlueprint);
  const std::string second = kIndex + "-2";
  call(net::Method::kPut, "/" + second, std::string(R"({"mappings": {"properties": {)") + kBlueprint + "}}}");
  call(net::Method::kPost, "/_aliases",
       R"({"actions": [{"add": {"indices": [")" + kIndex + R"(", ")" + second + R"("], "alias": ")" + kIndex +
           R"(-all"}}]})");
  const auto put_second = [&](const std::string& id, const std::string& document) {
    call(net::Method::kPut, "/" + second + "/_doc/" + id + "?refresh=true", document);
  };
  put("x", document("1732460000"));
  put("a", document("1732460001"));
  put_second("x", document("1732460000", "v"));
  put_second("a", document("1732460002"));
  put_second("b", document("1732460003"));
  const auto all = open_index(kIndex + "-all").value();
  for (const std::size_t limit : {1, 2, 10}) {
    std::vector<std::string> ids;
    std::optional<Cursor> after;
    do {
      auto page = all->scan({}, Order::kNewestFirst, limit, after);
      ASSERT_TRUE(page.ok()) << page.error();
      for (const auto& id : ids_of(page->records)) ids.push_back(id);
      after = page->next;
    } while (after);
    EXPECT_THAT(ids, ElementsAre("b", "a@" + second, "a", "x@" + second, "x")) << limit;
  }
  const std::vector ids{record::RecordId("x@" + second), record::RecordId("x"), record::RecordId("b@" + second)};
  const auto found = all->find_batch(ids);
  ASSERT_TRUE(found.ok()) << found.error();
  EXPECT_EQ(*found->at(0)->workload, "v");
  EXPECT_EQ(*found->at(1)->workload, "w");
  EXPECT_FALSE(found->at(2).has_value()) << "no other index has a b";
  EXPECT_EQ(*all->remove_records(std::span(ids).first(1)), 1U);
  EXPECT_TRUE((*all->find(ids[1])).has_value());
  call(net::Method::kDelete, "/" + second);
}

TEST(ElasticsearchLogStore, ANodeThatIsAwayIsFollowedByTheNextAndNobodyIsAnErrorInTime) {
  ElasticsearchOptions options;
  options.urls = {"http://127.0.0.1:9", "http://127.0.0.1:1"};
  options.retry_for = std::chrono::milliseconds(300);
  auto store = open_elasticsearch_log_store(options, std::make_shared<capture::StoredDocuments>());
  ASSERT_TRUE(store.ok());
  EXPECT_EQ((*store)->workloads().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ((*store)->append(std::vector{interaction("a", "w", "c", 1)}).error().code, ErrorCode::kUnavailable);
  if (cluster_url().empty()) return;
  options.urls.push_back(cluster_url());
  options.index = kIndex;
  auto other = open_elasticsearch_log_store(options, std::make_shared<capture::StoredDocuments>());
  EXPECT_TRUE((*other)->append(std::vector{interaction("a", "w", "c", 1)}).ok());
  EXPECT_EQ((*other)->workloads()->size(), 1U);
  call(net::Method::kDelete, "/" + kIndex);
}

TEST(ElasticsearchLogStore, AStopEndsWhatWaits) {
  ElasticsearchOptions options;
  options.urls = {"http://127.0.0.1:9"};
  options.retry_for = std::chrono::hours(1);
  auto store = open_elasticsearch_log_store(options, std::make_shared<capture::StoredDocuments>());
  ASSERT_TRUE(store.ok());
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    (*store)->stop();
  });
  EXPECT_EQ((*store)->workloads().error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace fw::logstore
