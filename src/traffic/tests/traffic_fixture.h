#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::traffic {

/// A log store with records that a test makes up: workload `w` of client `c`, one a second.
class TrafficTest : public testing::Test {
 protected:
  static record::Interaction record(int number, const std::string& tool, const std::string& asked = "hello") {
    return {
        record::RecordId("r" + std::to_string(number)),
        record::WorkloadId("w"),
        record::ClientId("c"),
        from_epoch_seconds(1'700'000'000 + number),
        R"({"messages":[{"role":"user","content":")" + asked + R"("}]})",
        R"({"model":"big","usage":{"prompt_tokens":10,"completion_tokens":2},"choices":[{"message":{"tool_calls":[{"function":{"name":")" +
            tool + R"(","arguments":"{}"}}]}}]})"};
  }
  void append(const record::Interaction& one) { ASSERT_TRUE(log_->append(std::vector{one}).ok()); }

  io::TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<logstore::LogStore> log_ = logstore::open_rocksdb_log_store(folder_.path() / "log").value();
};

}  // namespace fw::traffic
