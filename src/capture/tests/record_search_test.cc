#include "capture/bulk/impl/record_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::capture::elastic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Ten documents, d0 to d9 by their `_id`, whose times go the other way, two a millisecond.
class RecordSearch : public testing::Test {
 protected:
  RecordSearch() {
    std::vector<record::Interaction> batch;
    for (int i = 0; i < 10; ++i) {
      record::Interaction record{
          .id = record::RecordId("record" + std::to_string(9 - i)),
          .workload = record::WorkloadId(i % 2 == 0 ? "even" : "odd"),
          .client = record::ClientId("dev"),
          .timestamp = from_epoch_seconds(1'760'000'000) + std::chrono::milliseconds((9 - i) / 2) + Duration(i % 2),
          .request = R"({"model":"big","messages":[{"content":"a"},{"content":"b"}]})",
          .response = "{}"};
      record.provenance.tags.push_back({"_id", "d" + std::to_string(i)});
      batch.push_back(std::move(record));
    }
    EXPECT_TRUE(store->append(batch).ok());
  }

  Json search(const std::string& body, const std::string& parameters = "") {
    const auto json = parse_object(body);
    const Call call{.index = "flywheel", .query = net::QueryParams(parameters)};
    auto request = parse_search(call, *json, {"flywheel", from_epoch_seconds(0)});
    if (!request.ok()) return request.error().message;
    const std::vector<std::string> names{"flywheel"};
    const auto found = find_records(*store, {names, "flywheel"}, *request, 1 << 20, Deadline::never());
    if (!found.ok()) return found.error().message;
    total = found->total;
    return Json::parse("[" + found->hits + "]");
  }

  static std::string ids(const Json& hits) {
    std::string out;
    if (hits.is_string()) return hits.get<std::string>();
    for (const Json& hit : hits) out += hit["_id"].get<std::string>().substr(1);
    return out;
  }

  /// All pages of a sort, two hits each.
  std::string paged(const std::string& sort) {
    std::string out;
    Json after;
    while (out.size() < 30) {
      Json body{{"size", 2}, {"sort", Json::parse(sort)}};
      if (!after.is_null()) body["search_after"] = after;
      const Json hits = search(to_text(body));
      if (!hits.is_array()) return to_text(hits);
      if (hits.empty()) break;
      out += ids(hits);
      after = hits.back()["sort"];
    }
    return out;
  }

  io::TemporaryFolder folder{"record_search"};
  std::unique_ptr<logstore::LogStore> store = logstore::open_rocksdb_log_store(folder.path() / "log").value();
  std::uint64_t total = 0;
};

TEST_F(RecordSearch, SortsByTheIdOfDocuments) {
  EXPECT_EQ(ids(search(R"({"sort":["_id"]})")), "0123456789");
  EXPECT_EQ(ids(search(R"({"sort":[{"_id":"desc"}],"size":3})")), "987");
  EXPECT_EQ(ids(search(R"({"sort":["_id"],"from":4,"size":3})")), "456");
  EXPECT_EQ(total, 10U);
  EXPECT_EQ(ids(search(R"({"sort":["_id"],"query":{"term":{"workload_id":"odd"}}})")), "13579");
  EXPECT_EQ(search(R"({"sort":["_id"],"size":1})")[0]["sort"], Json::array({"d0"}));
  EXPECT_EQ(search(R"({"sort":["_id"],"size":0})").size(), 0U);
}

TEST_F(RecordSearch, SortsEqualTimesByTheIdOfDocuments) {
  EXPECT_EQ(ids(search(R"({"sort":["timestamp","_id"]})")), "8967452301");
  EXPECT_EQ(ids(search(R"({"sort":[{"timestamp":"desc"},{"_id":"desc"}],"size":3})")), "103");
}

TEST_F(RecordSearch, PagesOfEverySortHoldEachHitOnce) {
  EXPECT_EQ(paged(R"(["_id"])"), "0123456789");
  EXPECT_EQ(paged(R"([{"_id":"desc"}])"), "9876543210");
  EXPECT_EQ(paged(R"(["timestamp",{"_id":"desc"}])"), "9876543210");
  for (const char* sort : {R"(["_doc"])", R"([{"_doc":"desc"}])", R"(["timestamp","_doc"])",
                           R"([{"timestamp":"desc"},{"_doc":"asc"}])", R"([{"timestamp":"desc"},"_shard_doc"])"}) {
    const std::string seen = paged(sort);
    EXPECT_EQ(seen.size(), 10U) << sort << ' ' << seen;
    EXPECT_EQ(std::set<char>(seen.begin(), seen.end()).size(), 10U) << sort << ' ' << seen;
  }
}

TEST_F(RecordSearch, PagesGoOnThoughTheLastHitWasRemoved) {
  const Json first = search(R"({"sort":["_doc"],"size":4})");
  const std::vector gone{record::RecordId("record3")};
  ASSERT_TRUE(store->remove_records(gone).ok());
  const Json body{{"sort", {"_doc"}}, {"search_after", first.back()["sort"]}};
  EXPECT_EQ(search(to_text(body)).size(), 6U);
}

TEST_F(RecordSearch, SaysNoWhereAValueIsNoneOfTheSort) {
  EXPECT_THAT(ids(search(R"({"sort":["_doc"],"search_after":["record1"]})")), HasSubstr("search_after"));
  EXPECT_THAT(ids(search(R"({"sort":["_seq_no"]})")), HasSubstr("[_seq_no]"));
  EXPECT_THAT(ids(search(R"({"sort":["_score","_id"]})")), HasSubstr("[_score]"));
  EXPECT_THAT(ids(search(R"({"sort":[{"timestamp":{"order":"asc","nested":{}}}]})")), HasSubstr("[nested]"));
  EXPECT_EQ(search(R"({"sort":["_score"]})").size(), 10U);
}

TEST_F(RecordSearch, SlicesAreParts) {
  std::set<std::string> seen;
  std::size_t hits = 0;
  for (const char* id : {"0", "1", "2"}) {
    const Json part = search(std::string(R"({"slice":{"id":)") + id + R"(,"max":3}})");
    EXPECT_EQ(total, part.size());
    hits += part.size();
    for (const Json& hit : part) seen.insert(hit["_id"]);
  }
  EXPECT_EQ(hits, 10U);
  EXPECT_EQ(seen.size(), 10U);
}

TEST_F(RecordSearch, ShowsFields) {
  const Json hit = search(R"({"size":1,"sort":["_id"],"_source":false,"version":true,"seq_no_primary_term":true,
      "fields":["workload_id","request.messages.content",{"field":"timestamp","format":"epoch_millis"}],
      "docvalue_fields":["client_id"]})")[0];
  EXPECT_FALSE(hit.contains("_source"));
  EXPECT_EQ(hit["_version"], 1);
  EXPECT_EQ(hit["_primary_term"], 1);
  EXPECT_EQ(hit["fields"], Json::parse(R"({"workload_id":["even"],"request.messages.content":["a","b"],
      "timestamp":["1760000000004"],"client_id":["dev"]})"));
  const Json all = search(R"({"size":1,"fields":[{"field":"*","include_unmapped":true}]})")[0]["fields"];
  EXPECT_EQ(all["request.model"], Json::array({"big"}));
  EXPECT_EQ(all["timestamp"], Json::array({"2025-10-09T08:53:20.000Z"}));
  EXPECT_FALSE(search(R"({"size":1,"stored_fields":["*"]})")[0].contains("_source"));
  EXPECT_TRUE(search(R"({"size":1,"stored_fields":"*","_source":true})")[0].contains("_source"));
  EXPECT_THAT(ids(search(R"({"docvalue_fields":["request.model"]})")), HasSubstr("[request.model]"));
  EXPECT_THAT(ids(search(R"({"fields":[{"field":"timestamp","format":"yyyy"}]})")), HasSubstr("[yyyy]"));
}

TEST_F(RecordSearch, ParametersAreKnownOrNamed) {
  EXPECT_EQ(ids(search("{}", "q=workload_id:odd&sort=_id&size=2")), "13");
  EXPECT_EQ(search("{}", "docvalue_fields=client_id&_source=false&size=1")[0]["fields"]["client_id"][0], "dev");
  EXPECT_THAT(ids(search("{}", "max_docs=3")), HasSubstr("[max_docs]"));
  EXPECT_THAT(ids(search(R"({"query":{"match_all":{}}})", "q=a")), HasSubstr("two queries"));
  EXPECT_THAT(ids(search(R"({"min_score":1})")), HasSubstr("[min_score]"));
  EXPECT_THAT(ids(search(R"({"query":{"term":{"workload_id":{"value":"ODD","case_insensitive":true}}}})")),
              HasSubstr("[case_insensitive]"));
}

TEST_F(RecordSearch, DaysAreWholeWhereTheyAreIncluded) {
  const auto count = [&](const std::string& range) {
    (void)search(R"({"size":0,"query":{"range":{"timestamp":)" + range + "}}}");
    return total;
  };
  EXPECT_EQ(count(R"({"lte":"2025-10-09"})"), 10U);
  EXPECT_EQ(count(R"({"gt":"2025-10-09"})"), 0U);
  EXPECT_EQ(count(R"({"gte":"2025-10-09"})"), 10U);
  EXPECT_EQ(count(R"({"lt":"2025-10-09"})"), 0U);
  EXPECT_EQ(count(R"({"lte":"2025-10-09||/M"})"), 10U);
  EXPECT_EQ(count(R"({"lte":1760000000000})"), 2U) << "both of this millisecond";
  EXPECT_EQ(count(R"({"gt":1760000000000})"), 8U);
}

}  // namespace
}  // namespace fw::capture::elastic
