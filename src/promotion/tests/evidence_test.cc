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

TEST_F(EvidenceTest, TheDatasetsAreReadAndNotOnlyQuoted) {
  std::filesystem::create_directories(path("set/training"));
  write("set/card.json", "{}");
  write("set/training/train_data.jsonl", "{}\n");
  // As the dataset store names them: path and content of each file, each after its length.
  const std::string digest = sha256_hex("9\ncard.json2\n{}25\ntraining/train_data.jsonl3\n{}\n");
  Json with_set = report();
  with_set["dataset"]["datasets"] = {{{"digest", digest}, {"uri", "file://" + path("set")}}};
  const auto candidate = candidate_of_report(with_set.dump(), "", "");
  ASSERT_TRUE(candidate.ok()) << candidate.error().message;
  EXPECT_EQ(present_digests(with_set.dump(), *candidate).value(), candidate->digests);
  write("set/training/train_data.jsonl", "[]\n");
  const auto changed = present_digests(with_set.dump(), *candidate);
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(names_of_changed(candidate->digests, *changed), "datasets");
  std::filesystem::remove_all(path("set"));
  EXPECT_EQ(present_digests(with_set.dump(), *candidate).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(EvidenceTest, FilesThatLieElsewhereNowAreReadThereAndTheReportStaysAsItWasWritten) {
  const std::string written = report().dump();
  const auto before = candidate_of_report(written, "", "");
  std::filesystem::rename(path("adapter.gguf"), path("moved.gguf"));
  EXPECT_FALSE(present_digests(written, *before).ok());
  Json now = report();
  now["candidates"][0]["customization"]["adapter"] = path("moved.gguf");
  EXPECT_EQ(candidate_of_report(now.dump(), "", "", written)->digests, before->digests);
  EXPECT_EQ(names_of_changed(before->digests, present_digests(now.dump(), *before, written).value()), "");
}

TEST_F(EvidenceTest, ALargeFileIsReadAgainWhenItChanges) {
  write("base.gguf", std::string(65 << 20, 'a'));
  const auto before = candidate_of_report(report().dump(), "", "");
  EXPECT_EQ(candidate_of_report(report().dump(), "", "")->digests, before->digests);
  const auto written = std::filesystem::last_write_time(path("base.gguf"));
  std::fstream(path("base.gguf"), std::ios::in | std::ios::out | std::ios::binary).write("b", 1);
  std::filesystem::last_write_time(path("base.gguf"), written);  // as somebody would who hides it
  EXPECT_EQ(names_of_changed(before->digests, candidate_of_report(report().dump(), "", "")->digests), "base");
}

TEST_F(EvidenceTest, AnUpstreamIsItsNameItsAddressAndWhatItIsAskedFor) {
  const AskedUpstream small{.name = "small", .url = "http://10.0.0.7/v1", .model = "tuned", .headers = {}};
  const auto digest_of = [](const AskedUpstream& upstream) {
    return digests_of_upstream(upstream, "s").at("upstream");
  };
  // As every version signed it.
  EXPECT_EQ(digest_of(small), sha256_hex(R"({"model":"tuned","name":"small","url":"http://10.0.0.7/v1"})"));
  AskedUpstream other = small;
  other.url = "http://10.0.0.8/v1";
  EXPECT_NE(digest_of(small), digest_of(other));
  other = small;
  other.model = "";
  EXPECT_NE(digest_of(small), digest_of(other));
  other = small;
  other.headers = {{"x", "y"}};
  EXPECT_EQ(digest_of(small), digest_of(other)) << "these have a digest of their own";
}

TEST(DigestOfUpstream, NamesTheHeadersThatChooseAModelAndNoSecret) {
  AskedUpstream upstream{.name = "small", .url = "http://10.0.0.7/v1", .model = "", .headers = {}};
  const auto digest_of = [](const AskedUpstream& one, const char* secret) {
    return digests_of_upstream(one, secret).at("headers");
  };
  const auto of_none = digest_of(upstream, "s");
  upstream.headers = {{"X-Model", "tuned"}, {"authorization", "Bearer ${KEY}"}};
  const auto digest = digest_of(upstream, "s");
  EXPECT_NE(digest, of_none);
  EXPECT_NE(digest, digest_of(upstream, "another service's")) << "a value is not tried out from it";
  AskedUpstream same = upstream;
  same.headers = {{"Authorization", "Bearer ${KEY}"}, {"x-model", "tuned"}};
  EXPECT_EQ(digest_of(same, "s"), digest) << "order and case of names mean nothing";
  same.headers[1].second = "another";
  EXPECT_NE(digest_of(same, "s"), digest);
  same.headers.pop_back();
  EXPECT_NE(digest_of(same, "s"), digest);
}

class ServedEvidenceTest : public EvidenceTest {
 protected:
  /// A report with the configuration that its job ran with.
  Json with_config(Json more = Json::object()) const {
    Json out = report();
    out["job"]["created_at"] = "2026-11-26T10:00:00";
    Json candidate{{"model_name", "small"},  {"path", path("base.gguf")}, {"keep_layers", {0, 1}},
                   {"context_length", 2048}, {"chat_template", ""},       {"enable_thinking", true}};
    candidate.update(more);
    out["config"] = {{"candidates", {candidate}}};
    return out;
  }
  static Result<Candidate> served(const Json& report, const std::string& variant = "") {
    return served_candidate_of_report(report.dump(), "", variant);
  }
};

TEST_F(ServedEvidenceTest, SaysHowTheRunServedItAndTheDigestsNameThat) {
  const auto candidate = served(with_config());
  ASSERT_TRUE(candidate.ok()) << candidate.error().message;
  EXPECT_EQ(candidate->served, (ServedModel{.base = path("base.gguf"),
                                            .adapter = path("adapter.gguf"),
                                            .keep_layers = {0, 1},
                                            .context_length = 2048,
                                            .chat_template = "",
                                            .enable_thinking = true,
                                            .has_tools = false,
                                            .date = "2026-11-26"}));
  EXPECT_TRUE(candidate->digests.contains("serving") && candidate->digests.contains("adapter"));
  const auto longer = served(with_config({{"context_length", 4096}}));
  EXPECT_NE(longer->digests.at("serving"), candidate->digests.at("serving"));
  const auto request = deployment_request(*candidate, 3);
  EXPECT_EQ(request.model.path, path("base.gguf"));
  EXPECT_EQ(request.adapter->gguf, path("adapter.gguf"));
  EXPECT_EQ(request.model.chat.date, "2026-11-26");
  EXPECT_EQ(request.parallelism, 3);
}

TEST_F(ServedEvidenceTest, ABaseAsItIsHasNoAdapter) {
  const auto candidate = served(with_config(), "base-eval");
  ASSERT_TRUE(candidate.ok()) << candidate.error().message;
  EXPECT_EQ(candidate->served->adapter, "");
  EXPECT_FALSE(deployment_request(*candidate, 1).adapter);
}

TEST_F(ServedEvidenceTest, AChatTemplateOfItsOwnIsAmongTheSignedBytes) {
  write("chat.jinja", "{{ messages }}");
  const auto with_template = with_config({{"chat_template", path("chat.jinja")}});
  EXPECT_EQ(served(with_template)->digests.at("template"), sha256_hex("{{ messages }}"));
  std::filesystem::remove(path("chat.jinja"));
  EXPECT_EQ(served(with_template).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(ServedEvidenceTest, ToolsInATrainingRowMakeTheTemplateSayTools) {
  std::filesystem::create_directories(path("set/training"));
  write("set/training/train_data.jsonl", "{\"messages\":[]}\n{\"messages\":[],\"tools\": [{\"type\":\"function\"}]}\n");
  auto rows = with_config();
  EXPECT_FALSE(served(rows)->served->has_tools);
  rows["dataset"]["datasets"][1]["uri"] = "file://" + path("set");
  EXPECT_TRUE(served(rows)->served->has_tools);
}

TEST_F(ServedEvidenceTest, WhatWasEvaluatedBehindAnEndpointIsNothingToServeHere) {
  EXPECT_THAT(served(with_config({{"path", ""}})).error().message, HasSubstr("--upstream"));
  EXPECT_EQ(served(report()).error().code, ErrorCode::kFailedPrecondition);
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
