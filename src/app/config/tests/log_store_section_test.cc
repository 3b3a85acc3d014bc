#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"

namespace fw::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string environment(const std::string& name) {
  if (name == "ES_KEY") return "c2VjcmV0LWtleS1mb3ItdGVzdHM=";
  if (name == "ES_PASSWORD") return "open sesame";
  return "";
}

Result<Config> parse(const std::string& section, const Environment& variables = environment) {
  return parse_config("nims: []\ngateway: {upstreams: [{name: a, url: 'http://127.0.0.1:1'}]}\n" + section, "c.yaml",
                      "/etc/flywheel", variables);
}

TEST(LogStoreSection, WithoutOneTrafficLiesOnThisMachine) {
  const auto config = parse("");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_FALSE(config->log_store.elasticsearch);
}

TEST(LogStoreSection, NamesAClusterItsIndexAndWhoAsks) {
  const auto config = parse(
      "log_store:\n  elasticsearch:\n    url: [https://a:9200, https://b:9200]\n    index: traffic\n"
      "    api_key_env: ES_KEY\n    certificate_authorities: ca.pem\n");
  ASSERT_TRUE(config.ok()) << config.error();
  const auto& cluster = *config->log_store.elasticsearch;
  EXPECT_THAT(cluster.urls, ElementsAre("https://a:9200", "https://b:9200"));
  EXPECT_EQ(cluster.index, "traffic");
  EXPECT_EQ(cluster.authorization, "ApiKey c2VjcmV0LWtleS1mb3ItdGVzdHM=");
  EXPECT_EQ(cluster.tls.certificate_authorities, "/etc/flywheel/ca.pem");
}

TEST(LogStoreSection, ANameAndAPasswordAreBasic) {
  const auto config =
      parse("log_store: {elasticsearch: {url: 'http://a:9200', username: elastic, password_env: ES_PASSWORD}}\n");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_EQ(config->log_store.elasticsearch->authorization, "Basic ZWxhc3RpYzpvcGVuIHNlc2FtZQ==");
}

TEST(LogStoreSection, TheBlueprintsVariablesNameOneTooAndTheFileWins) {
  const auto variables = [](const std::string& name) -> std::string {
    return name == "ELASTICSEARCH_URL" ? "http://es:9200" : name == "ES_COLLECTION_NAME" ? "calls" : "";
  };
  const auto from_variables = parse("", variables);
  ASSERT_TRUE(from_variables.ok()) << from_variables.error();
  EXPECT_THAT(from_variables->log_store.elasticsearch->urls, ElementsAre("http://es:9200"));
  EXPECT_EQ(from_variables->log_store.elasticsearch->index, "calls");
  EXPECT_THAT(from_variables->warnings, Contains(HasSubstr("ELASTICSEARCH_URL")));
  const auto from_file = parse("log_store: {elasticsearch: {url: 'http://own:9200'}}\n", variables);
  EXPECT_THAT(from_file->log_store.elasticsearch->urls, ElementsAre("http://own:9200"));
}

TEST(LogStoreSection, SaysHowLongRecordsStay) {
  EXPECT_FALSE(parse("log_store: {max_journal_bytes: 1048576}")->log_store.retention.is_on());
  const auto config = parse("log_store: {retention: {days: 90, workloads: {router: 30, writer: 0}}}");
  ASSERT_TRUE(config.ok()) << config.error();
  const auto& retention = config->log_store.retention;
  EXPECT_EQ(retention.days_of(record::WorkloadId("router")), 30);
  EXPECT_EQ(retention.days_of(record::WorkloadId("writer")), 0);
  EXPECT_EQ(retention.days_of(record::WorkloadId("other")), 90);
  EXPECT_FALSE(parse("log_store: {retention: {days: -1}}").ok());
}

TEST(LogStoreSection, SaysHowMuchOfAWorkloadStays) {
  const auto config = parse("log_store: {retention: {max_bytes: 20000000000, workload_max_bytes: {router: 5000000}}}");
  ASSERT_TRUE(config.ok()) << config.error();
  const auto& retention = config->log_store.retention;
  EXPECT_TRUE(retention.is_on());
  EXPECT_EQ(retention.max_bytes_of(record::WorkloadId("router")), 5'000'000U);
  EXPECT_EQ(retention.max_bytes_of(record::WorkloadId("other")), 20'000'000'000U);
  const auto small = parse("log_store: {retention: {workload_max_bytes: {router: 50}}}");
  ASSERT_FALSE(small.ok());
  EXPECT_THAT(small.error().message, HasSubstr("log_store.retention.workload_max_bytes.router"));
}

TEST(LogStoreSection, AWorkloadThatIsKeptForEverAndTooLargeIsWarnedOf) {
  const auto warned = parse("log_store: {retention: {max_bytes: 20000000, workloads: {router: 0, writer: 30}}}");
  ASSERT_TRUE(warned.ok()) << warned.error();
  EXPECT_THAT(warned->warnings, Contains(AllOf(HasSubstr("\"router\" is kept for ever"), HasSubstr("max_bytes"))));
  EXPECT_THAT(warned->warnings, Not(Contains(HasSubstr("writer"))));
  const auto meant =
      parse("log_store: {retention: {max_bytes: 20000000, workloads: {router: 0}, workload_max_bytes: {router: 0}}}");
  ASSERT_TRUE(meant.ok()) << meant.error();
  EXPECT_THAT(meant->warnings, Not(Contains(HasSubstr("max_bytes"))));
}

TEST(LogStoreSection, SaysHowLongContentsStay) {
  const auto config =
      parse("log_store: {retention: {days: 90, content_days: 30, workload_content_days: {router: 7.5, writer: 0}}}");
  ASSERT_TRUE(config.ok()) << config.error();
  const auto& retention = config->log_store.retention;
  EXPECT_EQ(retention.content_days_of(record::WorkloadId("router")), 7.5);
  EXPECT_EQ(retention.content_days_of(record::WorkloadId("writer")), 0);
  EXPECT_EQ(retention.content_days_of(record::WorkloadId("other")), 30);
  EXPECT_THAT(config->warnings, Not(Contains(HasSubstr("content_days"))));
  EXPECT_TRUE(parse("log_store: {retention: {content_days: 30}}")->log_store.retention.is_on());
  EXPECT_FALSE(parse("log_store: {retention: {content_days: -1}}").ok());
  EXPECT_FALSE(parse("log_store: {retention: {workload_content_days: {router: soon}}}").ok());
}

TEST(LogStoreSection, ContentsThatWouldOutliveTheirRecordsAreWarnedOf) {
  const auto warned =
      parse("log_store: {retention: {days: 30, content_days: 30, workload_content_days: {router: 40}}}");
  ASSERT_TRUE(warned.ok()) << warned.error();
  EXPECT_THAT(warned->warnings, Contains(AllOf(HasSubstr("content_days"), HasSubstr("has no effect:"))));
  EXPECT_THAT(warned->warnings, Contains(AllOf(HasSubstr("workload_content_days"), HasSubstr("\"router\""))));
}

TEST(LogStoreSection, WhatCannotWorkIsNamed) {
  const auto error = [](const std::string& keys) {
    const auto config = parse("log_store: {elasticsearch: {" + keys + "}}\n");
    return config.ok() ? "" : config.error().message;
  };
  EXPECT_THAT(error("index: x"), HasSubstr("log_store.elasticsearch.url"));
  EXPECT_THAT(error("url: 'es:9200'"), HasSubstr("log_store.elasticsearch.url"));
  EXPECT_THAT(error("url: 'http://a', index: a/b"), HasSubstr("no name of an index"));
  EXPECT_THAT(error("url: 'http://a', username: me"), HasSubstr("go together"));
  EXPECT_THAT(error("url: 'http://a', urls: x"), HasSubstr("unknown key"));
}

}  // namespace
}  // namespace fw::app
