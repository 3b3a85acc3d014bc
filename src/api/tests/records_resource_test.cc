#include <atomic>
#include <boost/asio/post.hpp>
#include <future>

#include "api/records.h"
#include "api/tests/api_fixture.h"

namespace fw::api {
namespace {

using testing::HasSubstr;

TEST_F(ApiTest, ALineThatIsNoUtf8IsKeptExactly) {
  (void)send(net::Method::kPost, "/api/records?source=a.jsonl", "\x80 nonsense\n");
  const Json kept = json_of(send(net::Method::kGet, "/api/quarantine"));
  ASSERT_EQ(kept["lines"].size(), 1U);
  EXPECT_EQ(kept["lines"][0]["base64"], "gCBub25zZW5zZQ==");
}

TEST_F(ApiTest, LoadsGoodLinesAndKeepsBadOnesAside) {
  const std::string good =
      R"({"timestamp":1700000000,"workload_id":"w","client_id":"c","request":{"messages":[]},"response":{}})";
  const std::string body = good + "\nnot json\n" + good + "\n";
  Json report = json_of(send(net::Method::kPost, "/api/records?source=a.jsonl", body));
  EXPECT_EQ(report["lines"], 3);
  EXPECT_EQ(report["appended"], 2);
  EXPECT_EQ(report["bad"], 1);
  report = json_of(send(net::Method::kPost, "/api/records?source=a.jsonl", body));
  EXPECT_EQ(report["appended"], 0);
  EXPECT_EQ(report["duplicates"], 2);
  const Json kept = json_of(send(net::Method::kGet, "/api/quarantine"));
  EXPECT_EQ(kept["lines"].size(), 1U);
  EXPECT_EQ(kept["lines"][0]["source"], "a.jsonl");
  EXPECT_EQ(kept["lines"][0]["line"], 2);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/workloads"))["workloads"][0]["records"], 3);
}

TEST_F(ApiTest, BytesThatAreDamagedAreTheSendersMistakeAndTheReportSaysWhatIsLoaded) {
  const std::string good =
      R"({"timestamp":1700000000,"workload_id":"w","client_id":"c","request":{"messages":[]},"response":{}})";
  const auto cut = send(net::Method::kPost, "/api/records", good + "\n" + good.substr(0, 40));
  EXPECT_EQ(cut.status, 400) << cut.body;
  const Json report = json_of(cut);
  EXPECT_EQ(report["appended"], 1);
  EXPECT_THAT(report["detail"].get<std::string>(), HasSubstr("line 2 is cut off"));
  EXPECT_EQ(report["detail"], report["error"]);

  const std::string no_gzip = std::string("\x1f\x8b\x08\x00", 4) + std::string(40, 'x');
  const auto damaged = send(net::Method::kPost, "/api/records", no_gzip);
  EXPECT_EQ(damaged.status, 400) << damaged.body;
  EXPECT_THAT(damaged.body, HasSubstr("gzip data is damaged"));
}

TEST_F(ApiTest, IdsThatAreNoTextAreRefusedWhereverTheyComeIn) {
  for (const char* query : {"workload_id=%ff", "client_id=%00", "workload_id=", "client_id=a%0ab"}) {
    EXPECT_EQ(send(net::Method::kPost, std::string("/api/records?") + query, "{}").status, 400) << query;
  }
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/workloads"))["workloads"].size(), 1U) << "only the fixture's own";
}

TEST_F(ApiTest, AnUploadForWhichTheDiskHasNoRoomIsBrokenOffAndLeavesNothing) {
  const std::string body = "{\"request\":\"" + std::string(9 << 20, 'x') + "\"}";
  const std::string cause = "255 MiB free, and 256 MiB are kept for the stores; make room";
  for (const bool is_full_from_the_beginning : {true, false}) {
    {
      const std::lock_guard lock(mutex_);
      free_ = {256ULL << 20, (256ULL << 20) - 1};
      if (is_full_from_the_beginning) free_.pop_front();
    }
    const auto refused = send(net::Method::kPost, "/api/records", body);
    EXPECT_EQ(refused.status, 507) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr(cause));
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "uploads"));
  }
  EXPECT_EQ(send(net::Method::kPost, "/api/records", "{}").status, 507);
  {
    const std::lock_guard lock(mutex_);
    free_ = {256ULL << 20};
  }
  EXPECT_EQ(send(net::Method::kPost, "/api/records", "{}").status, 200);
}

TEST_F(ApiTest, ReadinessSaysThatSpaceRunsOutBeforeAnythingIsRefused) {
  const auto leave = [this](std::uint64_t mib) {
    const std::lock_guard lock(mutex_);
    free_ = {mib << 20};
  };
  leave(512);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/readyz"))["status"], "ok");
  leave(400);
  const auto degraded = send(net::Method::kGet, "/readyz");
  EXPECT_EQ(degraded.status, 200);
  EXPECT_EQ(json_of(degraded)["status"], "degraded");
  EXPECT_EQ(json_of(degraded)["space"]["available_bytes"], 400ULL << 20);
  EXPECT_THAT(degraded.body, HasSubstr("400 of 102400 MiB are free"));
  EXPECT_EQ(send(net::Method::kPost, "/api/records", "{}").status, 200) << "not refused yet";
}

TEST_F(ApiTest, WhileUploadsTakeAllPlacesAnotherIsRefusedAndOtherAnswersGoOn) {
  std::promise<void> release;
  boost::asio::post(load_.executor(), [held = release.get_future().share()] { held.wait(); });
  std::atomic<int> loaded = 0;
  {
    std::vector<std::jthread> others;
    for (int i = 0; i < RecordsResource::kMostLoads; ++i) {
      others.emplace_back([&] {
        if (send(net::Method::kPost, "/api/records", "{}").status == 200) ++loaded;
      });
    }
    const std::string all = "flywheel_loads " + std::to_string(RecordsResource::kMostLoads) + "\n";
    while (send(net::Method::kGet, "/metrics").body.find(all) == std::string::npos) std::this_thread::yield();
    const auto refused = send(net::Method::kPost, "/api/records", "{}");
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(refused.headers.find("Retry-After").has_value());
    EXPECT_EQ(send(net::Method::kGet, "/api/workloads").status, 200);
    release.set_value();
  }
  EXPECT_EQ(loaded, RecordsResource::kMostLoads);
}

}  // namespace
}  // namespace fw::api
