#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "logstore/tests/fake_cluster.h"

/// What comes back from a cluster that starts, is half there, or is no Elasticsearch at all: an error, never a throw.
namespace fw::logstore {
namespace {

using testing::HasSubstr;

struct Asked {
  Result<std::vector<WorkloadSummary>> workloads;
  Result<std::vector<RecordCount>> counts;
  Result<Page> page;
  Result<std::optional<record::Interaction>> found;
  Result<AppendReport> appended;
  Result<std::uint64_t> removed;
};

Asked ask_everything(int status, const std::string& body) {
  const FakeCluster cluster([&](const auto&, const auto&) { return net::json_response(status, body); });
  const auto store = cluster.open();
  record::Interaction record;
  record.id = record::RecordId("id");
  record.workload = record::WorkloadId("w");
  record.client = record::ClientId("c");
  return {.workloads = store->workloads(),
          .counts = store->counts(),
          .page = store->scan({}, Order::kOldestFirst, 10, {}),
          .found = store->find(record.id),
          .appended = store->append(std::span(&record, 1)),
          .removed = store->remove({})};
}

TEST(ElasticsearchAnswers, AStartingNodesErrorIsUnavailabilityWhateverItsForm) {
  for (const char* body :
       {R"({"error": {"root_cause": [{"type": "no_shard_available_action_exception", "reason": null}],
            "type": "search_phase_execution_exception", "reason": "all shards failed"}, "status": 503})",
        R"({"error": {"root_cause": [{"type": 5, "reason": {"a": 1}}], "type": null, "reason": null}})",
        R"({"error": {"root_cause": [null, 7]}})", R"({"error": {"root_cause": {}}})", R"({"error": null})",
        R"({"error": 5})", R"([])", "starting", ""}) {
    const Asked asked = ask_everything(503, body);
    ASSERT_FALSE(asked.workloads.ok()) << body;
    EXPECT_EQ(asked.workloads.error().code, ErrorCode::kUnavailable) << body;
    EXPECT_THAT(asked.workloads.error().message, HasSubstr("503")) << body;
    ASSERT_FALSE(asked.page.ok()) << body;
    EXPECT_EQ(asked.page.error().code, ErrorCode::kUnavailable) << body;
    ASSERT_FALSE(asked.appended.ok()) << body;
    EXPECT_EQ(asked.appended.error().code, ErrorCode::kUnavailable) << body;
  }
}

TEST(ElasticsearchAnswers, TheReasonIsTheFirstThatIsThere) {
  const Asked asked = ask_everything(503, R"({"error": {"root_cause": [{"type": "no_shard", "reason": null}],
      "type": "search_phase_execution_exception", "reason": "all shards failed"}})");
  EXPECT_THAT(asked.workloads.error().message, HasSubstr("search_phase_execution_exception: all shards failed"));
}

TEST(ElasticsearchAnswers, SuccessesOfAnyFormAreReadOrRefused) {
  for (const char* body :
       {R"({})", R"({"_shards": null, "timed_out": "no", "hits": null, "aggregations": null, "items": null})",
        R"({"_shards": 5, "hits": {"hits": {}}, "aggregations": {"pairs": []}, "items": {}})",
        R"({"_shards": {"failed": null}, "hits": {"hits": [null, 5, {}, {"_id": null, "sort": null, "fields": []},
            {"_id": 5, "_index": null, "sort": ["x"], "fields": {"workload_id": [null], "client_id": "c"}}]},
            "aggregations": {"pairs": {"buckets": [null, 5, {"key": null, "doc_count": null},
            {"key": {"workload": 5, "client": null}, "doc_count": "x", "milliseconds": {"oldest": 5}}]}},
            "items": [null, 5, {"create": null}, {"create": {"status": "x", "error": 5}}],
            "docs": [null, {"_source": 5}]})"}) {
    const Asked asked = ask_everything(200, body);
    EXPECT_FALSE(asked.appended.ok()) << body;
    if (asked.workloads.ok()) EXPECT_TRUE(asked.workloads->empty()) << body;
    if (asked.page.ok()) EXPECT_TRUE(asked.page->records.empty()) << body;
  }
}

TEST(ElasticsearchAnswers, MappingsOfAnyFormAreReadOrRefused) {
  for (const char* mapping :
       {R"({"calls": null})", R"({"calls": {"mappings": null}})", R"({"calls": {"mappings": {"properties": []}}})",
        R"({"calls": {"mappings": {"properties": {"workload_id": null, "client_id": 5, "timestamp": []}}}})",
        R"({"calls": {"mappings": {"properties": {"workload_id": {"type": "text", "fields": {"k": {"type": null}}},
            "client_id": {"type": "keyword"}, "timestamp": {"type": "date", "format": null}}}}})"}) {
    FakeCluster cluster([](const auto&, const auto&) { return net::json_response(200, "{}"); });
    cluster.mapping = mapping;
    const auto workloads = cluster.open()->workloads();
    ASSERT_FALSE(workloads.ok()) << mapping;
    EXPECT_EQ(workloads.error().code, ErrorCode::kFailedPrecondition) << mapping;
  }
}

}  // namespace
}  // namespace fw::logstore
