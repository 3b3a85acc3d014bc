#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "api/tests/api_fixture.h"
#include "capture/log_document.h"

namespace fw::api {
namespace {

TEST_F(ApiTest, TheLogStoreIsCountedByEnding) {
  const auto upload = send(
      net::Method::kPost, "/api/records",
      R"({"timestamp":1,"workload_id":"w","client_id":"c","flywheel":{"ending":"refused"},"request":{},"response":{}})");
  EXPECT_EQ(upload.status, 200) << upload.body;
  const Json counts = json_of(send(net::Method::kGet, "/api/log/stats"))["counts"];
  const auto row = [](const char* origin, const char* ending) {
    return Json{{"workload_id", "w"}, {"client_id", "c"}, {"origin", origin}, {"ending", ending}, {"records", 1}};
  };
  EXPECT_EQ(counts, (Json{row("file", "finished"), row("upload", "refused")}));
}

TEST_F(ApiTest, ABackupIsALogStoreWithWhatWasThere) {
  const auto made = send(net::Method::kPost, "/api/log/backups", "{}");
  ASSERT_EQ(made.status, 200) << made.body;
  const auto copy = logstore::open_rocksdb_log_store(json_of(made)["folder"].get<std::string>());
  ASSERT_TRUE(copy.ok()) << copy.error();
  EXPECT_TRUE((*copy)->find(record::RecordId("r"))->has_value());
}

/// The lines of an export, and what loading them elsewhere gives.
TEST_F(ApiTest, AnExportHasEachRecordOnALineTheOldestFirst) {
  record::Interaction pretty{record::RecordId("a"), record::WorkloadId("w"),  record::ClientId("c"),
                             from_epoch_seconds(9), "{\n \"messages\": [ ]}", R"({"n":1.50})"};
  pretty.provenance = {.origin = record::Origin::kGateway, .ending = record::Ending::kRefused, .tags = {{"k", "v"}}};
  const record::Interaction other{record::RecordId("b"),
                                  record::WorkloadId("v"),
                                  record::ClientId("c"),
                                  from_epoch_seconds(2),
                                  "{}",
                                  R"({"choices":[{"message":{"content":"Parcel"}}]})"};
  ASSERT_TRUE(log_->append(std::vector{pretty, other}).ok());
  const auto whole = send(net::Method::kGet, "/api/log/export");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.headers.find("Content-Type"), "application/x-ndjson");
  codec::JsonSlicer slicer;
  const auto line = [&](const record::Interaction& record) { return capture::to_log_line(record, slicer) + '\n'; };
  const record::Interaction first = **log_->find(record::RecordId("r"));
  EXPECT_EQ(whole.body, line(first) + line(other) + line(pretty));
  const auto lines_of = [&](const std::string& query) {
    return send(net::Method::kGet, "/api/log/export?" + query).body;
  };
  EXPECT_EQ(lines_of("workload_id=w&from=2"), line(pretty));
  EXPECT_EQ(lines_of("to=9&text=parcel"), line(other));
  EXPECT_EQ(lines_of("ending=refused&client_id=c"), line(pretty));
  EXPECT_EQ(lines_of("workload_id=nothing"), "");
  EXPECT_EQ(send(net::Method::kGet, "/api/log/export?from=yesterday").status, 422);
  EXPECT_EQ(send(net::Method::kGet, "/api/log/export?origin=x").status, 422);
}

TEST_F(ApiTest, AnExportOfManyPagesIsWhatWasThereWhenItBegan) {
  std::vector<record::Interaction> many;
  for (int i = 0; i < 1500; ++i) {
    many.push_back({record::RecordId("m" + std::to_string(i)), record::WorkloadId("many"), record::ClientId("c"),
                    from_epoch_seconds(1000 + i / 3), R"({"messages":[]})", "{}"});
    many.back().request.insert(1, "\"pad\":\"" + std::string(10'000, 'x') + "\",");
  }
  ASSERT_TRUE(log_->append(many).ok());
  const auto ask = [&](net::Client& client) -> Task<std::size_t> {
    const Deadline deadline = Deadline::after(std::chrono::seconds(20));
    auto stream = co_await client.open({.target = server_->url() + "/api/log/export?workload_id=many"}, deadline);
    EXPECT_TRUE(stream.ok());
    std::size_t lines = 0;
    for (bool is_first = true;; is_first = false) {
      const auto piece = co_await (*stream)->next(deadline);
      EXPECT_TRUE(piece.ok());
      if (!piece.ok() || !*piece) co_return lines;
      lines += static_cast<std::size_t>(std::ranges::count(**piece, '\n'));
      if (!is_first) continue;
      record::Interaction late = many.back();
      late.id = record::RecordId("late");
      EXPECT_TRUE(log_->append(std::span(&late, 1)).ok());
      EXPECT_EQ(log_->remove_records(std::vector{many[1400].id}).value(), 1U);
    }
  };
  auto lines = boost::asio::co_spawn(io_.get_executor(), ask(*client_), boost::asio::use_future);
  EXPECT_EQ(lines.get(), 1500U);
}

TEST_F(ApiTest, ACheckOfTheLogStoreEndsWithWhatItFound) {
  const auto checked = send(net::Method::kGet, "/api/log/verification");
  EXPECT_EQ(checked.status, 200);
  const auto last = checked.body.find_last_of('\n', checked.body.size() - 2);
  const Json found = Json::parse(checked.body.substr(last == std::string::npos ? 0 : last + 1));
  EXPECT_EQ(found["is_done"], true);
  EXPECT_EQ(found["records"], 1);
  EXPECT_EQ(found["workloads"], 1);
  EXPECT_EQ(found["faults"], Json::object());
}

TEST_F(ApiTest, TrafficIsListedAndOneInteractionIsShownByteForByte) {
  const std::string request = R"({"messages":[{"role":"user","content":"Hi <b>there</b>"}], "n": 1.50})";
  ASSERT_TRUE(log_->append(std::vector{record::Interaction{record::RecordId("a/b"), record::WorkloadId("w"),
                                                           record::ClientId("c"), from_epoch_seconds(9), request,
                                                           "not JSON \xff"}})
                  .ok());
  const auto list = json_of(send(net::Method::kGet, "/api/traffic?workload_id=w&limit=1"));
  EXPECT_EQ(list["interactions"][0]["id"], "a/b");
  EXPECT_EQ(list["interactions"][0]["asked"], "Hi <b>there</b>");
  const std::string cursor = list["next_cursor"];
  EXPECT_EQ(
      json_of(send(net::Method::kGet, "/api/traffic?workload_id=w&limit=1&cursor=" + cursor))["interactions"][0]["id"],
      "r");
  EXPECT_EQ(send(net::Method::kGet, "/api/traffic/a%2Fb/request").body, request);
  const auto one = json_of(send(net::Method::kGet, "/api/traffic/a%2Fb"));
  EXPECT_EQ(one["request"]["messages"][0]["role"], "user");
  EXPECT_THAT(one["response"].get<std::string>(), testing::StartsWith("not JSON"));
  EXPECT_EQ(one["provenance"]["ending"], "finished");
  EXPECT_EQ(send(net::Method::kGet, "/api/traffic/nothing").status, 404);
  EXPECT_EQ(send(net::Method::kGet, "/api/traffic?from=yesterday").status, 422);
  EXPECT_EQ(send(net::Method::kGet, "/api/traffic?ending=well").status, 422);
}

TEST_F(ApiTest, AnInteractionWhoseContentHasExpiredIsShownAsSuch) {
  record::Interaction one{record::RecordId("gone"), record::WorkloadId("w"), record::ClientId("c"),
                          from_epoch_seconds(9),    R"({"model":"big"})",    R"({"choices":[]})"};
  ASSERT_TRUE(log_->append(std::vector{one}).ok());
  one.outline.emplace().expired = from_epoch_seconds(1'790'000'000);
  one.outline->request_bytes = one.request.size();
  one.outline->response_bytes = one.response.size();
  one.outline->messages = 4;
  one.request.clear();
  one.response.clear();
  ASSERT_EQ(log_->expire_contents(std::vector{one}).value(), 1U);
  const auto found = json_of(send(net::Method::kGet, "/api/traffic?workload_id=w&limit=1"))["interactions"][0];
  EXPECT_EQ(found["id"], "gone");
  EXPECT_EQ(found["content_expired"], to_iso8601(from_epoch_seconds(1'790'000'000)));
  EXPECT_EQ(found["messages"], 4);
  EXPECT_EQ(found["bytes"], 29);
  const auto whole = json_of(send(net::Method::kGet, "/api/traffic/gone"));
  EXPECT_EQ(whole["request"], nullptr);
  EXPECT_EQ(whole["response"], nullptr);
  EXPECT_EQ(whole["content_expired"], found["content_expired"]);
  const auto bytes = send(net::Method::kGet, "/api/traffic/gone/request");
  EXPECT_EQ(bytes.status, 404);
  EXPECT_THAT(bytes.body, testing::HasSubstr("log_store.retention.content_days"));
  const auto document = json_of(send(net::Method::kGet, "/api/interactions?workload_id=w&limit=1"))["interactions"][0];
  EXPECT_EQ(document["request"], nullptr);
  EXPECT_EQ(document["flywheel"]["content_expired"], 1'790'000'000);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/traffic/r"))["content_expired"], nullptr);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/traffic/gone/lineage"))["jobs"], Json::array());
  const auto unknown = send(net::Method::kGet, "/api/traffic/nobody/lineage");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, testing::HasSubstr("no record nobody"));
}

TEST_F(ApiTest, WhatArrivesIsFollowedInItsOrderAndInPages) {
  const auto append = [this](const std::string& id, int seconds) {
    const record::Interaction one{record::RecordId(id),        record::WorkloadId("w"), record::ClientId("c"),
                                  from_epoch_seconds(seconds), R"({"messages":[]})",    "{}"};
    ASSERT_TRUE(log_->append(std::span(&one, 1)).ok());
  };
  const auto ask = [this](const std::string& words) {
    return json_of(send(net::Method::kGet, "/api/interactions?content=false" + words));
  };
  const auto ids = [](const Json& page) {
    std::vector<std::string> out;
    for (const auto& one : page["interactions"]) out.push_back(one["flywheel"]["id"]);
    return out;
  };
  const Json before = ask("&limit=1");
  append("late", 5000);
  append("early", 7);
  const Json first = ask("&limit=1&arrived_after=" + before["arrived"].get<std::string>());
  EXPECT_EQ(ids(first), std::vector<std::string>{"late"});
  EXPECT_EQ(first["has_more"], true);
  const Json second = ask("&arrived_after=" + first["arrived"].get<std::string>());
  EXPECT_EQ(ids(second), std::vector<std::string>{"early"});
  EXPECT_EQ(second["has_more"], false);
  EXPECT_EQ(second["missed"], 0);
  EXPECT_EQ(ask("&arrived_after=another.0")["missed"], nullptr);
  EXPECT_EQ(send(net::Method::kGet, "/api/interactions?arrived_after=x").status, 400);
}

TEST_F(ApiTest, StatisticsAddUpTheTraffic) {
  const auto known = json_of(send(net::Method::kGet, "/api/statistics"))["workloads"][0];
  EXPECT_EQ(known["workload_id"], "w");
  EXPECT_EQ(known["is_complete"], true);
  EXPECT_EQ(known["total"]["records"], 1);
  EXPECT_EQ(known["series"]["points"][0]["records"], 1);
}

TEST_F(ApiTest, ATimeThatNoRecordHasIsRefused) {
  for (const char* from : {"9223372035.1", "9999999999", "1e300", "nan", "-1"}) {
    EXPECT_EQ(send(net::Method::kGet, std::string("/api/interactions?from=") + from).status, 400) << from;
  }
  EXPECT_EQ(send(net::Method::kGet, "/api/interactions?from=9223372035").status, 200);
}

}  // namespace
}  // namespace fw::api
