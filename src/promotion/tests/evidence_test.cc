#include "promotion/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "io/file.h"

namespace fw::promotion {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class EvidenceTest : public testing::Test {
 protected:
  EvidenceTest() {
    write("base.gguf", "weights");
    write("adapter.gguf", "adapter");
  }
  std::string path(const char* name) const { return (folder_.path() / name).string(); }
  void write(const char* name, const std::string& bytes) const { std::ofstream(path(name), std::ios::binary) << bytes; }
  Json report() const {
    const Json evaluations = {{{"variant", "base-eval"}}, {{"variant", "customized-eval"}}};
    return {{"job", {{"id", "j1"}, {"workload_id", "router"}, {"client_id", "demo"}, {"status", "completed"}}},
            {"candidates",
             {{{"model_name", "small"},
               {"source", path("base.gguf")},
               {"evaluations", evaluations},
               {"customization", {{"adapter", path("adapter.gguf")}}}}}},
            {"ranking", {{"entries", {{{"model_name", "small"}, {"variant", "customized-eval"}}}}}},
            {"dataset", {{"datasets", {{{"digest", "d1"}}, {{"digest", "d2"}}}}}}};
  }

  io::TemporaryFolder folder_{"evidence"};
};

TEST_F(EvidenceTest, TheBestOfTheRankingWithTheDigestsOfAllItsBytes) {
  const std::string bytes = report().dump();
  const auto candidate = candidate_of_report(bytes, "", "");
  ASSERT_TRUE(candidate.ok()) << candidate.error().message;
  EXPECT_EQ(candidate->workload, "router");
  EXPECT_EQ(candidate->model, "small");
  EXPECT_EQ(candidate->variant, "customized-eval");
  EXPECT_EQ(candidate->digests, (Digests{{"report", sha256_hex(bytes)},
                                         {"datasets", sha256_hex("d1\nd2\n")},
                                         {"base", sha256_hex("weights")},
                                         {"adapter", sha256_hex("adapter")}}));
}

TEST_F(EvidenceTest, AModelAsItIsHasNoAdapter) {
  const auto candidate = candidate_of_report(report().dump(), "small", "base-eval");
  ASSERT_TRUE(candidate.ok());
  EXPECT_FALSE(candidate->digests.contains("adapter"));
}

TEST_F(EvidenceTest, AnyChangedByteOfAFileIsAnotherDigest) {
  const auto before = candidate_of_report(report().dump(), "", "");
  write("adapter.gguf", "adapteR");
  const auto after = candidate_of_report(report().dump(), "", "");
  EXPECT_NE(digest_of(before->digests), digest_of(after->digests));
}

TEST_F(EvidenceTest, WhatTheGatewayWouldAskOtherwiseIsNotPromoted) {
  Json asked = report();
  asked["candidates"][0]["evaluations"] = {{{"variant", "icl-eval"}}, {{"variant", "customized-short-eval"}}};
  EXPECT_THAT(candidate_of_report(asked.dump(), "small", "icl-eval").error().message, HasSubstr("examples"));
  const auto prompted = candidate_of_report(asked.dump(), "small", "customized-short-eval");
  EXPECT_THAT(prompted.error().message, HasSubstr("the system prompt \"short\""));
  EXPECT_EQ(prompted.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(EvidenceTest, WhatCannotBePromotedIsNamed) {
  EXPECT_THAT(candidate_of_report(report().dump(), "large", "").error().message, HasSubstr("it has small base-eval"));
  Json failed = report();
  failed["job"]["status"] = "failed";
  EXPECT_EQ(candidate_of_report(failed.dump(), "", "").error().code, ErrorCode::kFailedPrecondition);
  std::filesystem::remove(path("adapter.gguf"));
  EXPECT_THAT(candidate_of_report(report().dump(), "", "").error().message, HasSubstr("adapter.gguf"));
  EXPECT_EQ(candidate_of_report("{}", "", "").error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(candidate_of_report("nonsense", "", "").error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace fw::promotion
