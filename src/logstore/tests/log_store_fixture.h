#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::logstore {

inline record::Interaction interaction(std::string id, std::string workload, std::string client, std::int64_t seconds) {
  return {.id = record::RecordId(id),
          .workload = record::WorkloadId(std::move(workload)),
          .client = record::ClientId(std::move(client)),
          .timestamp = from_epoch_seconds(seconds),
          .request = R"({"messages": [ {"role":"user","content":")" + id + R"("}]})",
          .response = R"({"choices":[ ]})"};
}

/// What is left of a record whose content has expired.
inline record::Interaction outlined(record::Interaction record) {
  record::Outline outline;
  outline.expired = from_epoch_seconds(1'790'000'000);
  outline.request_bytes = record.request.size();
  outline.response_bytes = record.response.size();
  outline.messages = 3;
  outline.label = "get_order";
  outline.called = {"get_order", "refund"};
  outline.finish_reason = "tool_calls";
  outline.prompt_tokens = 12;
  outline.completion_tokens = 0;
  record.outline = outline;
  record.provenance.model_answered = "big-1";
  record.request.clear();
  record.response.clear();
  return record;
}

inline std::vector<std::string> ids_of(const std::vector<record::Interaction>& records) {
  std::vector<std::string> ids;
  for (const auto& record : records) ids.push_back(*record.id);
  return ids;
}

/// A store's folder as a process that is killed now would leave it: the store may be open, and writes its marks
/// whenever it likes, by way of files that come and go.
inline void copy_as_killed(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) {
    const auto copy = to / entry.path().lexically_relative(from);
    std::error_code error;
    if (entry.is_directory(error)) {
      std::filesystem::create_directories(copy);
    } else {
      std::filesystem::copy_file(entry.path(), copy, error);
      EXPECT_TRUE(!error || error == std::errc::no_such_file_or_directory) << entry.path() << ": " << error.message();
    }
  }
}

/// A store that can be closed and opened again.
class LogStoreFixture : public testing::Test {
 protected:
  virtual Result<std::unique_ptr<LogStore>> open() = 0;

  void reopen() {
    store_.reset();
    auto opened = open();
    ASSERT_TRUE(opened.ok()) << opened.error();
    store_ = std::move(opened).value();
  }

  void append(const std::vector<record::Interaction>& records) {
    const auto report = store_->append(records);
    ASSERT_TRUE(report.ok()) << report.error();
    EXPECT_EQ(report->appended, records.size());
  }

  /// All records of a scan in pages of `limit`.
  std::vector<record::Interaction> all(const Selection& selection, Order order, std::size_t limit = 1000) {
    std::vector<record::Interaction> records;
    std::optional<Cursor> after;
    do {
      auto page = store_->scan(selection, order, limit, after);
      EXPECT_TRUE(page.ok()) << page.error();
      if (!page.ok()) break;
      EXPECT_LE(page->records.size(), limit);
      for (auto& record : page->records) records.push_back(std::move(record));
      after = page->next;
    } while (after);
    return records;
  }

  io::TemporaryFolder folder_{"logstore"};
  std::unique_ptr<LogStore> store_;
};

/// The embedded store, in a folder of its own.
class LogStoreTest : public LogStoreFixture {
 protected:
  LogStoreTest() { reopen(); }
  Result<std::unique_ptr<LogStore>> open() final { return open_rocksdb_log_store(folder_.path() / "store"); }
};

}  // namespace fw::logstore
