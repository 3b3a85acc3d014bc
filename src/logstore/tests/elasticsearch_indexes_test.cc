#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "logstore/tests/fake_cluster.h"
#include "logstore/tests/log_store_fixture.h"

/// Several indexes under one name, documents that are no records, and what searches do not see yet.
namespace fw::logstore {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using Json = nlohmann::json;

const Json kFields = Json::parse(R"({"workload_id": ["w"], "client_id": ["c"]})");

struct Stored {
  std::string index;
  std::string id;
  std::int64_t millis = 0;
  std::string content;
};

/// A record's request is the document's content.
class ContentDocuments final : public Documents {
 public:
  [[nodiscard]] std::string write(const record::Interaction&, Unit, bool) const override { return "{}"; }
  [[nodiscard]] Result<record::Interaction> read(std::string_view id, std::string_view document) const override {
    record::Interaction record;
    record.id = record::RecordId(std::string(id));
    record.request = Json::parse(document)["content"].get<std::string>();
    return record;
  }
};

bool holds(const Json& query, const Stored& document);

bool within(const Json& bounds, std::int64_t value) {
  return value >= bounds.value("gte", value) && value <= bounds.value("lte", value) &&
         value > bounds.value("gt", value - 1) && value < bounds.value("lt", value + 1);
}

bool holds_all(const Json& of, const Stored& document) {
  const auto one = [&](const Json& query) { return holds(query, document); };
  const Json filter = of.value("filter", Json::array());
  const Json must_not = of.value("must_not", Json::array());
  const Json should = of.value("should", Json::array());
  return std::ranges::all_of(filter, one) && std::ranges::none_of(must_not, one) &&
         (should.empty() || std::ranges::any_of(should, one));
}

/// Of the queries those that the store asks. All documents are of one workload, at whole milliseconds.
bool holds(const Json& query, const Stored& document) {
  if (query.contains("ids")) return std::ranges::count(query["ids"]["values"], Json(document.id)) > 0;
  if (query.contains("bool")) return holds_all(query["bool"], document);
  if (query.contains("range")) {
    return query["range"].contains("timestamp") && within(query["range"]["timestamp"], document.millis);
  }
  return true;  // exists, term
}

/// A cluster that holds `documents` in the indexes logs-1 and logs-2.
class TwoIndexes : public testing::Test {
 protected:
  TwoIndexes() {
    const Json of_one = Json::parse(cluster_.mapping)["calls"];
    cluster_.mapping = Json{{"logs-1", of_one}, {"logs-2", of_one}}.dump();
    documents_ = {{"logs-1", "a", 1000, "first a"},
                  {"logs-1", "x", 2000, "first x"},
                  {"logs-2", "x", 2000, "second x"},
                  {"logs-2", "b", 3000, "only b"},
                  {"logs-2", "a", 4000, "second a"}};
    store_ = cluster_.open("logs", std::make_shared<ContentDocuments>());
  }

  net::Response answer(const std::string& target, const std::string& body) {
    const std::lock_guard lock(mutex_);
    targets_.push_back(target);
    if (target.ends_with("/_bulk")) return bulk(body);
    const Json ask = Json::parse(body, nullptr, false);
    if (target.ends_with("/_mget")) return get(ask);
    if (target.ends_with("/_count")) return net::json_response(200, Json{{"count", found(ask).size()}}.dump());
    if (target.ends_with("/_search")) return search(ask);
    return net::json_response(200, "{}");
  }
  std::vector<Stored> found(const Json& ask) const {
    std::vector<Stored> out;
    std::ranges::copy_if(documents_, std::back_inserter(out), [&](const auto& d) { return holds(ask["query"], d); });
    return out;
  }
  net::Response search(const Json& ask) const {
    auto hits = found(ask);
    std::ranges::stable_sort(hits, {}, &Stored::millis);
    if (ask["sort"][0]["timestamp"]["order"] == "desc") std::ranges::reverse(hits);
    hits.resize(std::min(hits.size(), ask["size"].get<std::size_t>()));
    Json list = Json::array();
    for (const Stored& hit : hits) {
      list.push_back(
          {{"_index", hit.index}, {"_id", hit.id}, {"sort", Json::array({hit.millis, nullptr})}, {"fields", kFields}});
    }
    return net::json_response(200, Json{{"hits", {{"hits", list}}}}.dump());
  }
  net::Response get(const Json& ask) const {
    Json docs = Json::array();
    for (const Json& one : ask["docs"]) {
      const auto at = std::ranges::find_if(documents_, [&](const Stored& d) {
        return d.index == one["_index"].get<std::string>() && d.id == one["_id"].get<std::string>();
      });
      Json doc{{"_id", one["_id"]}};
      if (at != documents_.end()) doc["_source"] = {{"content", at->content}};
      docs.push_back(std::move(doc));
    }
    return net::json_response(200, Json{{"docs", docs}}.dump());
  }
  net::Response bulk(const std::string& body) {
    bulk_ += body;
    return net::json_response(200, R"({"items": [{"delete": {"status": 200}}]})");
  }

  std::vector<std::string> contents(Order order, std::size_t limit) {
    std::vector<std::string> out;
    std::optional<Cursor> after;
    do {
      const auto page = store_->scan({}, order, limit, after);
      EXPECT_TRUE(page.ok()) << page.error();
      if (!page.ok()) break;
      for (const auto& record : page->records) out.push_back(*record.id + ": " + record.request);
      after = page->next;
    } while (after);
    return out;
  }

  std::mutex mutex_;
  std::vector<Stored> documents_;
  std::vector<std::string> targets_;
  std::string bulk_;
  FakeCluster cluster_{[this](const auto& target, const auto& body) { return answer(target, body); }};
  std::unique_ptr<LogStore> store_;
};

TEST_F(TwoIndexes, DocumentsOfOneIdAreRecordsOfTheirOwnInPagesOfAnySize) {
  for (const std::size_t limit : {1, 2, 3, 10}) {
    EXPECT_THAT(contents(Order::kOldestFirst, limit),
                ElementsAre("a: first a", "x: first x", "x@logs-2: second x", "b: only b", "a@logs-2: second a"))
        << limit;
    EXPECT_THAT(contents(Order::kNewestFirst, limit),
                ElementsAre("a@logs-2: second a", "b: only b", "x@logs-2: second x", "x: first x", "a: first a"))
        << limit;
  }
}

TEST_F(TwoIndexes, EachIsFoundAndRemovedByItsOwnId) {
  const std::vector ids{record::RecordId("a@logs-2"), record::RecordId("b@logs-2"), record::RecordId("x"),
                        record::RecordId("a"), record::RecordId("b")};
  const auto found = store_->find_batch(ids);
  ASSERT_TRUE(found.ok()) << found.error();
  ASSERT_EQ(found->size(), ids.size());
  EXPECT_EQ(found->at(0)->request, "second a");
  EXPECT_FALSE(found->at(1).has_value()) << "its _id is its own";
  EXPECT_EQ(found->at(2)->request, "first x");
  EXPECT_EQ(found->at(3)->request, "first a");
  EXPECT_EQ(found->at(4)->request, "only b");
  EXPECT_EQ(*store_->remove_records(std::span(ids).first(1)), 1U);
  EXPECT_THAT(bulk_, HasSubstr(R"("_id":"a","_index":"logs-2")"));
}

TEST_F(TwoIndexes, AnIdWithTheNameOfAnIndexIsFoundAsItStands) {
  documents_ = {{"logs-1", "me@logs-2", 1000, "mine"}};
  EXPECT_EQ((*store_->find(record::RecordId("me@logs-2")))->request, "mine");
}

TEST_F(TwoIndexes, NothingIsAskedOfOneIndexToTellItsDocumentsApart) {
  std::erase_if(documents_, [](const Stored& d) { return d.index == "logs-2"; });
  cluster_.mapping = Json{{"logs-1", Json::parse(cluster_.mapping)["logs-1"]}}.dump();
  EXPECT_THAT(contents(Order::kOldestFirst, 10), ElementsAre("a: first a", "x: first x"));
  EXPECT_THAT(targets_, Each(Not(HasSubstr("_count"))));
}

TEST(LeftOut, AreCountedByReasonForTheWorkloadAndClient) {
  std::string asked;
  const FakeCluster cluster([&](const auto& target, const auto& body) {
    if (!target.ends_with("/_search")) return net::json_response(200, "{}");
    asked = body;
    return net::json_response(200, R"({"aggregations": {"unread_time": {"doc_count": 3}, "no_time": {"doc_count": 0},
        "no_workload": {"doc_count": "x"}, "no_client": null}})");
  });
  const Selection one{.workload = record::WorkloadId("router"), .client = record::ClientId("me"), .from = {}, .to = {}};
  const auto counts = cluster.open()->left_out(one);
  ASSERT_TRUE(counts.ok()) << counts.error();
  EXPECT_THAT(*counts, ElementsAre(Pair("timestamp cannot be read", 3)));
  const Json filter = Json::parse(asked)["query"]["bool"]["filter"];
  EXPECT_THAT(filter, Contains(Json{{"term", {{"workload_id", "router"}}}}));
  EXPECT_THAT(filter, Contains(Json{{"term", {{"client_id", "me"}}}}));
}

TEST(ForeignMapping, ATimestampThatIsATextIsAnErrorThatNamesItAndNoSilentAbsence) {
  for (const char* type : {"text", "keyword", "date_nanos", "boolean"}) {
    FakeCluster cluster([](const auto&, const auto&) { return net::json_response(200, "{}"); });
    Json mapping = Json::parse(cluster.mapping);
    mapping["calls"]["mappings"]["properties"]["timestamp"] = {{"type", type}};
    cluster.mapping = mapping.dump();
    const auto store = cluster.open();
    const auto page = store->scan({}, Order::kOldestFirst, 10, {});
    ASSERT_FALSE(page.ok()) << type;
    EXPECT_EQ(page.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(page.error().message, HasSubstr(std::string("has timestamp as ") + type));
    EXPECT_EQ(store->left_out({}).error().code, ErrorCode::kFailedPrecondition);
  }
}

/// A cluster that lets nobody refresh, and shows a document at the third look.
class Unrefreshed : public testing::Test {
 protected:
  net::Response answer(const std::string& target) {
    if (target.ends_with("/_refresh")) return net::json_response(403, R"({"error": "security_exception"})");
    if (target.ends_with("/_bulk")) return net::json_response(200, R"({"items": [{"create": {"status": 201}}]})");
    if (!target.ends_with("/_search")) return net::json_response(200, "{}");
    Json hits = Json::array();
    if (++looks_ >= seen_at_) {
      hits.push_back({{"_index", "calls"}, {"_id", "a"}, {"sort", Json::array({1000})}, {"fields", kFields}});
    }
    return net::json_response(200, Json{{"hits", {{"hits", hits}}}}.dump());
  }

  std::atomic<int> looks_ = 0;
  std::atomic<int> seen_at_ = 3;
  FakeCluster cluster_{[this](const auto& target, const auto&) { return answer(target); }};
  std::unique_ptr<LogStore> store_ = cluster_.open();
};

TEST_F(Unrefreshed, WhatWasAddedIsLookedForUntilASearchFindsIt) {
  ASSERT_TRUE(store_->append(std::vector{interaction("a", "w", "c", 1)}).ok());
  EXPECT_EQ(store_->settle({}, Deadline::after(std::chrono::seconds(60))).records, 0U);
  EXPECT_EQ(looks_.load(), 3);
  EXPECT_EQ(store_->settle({}, Deadline::after(std::chrono::seconds(60))).records, 0U);
  EXPECT_EQ(looks_.load(), 3) << "what was seen is not looked for again";
}

TEST_F(Unrefreshed, WhatNoSearchFindsInTimeIsTold) {
  seen_at_ = 1000;
  ASSERT_TRUE(store_->append(std::vector{interaction("a", "w", "c", 1)}).ok());
  const Backlog lacking = store_->settle({}, Deadline::after(std::chrono::milliseconds(300)));
  EXPECT_EQ(lacking.records, 1U);
  EXPECT_THAT(lacking.trouble.error().message, HasSubstr("refresh interval"));
}

}  // namespace
}  // namespace fw::logstore
