#include "api/job_json.h"
#include "api/tests/api_fixture.h"

namespace fw::api {
namespace {

using testing::HasSubstr;

TEST_F(ApiTest, AMissingFieldIs422WithTheListThatClientsOfTheBlueprintExpect) {
  const auto response = send(net::Method::kPost, "/api/jobs", R"({"workload_id":"w"})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json_of(response)["detail"][0]["loc"], Json::array({"body", "client_id"}));
  EXPECT_EQ(json_of(response)["detail"][0]["type"], "missing");
  EXPECT_EQ(json_of(response)["detail"][0]["msg"], "Field required");
  EXPECT_EQ(json_of(response)["detail"][0]["input"], Json({{"workload_id", "w"}}));
}

TEST_F(ApiTest, AWrongValueIs422WithThatValueAsInput) {
  const auto response = send(net::Method::kPost, "/api/jobs", R"({"workload_id":7,"client_id":"c"})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json_of(response)["detail"][0]["input"], 7);
  EXPECT_EQ(json_of(response)["detail"][0]["type"], "string_type");
}

TEST_F(ApiTest, AnUnknownWorkloadIsRefusedWithWhatThereIs) {
  auto response = send(net::Method::kPost, "/api/jobs", R"({"workload_id":"ww","client_id":"c"})");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(json_of(response)["detail"].get<std::string>(), HasSubstr("there is of: w; did you mean w?"));
  response = send(net::Method::kPost, "/api/jobs", R"({"workload_id":"w","client_id":"nobody"})");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(json_of(response)["detail"].get<std::string>(), HasSubstr("it has traffic of: c"));
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/jobs"))["jobs"].size(), 0U);
}

TEST_F(ApiTest, AnOrderedJobHasAStartAndACountFromTheBeginning) {
  const Json job = json_of(send(net::Method::kGet, "/api/jobs/" + create_job()));
  EXPECT_TRUE(job["started_at"].is_string());
  EXPECT_EQ(job["num_records"], 0);
  EXPECT_TRUE(json_of(send(net::Method::kGet, "/api/jobs"))["jobs"][0]["started_at"].is_string());
}

TEST_F(ApiTest, AJobThatCannotBeginSaysWhyUntilItCan) {
  const auto first_warning = [this](const std::string& id) -> std::string {
    const auto warnings = json_of(send(net::Method::kGet, "/api/jobs/" + id))["warnings"];
    return warnings.empty() ? "" : warnings[0];
  };
  jobs_.fail_after(1);
  const std::string id = create_job();
  for (int i = 0; i < 10'000 && first_warning(id) == "KEY is not set"; ++i) {
  }
  EXPECT_THAT(first_warning(id), testing::StartsWith("jobs wait"));
  EXPECT_THAT(first_warning(id), HasSubstr("the process is dead"));  // what the store said
  jobs_.heal();
  create_job();  // there is something to look for
  EXPECT_THAT(events_of(id), HasSubstr("job-finished"));
  EXPECT_EQ(first_warning(id), "");
}

TEST_F(ApiTest, AJobMayBeOfDatasetsAlone) {
  const auto made =
      send(net::Method::kPost, "/api/jobs", R"({"workload_id":"w","client_id":"c","datasets_only":true})");
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string id = json_of(made)["id"];
  EXPECT_THAT(events_of(id), HasSubstr("\"datasets_only\":true"));
  const Json job = json_of(send(net::Method::kGet, "/api/jobs/" + id));
  EXPECT_EQ(job["datasets_only"], true);
  EXPECT_EQ(job["nims"], Json::array());
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/jobs"))["jobs"][0]["datasets_only"], true);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/jobs/" + create_job()))["datasets_only"], false);
  EXPECT_EQ(send(net::Method::kPost, "/api/jobs", R"({"workload_id":"w","client_id":"c","datasets_only":"no"})").status,
            422);
}

TEST(JobDetail, SaysWhatShouldBeMendedBeforeTheJobEnds) {
  EXPECT_EQ(job_detail(runs::Job{}, {"KEY is not set"})["warnings"], Json::array({"KEY is not set"}));
}

TEST_F(ApiTest, TheListComesInPagesOnlyWhenAskedTo) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.insert(ids.begin(), create_job());
  const Json all = json_of(send(net::Method::kGet, "/api/jobs"));
  EXPECT_EQ(all["jobs"].size(), 5U);
  EXPECT_FALSE(all.contains("next_cursor"));
  std::vector<std::string> seen;
  std::string path = "/api/jobs?limit=2";
  for (int pages = 1; pages <= 3; ++pages) {
    const Json page = json_of(send(net::Method::kGet, path));
    for (const auto& job : page["jobs"]) seen.push_back(job["id"]);
    EXPECT_EQ(page["next_cursor"].is_null(), pages == 3);
    if (pages < 3) path = "/api/jobs?limit=2&cursor=" + page["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(seen, ids);
  for (const char* bad : {"limit=0", "limit=x", "limit=1001", "cursor=abc"}) {
    EXPECT_EQ(send(net::Method::kGet, std::string("/api/jobs?") + bad).status, 422) << bad;
  }
}

TEST_F(ApiTest, WrongBodiesAre422AndSayWhy) {
  for (const char* body :
       {"", "[]", "{", R"({"workload_id":7,"client_id":"c"})", R"({"workload_id":"","client_id":"c"})",
        R"({"workload_id":"w","client_id":"c","data_split_config":[]})"}) {
    EXPECT_EQ(send(net::Method::kPost, "/api/jobs", body).status, 422) << body;
  }
}

TEST_F(ApiTest, AnUnknownJobIs404AndAMalformedIdIs400) {
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/0123456789abcdef01234567").status, 404);
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/nonsense").status, 400);
  EXPECT_EQ(send(net::Method::kPost, "/api/jobs/0123456789abcdef01234567/cancel").status, 404);
  EXPECT_EQ(send(net::Method::kDelete, "/api/jobs/nonsense").status, 400);
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/nonsense/events").status, 400);
}

TEST_F(ApiTest, AJobWithoutRecordsFailsWithTheReasonInEveryFace) {
  const std::string id = create_job();
  const std::string events = events_of(id);
  EXPECT_THAT(events, HasSubstr("event: job"));
  EXPECT_THAT(events, HasSubstr("event: end"));
  const Json job = json_of(send(net::Method::kGet, "/api/jobs/" + id));
  EXPECT_EQ(job["status"], "failed");
  EXPECT_THAT(job["error"].get<std::string>(), HasSubstr("records"));
  EXPECT_EQ(job["nims"][0]["model_name"], "small");
  EXPECT_EQ(job["warnings"], Json::array()) << "what can be mended no more is no warning";
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/jobs"))["jobs"][0]["id"], id);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/jobs/" + id + "/report"))["job"]["status"], "failed");
  const auto page = send(net::Method::kGet, "/api/jobs/" + id + "/report.html");
  EXPECT_THAT(page.body, HasSubstr("<!doctype html>"));
  EXPECT_EQ(page.headers.find("Content-Disposition").value_or(""), "attachment; filename=\"report-" + id + ".html\"");
  EXPECT_EQ(page.headers.find("X-Content-Type-Options").value_or(""), "nosniff");
  EXPECT_THAT(send(net::Method::kGet, "/metrics").body, HasSubstr("flywheel_jobs{status=\"failed\"} 1"));
}

TEST_F(ApiTest, WhatMayBeTrafficIsKeptOnNoDisk) {
  for (const char* path : {"/api/interactions", "/api/jobs", "/api/jobs/nonsense", "/api/promotions", "/api/reviews"}) {
    EXPECT_EQ(send(net::Method::kGet, path).headers.find("Cache-Control").value_or(""), "no-store") << path;
  }
  const std::string id = create_job();
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/" + id + "/events").headers.find("Cache-Control").value_or(""),
            "no-store");
  EXPECT_NE(send(net::Method::kGet, "/openapi.json").headers.find("Cache-Control").value_or(""), "no-store");
}

TEST_F(ApiTest, AnEndedJobCannotBeCancelledButDeleted) {
  const std::string id = create_job();
  (void)events_of(id);
  EXPECT_EQ(send(net::Method::kPost, "/api/jobs/" + id + "/cancel").status, 400);
  EXPECT_EQ(send(net::Method::kDelete, "/api/jobs/" + id).status, 200);
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/" + id).status, 404);
}

TEST_F(ApiTest, AnEnginesLogIsTextOfItsCandidate) {
  const std::string id = create_job();
  (void)events_of(id);
  const std::string path = "/api/jobs/" + id + "/engine_log";
  EXPECT_EQ(json_of(send(net::Method::kGet, path)), Json({{"engines", Json::array()}})) << "it had none";
  const auto folder = folder_.path() / "jobs" / id / "candidates" / "0";
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(io::write_file_atomically(folder / "engine-deploy.log", "loading\n<b>\xff cut\n").ok());
  const Json kept{
      {"candidate", 0}, {"stage", "deploy"}, {"is_running", false}, {"lines", {"loading", "<b>\ufffd cut"}}};
  for (const char* query : {"", "?candidate=0"}) {
    EXPECT_EQ(json_of(send(net::Method::kGet, path + query)), Json({{"engines", Json::array({kept})}})) << query;
  }
  EXPECT_EQ(send(net::Method::kGet, path + "?candidate=1").status, 404);
  EXPECT_EQ(send(net::Method::kGet, path + "?candidate=-1").status, 422);
  EXPECT_EQ(send(net::Method::kGet, path + "?candidate=99999999999999999999").status, 422);
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/nonsense/engine_log").status, 400);
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/0123456789abcdef01234567/engine_log").status, 404);
  EXPECT_EQ(send(net::Method::kDelete, "/api/jobs/" + id).status, 200);
  EXPECT_EQ(send(net::Method::kGet, path).status, 404);
}

}  // namespace
}  // namespace fw::api
