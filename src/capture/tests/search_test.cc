#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/bulk/impl/point_in_time.h"
#include "capture/bulk/impl/scrolls.h"
#include "capture/bulk/impl/search_request.h"

namespace fw::capture::elastic {
namespace {

using testing::HasSubstr;

const Query::Context kContext{"flywheel", from_epoch_seconds(1'760'000'000)};

record::Interaction record_of(const std::string& workload, std::int64_t seconds, const std::string& id = "r") {
  return {.id = record::RecordId(id),
          .workload = record::WorkloadId(workload),
          .client = record::ClientId("dev"),
          .timestamp = from_epoch_seconds(seconds),
          .request = R"({"model":"big","messages":[]})",
          .response = R"({"choices":[]})"};
}

Query query(const std::string& text) {
  const auto json = parse_object(text);
  auto parsed = Query::parse(*json, kContext);
  EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  return parsed.ok() ? *parsed : Query();
}

std::string refusal_of(const std::string& body) {
  const auto json = parse_object(body);
  if (!json.ok()) return json.error().message;
  const auto request = parse_search(Call{.index = "flywheel"}, *json, kContext);
  return request.ok() ? "" : request.error().message;
}

TEST(Query, OfTheBlueprintIsASelection) {
  const Query q = query(R"({"bool":{"must":[{"match":{"client_id":"dev"}},{"match":{"workload_id":"router"}}]}})");
  EXPECT_TRUE(q.is_selection());
  EXPECT_EQ(**q.selection().workload, "router");
  EXPECT_EQ(**q.selection().client, "dev");
  EXPECT_TRUE(q.matches(record_of("router", 1), "flywheel"));
  EXPECT_FALSE(q.matches(record_of("support", 1), "flywheel"));
}

TEST(Query, SaysWhatASelectionCannot) {
  for (const std::string text :
       {R"({"terms":{"workload_id":["a","b"]}})", R"({"bool":{"must_not":{"term":{"workload_id":"a"}}}})",
        R"({"bool":{"should":[{"term":{"workload_id":"a"}}]}})", R"({"match_none":{}})",
        R"({"bool":{"filter":[{"term":{"workload_id":"a"}},{"term":{"workload_id":"b"}}]}})"}) {
    EXPECT_FALSE(query(text).is_selection()) << text;
  }
}

TEST(Query, RangesAreInclusiveAsTheySay) {
  const Query q = query(R"({"range":{"timestamp":{"gt":100,"lte":200}}})");
  EXPECT_FALSE(q.matches(record_of("w", 100), "flywheel"));
  EXPECT_TRUE(q.matches(record_of("w", 101), "flywheel"));
  EXPECT_TRUE(q.matches(record_of("w", 200), "flywheel"));
  EXPECT_FALSE(q.matches(record_of("w", 201), "flywheel"));
}

TEST(Query, TimesAreNumbersTextsAndMath) {
  const auto time = [](const std::string& text, const std::string& format = "") {
    const auto parsed = parse_time(Json::parse(text), format, kContext.now);
    return parsed.ok() ? to_epoch_seconds(*parsed) : -1;
  };
  EXPECT_EQ(time("1760000000"), 1'760'000'000);
  EXPECT_EQ(time("1760000000000"), 1'760'000'000);
  EXPECT_EQ(time("5000", "epoch_millis"), 5);
  EXPECT_EQ(time("\"2025-10-09T08:53:20Z\""), 1'760'000'000);
  EXPECT_EQ(time("\"now-1h\""), 1'760'000'000 - 3600);
  EXPECT_EQ(time("\"now/d\""), 1'759'968'000);
  EXPECT_EQ(time("\"2024-01-31||+1M\""), 1'709'164'800);  // the last of February
  EXPECT_EQ(time("\"now-900000y\""), 0);                  // the first moment there is
  for (const char* wrong : {"\"later\"", "true", "\"now+\"", "\"now-5\"", "\"now^1d\"", "-1"})
    EXPECT_EQ(time(wrong), -1) << wrong;
}

TEST(Search, NamesThePartThatIsNotKnown) {
  EXPECT_THAT(refusal_of(R"({"query":{"fuzzy":{"workload_id":"x"}}})"), HasSubstr("unknown query [fuzzy]"));
  EXPECT_THAT(refusal_of(R"({"highlight":{}})"), HasSubstr("[highlight]"));
  EXPECT_THAT(refusal_of(R"({"query":{"term":{"request.model":"x"}}})"), HasSubstr("[request.model]"));
  EXPECT_THAT(refusal_of(R"({"sort":["price"]})"), HasSubstr("[price]"));
  EXPECT_THAT(refusal_of(R"({"from":9999,"size":2})"), HasSubstr("Result window"));
  EXPECT_THAT(refusal_of(R"({"aggs":{"x":{"avg":{"field":"timestamp"}}}})"), HasSubstr("[avg]"));
  EXPECT_THAT(refusal_of(R"({"search_after":[1]})"), HasSubstr("search_after"));
  EXPECT_EQ(refusal_of(R"({"query":{"match_all":{}},"sort":[{"timestamp":"desc"}],"search_after":[1]})"), "");
}

TEST(Search, NestingIsBounded) {
  std::string deep = R"({"match_all":{}})";
  for (int i = 0; i < 20; ++i) deep = R"({"bool":{"must":)" + deep + "}}";
  EXPECT_THAT(refusal_of(R"({"query":)" + deep + "}"), HasSubstr("too deeply"));
}

TEST(SourceFilter, SaysWhereTheContentHasExpired) {
  record::Interaction record = record_of("w", 7);
  record.request.clear();
  record.response.clear();
  record.outline.emplace().expired = from_epoch_seconds(1'790'000'000);
  std::string all;
  SourceFilter().append(record, all);
  EXPECT_EQ(all, R"({"timestamp":7,"workload_id":"w","client_id":"dev","request":null,"response":null,)"
                 R"("flywheel":{"content_expired":1790000000}})");
  std::string some;
  SourceFilter::parse(Json::parse(R"(["request.b","client_id"])"))->append(record, some);
  EXPECT_THAT(some, HasSubstr(R"("client_id":"dev")"));
}

TEST(SourceFilter, KeepsBytesUnlessItReachesIntoThem) {
  auto record = record_of("router", 5);
  record.request = R"({"b" : 1, "a":  2})";
  std::string all;
  SourceFilter().append(record, all);
  EXPECT_THAT(all, HasSubstr(R"("request":{"b" : 1, "a":  2})"));
  std::string some;
  SourceFilter::parse(Json::parse(R"(["request.b","client_id"])"))->append(record, some);
  EXPECT_EQ(some, R"({"client_id":"dev","request":{"b":1}})");
  std::string less;
  SourceFilter::parse(Json::parse(R"({"excludes":["re*"]})"))->append(record, less);
  EXPECT_EQ(less, R"({"timestamp":5,"workload_id":"router","client_id":"dev"})");
}

TEST(FilterPath, KeepsAndTakesAway) {
  const Json answer = Json::parse(
      R"({"took":1,"items":[{"index":{"_id":"a","status":201}},{"create":{"status":400,"error":{"type":"t"}}}]})");
  EXPECT_EQ(filtered(answer, "items.*.status,items.*.error.type"),
            Json::parse(R"({"items":[{"index":{"status":201}},{"create":{"status":400,"error":{"type":"t"}}}]})"));
  EXPECT_EQ(filtered(answer, "-items"), Json::parse(R"({"took":1})"));
  EXPECT_EQ(filtered(answer, "**.type"), Json::parse(R"({"items":[{"create":{"error":{"type":"t"}}}]})"));
  EXPECT_EQ(filtered(answer, "nothing"), Json::object());
}

TEST(Aggregations, CountByWorkloadAndTime) {
  auto aggregations = Aggregations::parse(
      Json::parse(
          R"({"w":{"terms":{"field":"workload_id","size":1},"aggs":{"t":{"date_histogram":{"field":"timestamp","fixed_interval":"10s"}}}}})"),
      "flywheel");
  ASSERT_TRUE(aggregations.ok());
  for (const std::int64_t second : {0, 1, 35}) aggregations->add(record_of("router", second));
  aggregations->add(record_of("support", 1));
  const Json json = *aggregations->to_json();
  EXPECT_EQ(json["w"]["sum_other_doc_count"], 1);
  const Json& bucket = json["w"]["buckets"][0];
  EXPECT_EQ(bucket["key"], "router");
  std::vector<int> counts;
  for (const Json& b : bucket["t"]["buckets"]) counts.push_back(b["doc_count"]);
  EXPECT_THAT(counts, testing::ElementsAre(2, 0, 0, 1));
  EXPECT_EQ(bucket["t"]["buckets"][3]["key"], 30'000);
}

TEST(Aggregations, EmptyBucketsAreBounded) {
  auto aggregations = Aggregations::parse(
      Json::parse(R"({"t":{"date_histogram":{"field":"timestamp","fixed_interval":"1ms"}}})"), "flywheel");
  aggregations->add(record_of("router", 0));
  aggregations->add(record_of("router", 9'000'000'000));
  EXPECT_LE((*aggregations->to_json())["t"]["buckets"].size(), Aggregations::kMaxBuckets + 2);
}

TEST(Aggregations, EmptyBucketsGoAsFarAsTheirBounds) {
  auto aggregations =
      Aggregations::parse(Json::parse(R"({"t":{"date_histogram":{"field":"timestamp","format":"epoch_millis",
      "fixed_interval":"10s","extended_bounds":{"min":0,"max":45000},"time_zone":"UTC"}}})"),
                          "flywheel");
  ASSERT_TRUE(aggregations.ok()) << aggregations.error().message;
  aggregations->add(record_of("router", 25));
  const Json json = *aggregations->to_json();
  std::vector<int> counts;
  for (const Json& bucket : json["t"]["buckets"]) counts.push_back(bucket["doc_count"]);
  EXPECT_THAT(counts, testing::ElementsAre(0, 0, 1, 0, 0));
  EXPECT_EQ(json["t"]["buckets"][4]["key_as_string"], "40000");
}

TEST(Aggregations, NameWhatWouldChangeTheAnswer) {
  const auto refused = [](const std::string& aggs) {
    const auto parsed = Aggregations::parse(Json::parse(aggs), "flywheel");
    return parsed.ok() ? "" : parsed.error().message;
  };
  EXPECT_THAT(refused(R"({"t":{"date_histogram":{"field":"timestamp","fixed_interval":"1d","keyed":true}}})"),
              HasSubstr("[keyed]"));
  EXPECT_THAT(refused(R"({"t":{"date_histogram":{"field":"timestamp","fixed_interval":"1d","time_zone":"+02:00"}}})"),
              HasSubstr("[time_zone]"));
  EXPECT_THAT(refused(R"({"t":{"date_histogram":{"field":"timestamp","fixed_interval":"1d","format":"yyyy"}}})"),
              HasSubstr("[yyyy]"));
  EXPECT_THAT(refused(R"({"w":{"terms":{"field":"workload_id","min_doc_count":0}}})"), HasSubstr("[min_doc_count]"));
  EXPECT_EQ(refused(R"({"w":{"terms":{"field":"workload_id","order":[{"_count":"desc"},{"_key":"asc"}]}}})"), "");
}

TEST(SourceFilter, PathsBeyondTheirNumberAreRefused) {
  Json paths = Json::array();
  for (int i = 0; i < 65; ++i) paths.push_back("request.p" + std::to_string(i));
  EXPECT_FALSE(SourceFilter::parse(paths).ok());
  paths.erase(0);
  EXPECT_TRUE(SourceFilter::parse(paths).ok());
}

TEST(Scrolls, KeepTheirIdAndEndInTime) {
  ManualClock clock;
  Scrolls scrolls(clock);
  const std::string id = *scrolls.open({.index = "a", .body = "{}"}, std::chrono::minutes(2));
  Scroll state = *scrolls.find(id);
  EXPECT_FALSE(state.cursor.has_value());
  state.cursor = "further";
  clock.advance(std::chrono::seconds(119));
  scrolls.go_on(id, state, std::chrono::minutes(2));
  clock.advance(std::chrono::seconds(119));
  EXPECT_EQ(scrolls.find(id)->cursor, "further");
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(scrolls.find(id).ok());
}

TEST(Scrolls, AreBounded) {
  ManualClock clock;
  Scrolls scrolls(clock);
  std::string last;
  for (std::size_t i = 0; i < Scrolls::kMost; ++i) last = *scrolls.open({.body = "{}"}, std::chrono::minutes(1));
  EXPECT_EQ(scrolls.open({.body = "{}"}, std::chrono::minutes(1)).error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(scrolls.close(last));
  EXPECT_FALSE(scrolls.close(last));
  EXPECT_TRUE(scrolls.open({.body = "{}"}, std::chrono::minutes(1)).ok());
  EXPECT_FALSE(scrolls.open({.body = std::string(Scrolls::kMostBytes, ' ')}, std::chrono::minutes(1)).ok());
}

TEST(PointInTime, ComesBackAndOthersAreRefused) {
  const std::string id = make_point_in_time("a*,b");
  EXPECT_EQ(*index_of_point_in_time(id), "a*,b");
  std::string changed = id;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(index_of_point_in_time(changed).ok());
  EXPECT_FALSE(index_of_point_in_time("").ok());
}

}  // namespace
}  // namespace fw::capture::elastic
