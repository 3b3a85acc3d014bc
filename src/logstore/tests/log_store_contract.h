#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <utility>

#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {

/// A form of LogStore, for the tests that every form passes (log_store_contract.cc).
struct StoreForm {
  std::string name;
  std::string skipped;      ///< why it cannot be tried here
  bool tells_known = true;  ///< append() knows everything that is stored
  std::function<Result<std::unique_ptr<LogStore>>(const std::filesystem::path& folder)> open;
  std::function<void()> clean;  ///< after each test

  friend std::ostream& operator<<(std::ostream& out, const StoreForm& form) { return out << form.name; }
};

class LogStoreContract : public LogStoreFixture, public testing::WithParamInterface<StoreForm> {
 protected:
  void SetUp() override {
    if (!GetParam().skipped.empty()) GTEST_SKIP() << GetParam().skipped;
    reopen();
  }
  void TearDown() override {
    store_.reset();
    if (GetParam().clean && GetParam().skipped.empty()) GetParam().clean();
  }
  Result<std::unique_ptr<LogStore>> open() override { return GetParam().open(folder_.path() / "store"); }

  /// The list of workloads says of each pair what its records say.
  void expect_the_list_is_true() {
    std::map<std::pair<std::string, std::string>, std::vector<Timestamp>> times;
    for (const auto& record : all({}, Order::kOldestFirst))
      times[{*record.workload, *record.client}].push_back(record.timestamp);
    const auto list = store_->workloads();
    ASSERT_TRUE(list.ok()) << list.error();
    EXPECT_EQ(list->size(), times.size());
    for (const auto& summary : *list) {
      const auto& of_pair = times[{*summary.workload, *summary.client}];
      ASSERT_FALSE(of_pair.empty()) << *summary.workload << ' ' << *summary.client;
      EXPECT_EQ(summary.records, of_pair.size());
      EXPECT_EQ(summary.oldest, of_pair.front());
      EXPECT_EQ(summary.newest, of_pair.back());
    }
  }
};

}  // namespace fw::logstore
