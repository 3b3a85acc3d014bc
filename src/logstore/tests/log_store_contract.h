#pragma once

#include <filesystem>
#include <functional>
#include <ostream>
#include <string>

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
};

}  // namespace fw::logstore
