#include "runs/erasure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::runs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ErasureTest : public testing::Test {
 protected:
  ErasureTest() {
    add("r1", "ada@example.com wants her order", R"({"choices":[]})");
    add("r2", "nothing", R"({"answer":"{\"mail\":\"ada@example.com\"}"})");
    add("r3", "nothing", R"({"answer":"a\u0064a@example.com"})");
    add("r4", "somebody else", R"({"choices":[]})", "other");
    add("r5", "number 4711222", R"({"n":4711223})");
  }
  void add(const std::string& id, const std::string& said, const std::string& response,
           const std::string& client = "shop") {
    const record::Interaction record{record::RecordId(id),
                                     record::WorkloadId("router"),
                                     record::ClientId(client),
                                     from_epoch_seconds(1000 + ++count_),
                                     R"({"messages":[{"role":"user","content":")" + said + R"("}]})",
                                     response};
    ASSERT_TRUE(store->append(std::span(&record, 1)).ok());
  }
  std::vector<std::string> found(const ErasureRequest& request) {
    const auto erasure = find_erasure(*store, {}, request, Deadline::never());
    EXPECT_TRUE(erasure.ok()) << erasure.error();
    std::vector<std::string> ids;
    for (const auto& id : erasure->records) ids.push_back(*id);
    return ids;
  }
  DatasetState dataset(const std::string& name, const std::string& file, const std::string& content) {
    const auto path = folder.path() / name / file;
    EXPECT_TRUE(io::create_folders(path.parent_path()).ok());
    EXPECT_TRUE(io::write_file_atomically(path, content).ok());
    return {.name = name, .uri = "file://" + (folder.path() / name).string(), .digest = {}, .num_records = 1};
  }

  io::TemporaryFolder folder;
  std::unique_ptr<logstore::LogStore> store = *logstore::open_rocksdb_log_store(folder.path() / "log");

 private:
  std::int64_t count_ = 0;
};

TEST_F(ErasureTest, AValueIsFoundHoweverTheTextSpellsIt) {
  EXPECT_THAT(found({.containing = "ada@example.com"}), ElementsAre("r1", "r2", "r3"));
  EXPECT_THAT(found({.containing = "4711222"}), ElementsAre("r5"));
  EXPECT_THAT(found({.containing = "4711223"}), ElementsAre("r5"));
  EXPECT_THAT(found({.containing = "nobody@example.com"}), ElementsAre());
}

TEST_F(ErasureTest, AllThatIsGivenMustFit) {
  EXPECT_THAT(found({.client = record::ClientId("other")}), ElementsAre("r4"));
  EXPECT_THAT(found({.records = {record::RecordId("r1"), record::RecordId("r4")}}), ElementsAre("r1", "r4"));
  EXPECT_THAT(found({.records = {record::RecordId("r1"), record::RecordId("r4")}, .client = record::ClientId("other")}),
              ElementsAre("r4"));
  EXPECT_THAT(found({.client = record::ClientId("other"), .containing = "ada@example.com"}), ElementsAre());
}

TEST_F(ErasureTest, WithoutSayingWhoseDataNothingGoes) {
  for (const ErasureRequest& request : {ErasureRequest{}, ErasureRequest{.workload = record::WorkloadId("router")},
                                        ErasureRequest{.containing = "ada"}}) {
    const auto erasure = find_erasure(*store, {}, request, Deadline::never());
    ASSERT_FALSE(erasure.ok());
    EXPECT_EQ(erasure.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(ErasureTest, WhatWasMadeOfThemIsNamed) {
  Job job{.id = JobId("j1"), .workload = record::WorkloadId("router"), .client = record::ClientId("shop")};
  job.datasets = {
      dataset("flywheel-train-router-1", "lineage.jsonl",
              "{\"file\":\"training/train_data.jsonl\",\"row\":0,\"record_id\":\"r1\"}\n"
              "{\"file\":\"training/train_data.jsonl\",\"row\":1,\"record_id\":\"r5\"}\n"
              "{\"file\":\"validation/val_data.jsonl\",\"row\":0,\"record_id\":\"r2\"}\n"),
      dataset("flywheel-eval-router-1", "eval_data.jsonl", "{\"record_id\":\"r3\"}\n{\"record_id\":\"r4\"}\n"),
      dataset("flywheel-icl-router-1", "eval_data.jsonl", "{\"record_id\":\"r3\"}\n")};
  job.candidates.push_back({.model_name = "small"});
  job.candidates.back().customizations.push_back({.customized_model = "small-tuned"});
  Job other{.id = JobId("j2"), .workload = record::WorkloadId("router"), .client = record::ClientId("shop")};
  other.datasets = {dataset("flywheel-eval-router-2", "eval_data.jsonl", "{\"record_id\":\"r4\"}\n")};
  const std::vector<Job> jobs{job, other};
  const auto erasure = find_erasure(*store, jobs, {.containing = "ada@example.com"}, Deadline::never());
  ASSERT_TRUE(erasure.ok()) << erasure.error();
  ASSERT_EQ(erasure->jobs.size(), 1U);
  const AffectedJob& found = erasure->jobs.front();
  EXPECT_EQ(*found.id, "j1");
  EXPECT_EQ(found.train, 1U);
  EXPECT_EQ(found.validation, 1U);
  EXPECT_EQ(found.evaluation, 1U);
  EXPECT_THAT(found.adapters, ElementsAre("small-tuned"));
}

TEST_F(ErasureTest, RowsAreFoundAgainAfterTheirRecordsWereErased) {
  Job job{.id = JobId("j1"), .workload = record::WorkloadId("router"), .client = record::ClientId("shop")};
  const std::string row = R"({"messages":[{"role":"user","content":"ada@example.com wants her order"}]})";
  job.datasets = {
      dataset("flywheel-train-router-1", "lineage.jsonl",
              "{\"file\":\"training/train_data.jsonl\",\"row\":1,\"record_id\":\"r1\"}\n"),
      dataset("flywheel-train-router-1", "training/train_data.jsonl", "{}\n" + row + "\n"),
      dataset("flywheel-eval-router-1", "eval_data.jsonl", R"({"record_id":"r9","request":)" + row + "}\n")};
  job.datasets.erase(job.datasets.begin());  // the first two are one folder
  const std::vector<Job> jobs{job};
  const auto first = find_erasure(*store, jobs, {.containing = "ada@example.com"}, Deadline::never());
  ASSERT_EQ(first->jobs.size(), 1U);
  EXPECT_EQ(first->jobs[0].train, 1U);
  ASSERT_TRUE(erase_records(*store, first->records, Deadline::never()).ok());
  for (const ErasureRequest& again :
       {ErasureRequest{.containing = "ada@example.com"},
        ErasureRequest{.client = record::ClientId("shop"), .containing = "ada@example.com"},
        ErasureRequest{.records = {record::RecordId("r1"), record::RecordId("r9")}}}) {
    const auto erasure = find_erasure(*store, jobs, again, Deadline::never());
    ASSERT_TRUE(erasure.ok()) << erasure.error();
    EXPECT_TRUE(erasure->records.empty());
    ASSERT_EQ(erasure->jobs.size(), 1U);
    EXPECT_EQ(erasure->jobs[0].train, 1U);
    EXPECT_EQ(erasure->jobs[0].evaluation, 1U);
  }
  const ErasureRequest elsewhere{.client = record::ClientId("other"), .containing = "ada@example.com"};
  EXPECT_TRUE(find_erasure(*store, jobs, elsewhere, Deadline::never())->jobs.empty());
}

TEST_F(ErasureTest, ThoseWhoseContentHasExpiredAreFoundByIdAndCountedWhereATextIsLookedFor) {
  auto expired = **store->find(record::RecordId("r1"));
  expired.request.clear();
  expired.response.clear();
  expired.outline.emplace();
  ASSERT_EQ(store->expire_contents(std::vector{expired}).value(), 1U);
  const auto by_text = find_erasure(*store, {}, {.containing = "ada@example.com"}, Deadline::never());
  ASSERT_TRUE(by_text.ok()) << by_text.error();
  EXPECT_EQ(by_text->records.size(), 2U);
  EXPECT_EQ(by_text->without_content, 1U);
  EXPECT_THAT(found({.records = {record::RecordId("r1")}}), ElementsAre("r1"));
  EXPECT_THAT(found({.client = record::ClientId("shop")}), testing::Contains("r1"));
  EXPECT_EQ(find_erasure(*store, {}, {.client = record::ClientId("shop")}, Deadline::never())->without_content, 0U);
}

TEST_F(ErasureTest, ErasedOnesAreGoneAndTheOthersStay) {
  const auto erasure = find_erasure(*store, {}, {.containing = "ada@example.com"}, Deadline::never());
  ASSERT_TRUE(erasure.ok());
  EXPECT_EQ(*erase_records(*store, erasure->records, Deadline::never()), 3U);
  EXPECT_EQ(*erase_records(*store, erasure->records, Deadline::never()), 0U);
  EXPECT_THAT(found({.containing = "ada@example.com"}), ElementsAre());
  EXPECT_THAT(found({.client = record::ClientId("shop")}), ElementsAre("r5"));
}

}  // namespace
}  // namespace fw::runs
