#include "capture/bulk/impl/query_string.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/bulk/impl/query.h"

namespace fw::capture::elastic {
namespace {

using testing::HasSubstr;

const Query::Context kContext{"flywheel", from_epoch_seconds(1'760'000'000)};

record::Interaction record_of(const std::string& workload, const std::string& client, std::int64_t seconds = 1) {
  return {.id = record::RecordId("r"),
          .workload = record::WorkloadId(workload),
          .client = record::ClientId(client),
          .timestamp = from_epoch_seconds(seconds),
          .request = "{}",
          .response = "{}"};
}

/// Which of router/dev, router/shop, support/dev, support/shop the text finds, as digits.
std::string found_by(const std::string& text, const std::string& operation = "OR") {
  const Json clause{{"query", text}, {"default_operator", operation}};
  const auto query = Query::parse({{"query_string", clause}}, kContext);
  if (!query.ok()) return query.error().message;
  std::string found;
  int i = 0;
  for (const std::string workload : {"router", "support"}) {
    for (const std::string client : {"dev", "shop"}) {
      if (query->matches(record_of(workload, client), "flywheel")) found += std::to_string(i);
      ++i;
    }
  }
  return found;
}

TEST(QueryString, FindsTermsFieldsAndPhrases) {
  EXPECT_EQ(found_by("router"), "01");
  EXPECT_EQ(found_by("dev"), "02") << "a term without a field is looked for in both";
  EXPECT_EQ(found_by("workload_id:router"), "01");
  EXPECT_EQ(found_by("workload_id: \"router\""), "01");
  EXPECT_EQ(found_by("client_id:router"), "");
  EXPECT_EQ(found_by("workload_id:rout*"), "01");
  EXPECT_EQ(found_by("workload_id:rout\\*"), "") << "an escaped star is a star";
  EXPECT_EQ(found_by("*"), "0123");
  EXPECT_EQ(found_by("*:*"), "0123");
  EXPECT_EQ(found_by("workload_id:*"), "0123");
  EXPECT_EQ(found_by("_exists_:client_id"), "0123");
  EXPECT_EQ(found_by("nothing"), "");
  EXPECT_EQ(found_by("  "), "");
  EXPECT_EQ(found_by("router^2"), "01");
}

TEST(QueryString, JoinsAsLuceneDoes) {
  EXPECT_EQ(found_by("router dev"), "012");
  EXPECT_EQ(found_by("router dev", "AND"), "0");
  EXPECT_EQ(found_by("router AND dev"), "0");
  EXPECT_EQ(found_by("router && dev"), "0");
  EXPECT_EQ(found_by("router OR dev", "AND"), "012");
  EXPECT_EQ(found_by("router NOT dev"), "1");
  EXPECT_EQ(found_by("router -dev"), "1");
  EXPECT_EQ(found_by("NOT router"), "23");
  EXPECT_EQ(found_by("+router shop"), "01") << "shop is welcome, no more";
  EXPECT_EQ(found_by("(router AND dev) OR (support AND shop)"), "03");
  EXPECT_EQ(found_by("workload_id:(router OR support) AND client_id:shop"), "13");
  EXPECT_EQ(found_by("router OR support AND shop"), "3") << "AND makes both of its sides necessary, OR none";
}

TEST(QueryString, KnowsTimes) {
  const auto at = [](const std::string& text, std::int64_t seconds) {
    const auto query = Query::parse({{"query_string", {{"query", text}}}}, kContext);
    EXPECT_TRUE(query.ok()) << query.error().message;
    return query.ok() && query->matches(record_of("w", "c", seconds), "flywheel");
  };
  EXPECT_TRUE(at("timestamp:[100 TO 200]", 200));
  EXPECT_FALSE(at("timestamp:[100 TO 200}", 200));
  EXPECT_TRUE(at("timestamp:>=100", 100));
  EXPECT_FALSE(at("timestamp:>100", 100));
  EXPECT_TRUE(at("timestamp:[* TO 200]", 1));
  EXPECT_TRUE(at("timestamp:\"2025-10-09\"", 1'760'000'000)) << "a day is all of it";
}

TEST(QueryString, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(found_by("router~2"), HasSubstr("~"));
  EXPECT_THAT(found_by("/rou.er/"), HasSubstr("regular expressions"));
  EXPECT_THAT(found_by("rou?er"), HasSubstr("? is not known"));
  EXPECT_THAT(found_by("request.model:big"), HasSubstr("[request.model]"));
  for (const char* broken : {"(router", "router)", "\"router", "workload_id:", "router AND", "timestamp:[1 TO",
                             "[1 TO 2]", "timestamp:>=", "a\\", ":", "timestamp:[1]"}) {
    EXPECT_THAT(found_by(broken), HasSubstr("not understood")) << broken;
  }
  EXPECT_THAT(found_by(std::string(40, '(') + "a" + std::string(40, ')')), HasSubstr("nested"));
  std::string many;
  for (int i = 0; i < 1100; ++i) many += "a ";
  EXPECT_THAT(found_by(many), HasSubstr("1024"));
  const auto odd = query_of_text({{"query", "a"}, {"fuzziness", 2}});
  EXPECT_THAT(odd.error().message, HasSubstr("[fuzziness]"));
}

}  // namespace
}  // namespace fw::capture::elastic
