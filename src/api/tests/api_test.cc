#include "api/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/job_json.h"
#include "api/openapi.h"
#include "api/queue_metrics.h"
#include "api/records.h"
#include "async/run_blocking.h"
#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"
#include "metastore/sqlite_store.h"
#include "modelops/local/dataset_store.h"
#include "net/client.h"
#include "net/server.h"
#include "runs/tests/fakes.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

class NoDeployer final : public modelops::Deployer {
 public:
  Task<Result<modelops::Deployment>> deploy(modelops::DeploymentRequest, Deadline) override {
    co_return unavailable("no engine here");
  }
  Task<void> share_beginning(modelops::DeploymentId, std::string, Deadline) override { co_return; }
  Task<Status> undeploy(modelops::DeploymentId) override { co_return Status{}; }
};

class NoTrainer final : public modelops::Trainer {
 public:
  Task<Result<modelops::TrainedModel>> train(modelops::TrainingJob,
                                             std::function<void(const modelops::TrainingProgress&)>,
                                             Deadline) override {
    co_return unavailable("no trainer here");
  }
};

class NoEvaluator final : public modelops::Evaluator {
 public:
  Task<Result<modelops::EvaluationResult>> evaluate(modelops::EvaluationJob,
                                                    std::function<void(const modelops::EvaluationProgress&)>,
                                                    Deadline) override {
    co_return unavailable("nobody answers here");
  }
  Task<Status> check_judge(modelops::Judge, Deadline) override { co_return unavailable("nobody rates here"); }
};

class NoEmbedder final : public modelops::Embedder {
 public:
  Task<Result<std::vector<std::vector<float>>>> embed(modelops::Endpoint, std::vector<std::string>,
                                                      modelops::EmbeddingUse, Deadline) override {
    co_return unavailable("nobody embeds here");
  }
};

class NoPoster final : public runs::WebhookPoster {
 public:
  Task<Result<int>> post(runs::WebhookRequest, Deadline) override { co_return 204; }
};

/// The API over real stores and a run service whose engines are absent, behind a real server.
class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    runs::RunOptions options;
    options.folder = folder_.path() / "jobs";
    options.config.candidates.emplace_back().model.name = "small";
    runs_ = std::make_unique<runs::RunService>(
        runs::RunDependencies{io_.get_executor(), disk_, cpu_, clock_, jobs_, *log_, *datasets_, deployer_, trainer_,
                              evaluator_, embedder_, poster_},
        std::move(options));
    EXPECT_TRUE(run_blocking(runs_->start()).ok());
    opener_ = std::make_unique<review::ReviewOpener>(*runs_, *reviews_, disk_, io_.get_executor());
    ApiDependencies dependencies{
        *runs_,
        *log_,
        *quarantine_,
        redactor_,
        *reviews_,
        *opener_,
        disk_,
        load_,
        clock_,
        folder_.path() / "uploads",
        [](const std::string& json, const dataset::SplitSettings& base) -> Result<dataset::SplitSettings> {
          if (json.find("evalsize") != std::string::npos) return invalid_argument("evalsize: unknown key");
          return base;
        },
        [] { return Status{}; },
        [] { return std::vector<std::string>{"KEY is not set"}; }};
    dependencies.metrics = {[this](std::ostream& out) { write_queues(out, {&disk_, &load_}, committer_); }};
    dependencies.backups = folder_.path() / "backups";
    std::filesystem::create_directory(dependencies.uploads);
    dependencies.upload_room.space = [this](const auto&) {
      const std::lock_guard lock(mutex_);
      const auto bytes = free_.front();
      if (free_.size() > 1) free_.pop_front();
      return std::filesystem::space_info{.capacity = 100ULL << 30, .free = bytes, .available = bytes};
    };
    dependencies.keyring = keyring_.get();
    dependencies.discovery = &desk_;
    dependencies.promotion.emplace(PromotionParts{
        *promotions_,
        watch_,
        pairs_,
        *audit_,
        {"small"},
        [this](promotion::Rating rating, auth::Caller caller) -> Task<Result<promotion::Feedback>> {
          ratings_.push_back(rating);
          if (rating.id == "none") co_return not_found("no exchange that is kept has the id none");
          co_return promotion::Feedback{.record_id = rating.id, .score = rating.score, .by = caller.person};
        },
        [](std::size_t) { return std::vector<promotion::Feedback>{{.record_id = "r1"}}; }});
    api_ = std::make_unique<Api>(std::move(dependencies));
    load_one();
    server_ = std::make_unique<net::Server>(io_.get_executor(), net::ServerOptions{.observe = api_->observer()},
                                            api_->handler());
    EXPECT_TRUE(server_->start().ok());
  }
  ~ApiTest() override {
    server_->stop_blocking(std::chrono::seconds(1));
    run_blocking(opener_->stop());
    run_blocking(runs_->stop());
    client_.reset();
    work_.reset();
    thread_.join();
  }

  net::Response send(net::Method method, const std::string& path, std::string body = "") {
    auto request = net::json_request(method, server_->url() + path, std::move(body));
    auto response = run_blocking(client_->send(std::move(request), Deadline::after(std::chrono::seconds(20))));
    EXPECT_TRUE(response.ok()) << (response.ok() ? "" : response.error().message);
    return response.ok() ? *response : net::Response{};
  }
  Json json_of(const net::Response& response) { return Json::parse(response.body, nullptr, false); }

  /// Traffic of workload `w` of client `c`, too little for a run.
  void load_one() {
    const auto record = record::Interaction{record::RecordId("r"), record::WorkloadId("w"), record::ClientId("c"),
                                            from_epoch_seconds(1), R"({"messages":[]})",    "{}"};
    EXPECT_TRUE(log_->append(std::vector{record}).ok());
  }

  std::string create_job() {
    const auto response = send(net::Method::kPost, "/api/jobs", R"({"workload_id":"w","client_id":"c"})");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(json_of(response)["status"], "queued");
    return json_of(response)["id"];
  }
  /// Reads the job's events to their end, which is when the job has ended.
  std::string events_of(const std::string& id) { return send(net::Method::kGet, "/api/jobs/" + id + "/events").body; }

  io::TemporaryFolder folder_;
  SystemClock clock_;
  std::unique_ptr<logstore::LogStore> log_ = logstore::open_rocksdb_log_store(folder_.path() / "log").value();
  std::unique_ptr<discovery::AcceptedRules> rules_ =
      discovery::AcceptedRules::open(folder_.path() / "rules", "untagged").value();
  discovery::Desk desk_{*log_, *rules_};
  capture::Redactor redactor_;
  std::unique_ptr<capture::Quarantine> quarantine_ = capture::Quarantine::open(folder_.path() / "quarantine").value();
  std::unique_ptr<metastore::SqliteStore> meta_ = metastore::SqliteStore::open(folder_.path() / "meta.sqlite").value();
  runs::testing::CrashingStore jobs_{*meta_, 1'000'000, false};  ///< meta_, on a disk that may be full
  std::unique_ptr<auth::Keyring> keyring_ = auth::Keyring::open(meta_->keys(), clock_).value();
  std::unique_ptr<modelops::LocalDatasetStore> datasets_ =
      modelops::LocalDatasetStore::open(folder_.path() / "datasets").value();
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_{[this] { io_.run(); }};
  Pool disk_{"disk", 2};
  Pool load_{"load", 1};
  Pool cpu_{"cpu", 1};
  capture::Committer committer_{*log_, disk_};
  NoDeployer deployer_;
  NoTrainer trainer_;
  NoEvaluator evaluator_;
  NoEmbedder embedder_;
  NoPoster poster_;
  std::unique_ptr<net::Client> client_ = std::make_unique<net::Client>(io_.get_executor());
  std::unique_ptr<runs::RunService> runs_;
  std::unique_ptr<review::Reviews> reviews_ =
      std::make_unique<review::Reviews>(meta_->reviews(), clock_, review::ReviewSettings{});
  std::unique_ptr<review::ReviewOpener> opener_;
  std::unique_ptr<audit::AuditLog> audit_ = std::move(audit::AuditLog::open(folder_.path() / "audit", clock_)).value();
  std::unique_ptr<promotion::Promotions> promotions_ = std::move(promotion::Promotions::open(*audit_, {})).value();
  promotion::CanaryWatch watch_{{}, {0.5}};
  promotion::PairLog pairs_{folder_.path() / "promotion"};
  std::vector<promotion::Rating> ratings_;
  std::mutex mutex_;
  std::deque<std::uintmax_t> free_{10ULL << 30};  ///< bytes of the disk, one for each look; the last stays
  std::unique_ptr<Api> api_;
  std::unique_ptr<net::Server> server_;
};

TEST_F(ApiTest, TheMetricsHaveAGaugeForEveryQueue) {
  const auto text = send(net::Method::kGet, "/metrics").body;
  EXPECT_THAT(text, HasSubstr("\nflywheel_pool_waiting{pool=\"load\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nflywheel_pool_refused_total{pool=\"disk\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nflywheel_committer_records_total{result=\"refused\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nflywheel_committer_oldest_wait_seconds 0\n"));
}

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

TEST_F(ApiTest, EveryAddressOfAPageAnswersTheDocumentWithoutAnythingInline) {
  for (const char* address :
       {"/", "/workloads", "/workloads/a%2Fb", "/traffic", "/traffic/r", "/runs/new", "/runs/x/report", "/datasets",
        "/datasets/x", "/review", "/promotions", "/promotions/p-1", "/settings", "/settings/audit"}) {
    const auto page = send(net::Method::kGet, address);
    EXPECT_EQ(page.status, 200) << address;
    EXPECT_EQ(page.headers.find("Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(std::string(page.headers.find("Content-Security-Policy").value_or("")),
                HasSubstr("script-src 'self';"));
  }
  EXPECT_EQ(send(net::Method::kGet, "/nowhere").status, 404);
  EXPECT_EQ(send(net::Method::kGet, "/assets/app.css").headers.find("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(send(net::Method::kGet, "/assets/other.js").status, 404);
}

TEST_F(ApiTest, ABrowserThatHasThePageIsNotSentItAgain) {
  const auto first = send(net::Method::kGet, "/assets/app.js");
  auto request = net::json_request(net::Method::kGet, server_->url() + "/assets/app.js", "");
  request.headers.set("If-None-Match", std::string(first.headers.find("ETag").value_or("")));
  const auto again = run_blocking(client_->send(std::move(request), Deadline::after(std::chrono::seconds(20))));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->status, 304);
  EXPECT_EQ(again->body, "");
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

TEST_F(ApiTest, AJobWithoutAnEvaluationHasNothingToReview) {
  const std::string id = create_job();
  (void)events_of(id);
  const auto refused = send(net::Method::kPost, "/api/reviews", R"({"job_id":")" + id + R"("})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("nothing to review"));
}

/// A review of one row, in which production called `a` and the candidate `b`.
class ReviewApiTest : public ApiTest {
 protected:
  ReviewApiTest() {
    const Json call = {{"tool_calls", {{{"function", {{"name", "a"}, {"arguments", "{}"}}}}}}};
    const Json answer{{"model_name", "small"}, {"variant", "base-eval"},          {"message", {{"content", "no"}}},
                      {"agreement", 0},        {"scores", {{"similarity", 0.2}}}, {"mistakes", Json::array()},
                      {"failure", nullptr}};
    const Json report{
        {"job", {{"workload_id", "w"}, {"client_id", "c"}}},
        {"summary", {{"model_name", "small"}, {"variant", "base-eval"}, {"decision", "yes"}, {"score", {{"n", 10}}}}},
        {"candidates", Json::array()},
        {"divergent_rows",
         {{"total", 1},
          {"rows",
           {{{"record_id", "r/1"},
             {"label", "a"},
             {"messages", Json::array()},
             {"reference", call},
             {"answers", Json::array({answer})}}}}}}};
    id_ = reviews_->open("job", report.dump()).value();
  }
  std::string card() const { return "/api/reviews/" + id_ + "/items/r%2F1"; }
  net::Response say(const std::string& body) { return send(net::Method::kPost, card() + "/labels", body); }
  std::string id_;
};

TEST_F(ReviewApiTest, ACardDoesNotTellWhoseAnswerIsWhoseUnlessAsked) {
  const auto blind = send(net::Method::kGet, card() + "?person=ann");
  EXPECT_EQ(json_of(blind)["revealed"], nullptr);
  EXPECT_THAT(blind.body, testing::Not(HasSubstr("similarity")));
  EXPECT_FALSE(json_of(blind).contains("class"));
  const auto open = json_of(send(net::Method::kGet, card() + "?person=ann&reveal=1"));
  const std::string side = open["revealed"]["candidate"];
  EXPECT_EQ(open[side]["message"]["content"], "no");
  EXPECT_EQ(send(net::Method::kGet, card()).status, 422);
}

TEST_F(ReviewApiTest, AVerdictBySideIsKeptAsItsOwners) {
  const std::string side = json_of(send(net::Method::kGet, card() + "?person=ann&reveal=1"))["revealed"]["candidate"];
  EXPECT_EQ(
      say(R"({"person":"ann","verdict":")" + side + R"(_better","note":"n","tags":["t"],"corrected":{"content":"x"}})")
          .status,
      200);
  const auto line = json_of(send(net::Method::kGet, "/api/reviews/" + id_ + "/labels.jsonl"));
  EXPECT_EQ(line["verdict"], "candidate_better");
  EXPECT_EQ(line["corrected"]["content"], "x");
  EXPECT_EQ(json_of(send(net::Method::kGet, card() + "?person=ann"))["mine"]["verdict"], side + "_better");
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/reviews/" + id_ + "?person=bob"))["queue"][0]["mine"], nullptr);
}

TEST_F(ReviewApiTest, WhatIsWithdrawnIsGone) {
  (void)say(R"({"person":"ann","verdict":"both_fine"})");
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/reviews"))["reviews"][0]["counts"]["judged"], 1);
  EXPECT_EQ(send(net::Method::kDelete, card() + "/labels?person=ann").status, 200);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/reviews"))["reviews"][0]["counts"]["judged"], 0);
}

TEST_F(ReviewApiTest, WhatIsNoLabelIsRefusedWithTheField) {
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"verdict":"both_fine"})", "person"},
           {R"({"person":"ann","verdict":"good"})", "verdict"},
           {R"({"person":"ann","verdict":"both_fine","tags":"x"})", "tags"},
           {R"({"person":"ann","verdict":"both_fine","corrected":{"x":1}})", "corrected"},
           {R"({"person":"ann","verdict":"both_fine","alike":1})", "alike"}}) {
    const auto refused = say(body);
    EXPECT_EQ(refused.status, 422) << body;
    EXPECT_THAT(refused.body, HasSubstr("\"" + field + "\"")) << body;
  }
  EXPECT_EQ(
      send(net::Method::kPost, "/api/reviews/" + id_ + "/items/x/labels", R"({"person":"ann","verdict":"both_fine"})")
          .status,
      404);
}

TEST_F(ApiTest, StatisticsAddUpTheTraffic) {
  const auto known = json_of(send(net::Method::kGet, "/api/statistics"))["workloads"][0];
  EXPECT_EQ(known["workload_id"], "w");
  EXPECT_EQ(known["is_complete"], true);
  EXPECT_EQ(known["total"]["records"], 1);
  EXPECT_EQ(known["series"]["points"][0]["records"], 1);
}

TEST_F(ApiTest, ALineThatIsNoUtf8IsKeptExactly) {
  (void)send(net::Method::kPost, "/api/records?source=a.jsonl", "\x80 nonsense\n");
  const Json kept = json_of(send(net::Method::kGet, "/api/quarantine"));
  ASSERT_EQ(kept["lines"].size(), 1U);
  EXPECT_EQ(kept["lines"][0]["base64"], "gCBub25zZW5zZQ==");
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
  EXPECT_THAT(send(net::Method::kGet, "/api/jobs/" + id + "/report.html").body, HasSubstr("<!doctype html>"));
  EXPECT_THAT(send(net::Method::kGet, "/metrics").body, HasSubstr("flywheel_jobs{status=\"failed\"} 1"));
}

TEST_F(ApiTest, AnEndedJobCannotBeCancelledButDeleted) {
  const std::string id = create_job();
  (void)events_of(id);
  EXPECT_EQ(send(net::Method::kPost, "/api/jobs/" + id + "/cancel").status, 400);
  EXPECT_EQ(send(net::Method::kDelete, "/api/jobs/" + id).status, 200);
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/" + id).status, 404);
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

TEST_F(ApiTest, IdsThatAreNoTextAreRefusedWhereverTheyComeIn) {
  for (const char* query : {"workload_id=%ff", "client_id=%00", "workload_id=", "client_id=a%0ab"}) {
    EXPECT_EQ(send(net::Method::kPost, std::string("/api/records?") + query, "{}").status, 400) << query;
  }
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/workloads"))["workloads"].size(), 1U) << "only the fixture's own";
}

TEST_F(ApiTest, EveryPathOfTheOpenApiDocumentIsServed) {
  const Json document = Json::parse(openapi_document());
  for (const auto& [path, operations] : document["paths"].items()) {
    std::string concrete = path;
    if (const auto at = concrete.find("{id}"); at != std::string::npos)
      concrete.replace(at, 4, "0123456789abcdef01234567");
    for (const std::string name : {"{path}", "{name}", "{record}"}) {
      if (const auto at = concrete.find(name); at != std::string::npos) concrete.replace(at, name.size(), "x");
    }
    for (const auto& [method, operation] : operations.items()) {
      // A stream without an end has its own test.
      if (method == "parameters" || path == "/api/events") continue;
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
      const auto response = send(*net::parse_method(upper), concrete, method == "post" ? "{}" : "");
      EXPECT_NE(response.status, 405) << method << ' ' << path;
      EXPECT_TRUE(operation["responses"].contains(std::to_string(response.status)))
          << method << ' ' << path << " answered " << response.status << ", which the document does not name";
    }
  }
}

TEST_F(ApiTest, AProposalNamesAJobAndAnUpstreamThatThereAre) {
  const auto propose = [this](const char* body) { return send(net::Method::kPost, "/api/promotions", body); };
  EXPECT_EQ(propose(R"({"job_id": "x"})").status, 422);
  const auto nowhere = propose(R"({"job_id": "0123456789abcdef01234567", "upstream": "large", "person": "ada"})");
  EXPECT_EQ(nowhere.status, 400);
  EXPECT_THAT(nowhere.body, HasSubstr("it has small"));
  EXPECT_EQ(propose(R"({"job_id": "0123456789abcdef01234567", "upstream": "small", "person": "ada"})").status, 404);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/promotions"))["promotions"].size(), 0U);
  EXPECT_EQ(send(net::Method::kGet, "/api/promotions?at=yesterday").status, 400);
}

TEST_F(ApiTest, ARatingIsAScoreOrAnOutcomeWithAnId) {
  const auto rate = [this](const char* body) { return send(net::Method::kPost, "/api/feedback", body); };
  EXPECT_EQ(rate(R"({"id": "r", "score": 0.25, "comment": "late"})").status, 201);
  EXPECT_EQ(rate(R"({"id": "r", "outcome": "good"})").status, 201);
  EXPECT_EQ(rate(R"({"id": "r", "outcome": "bad"})").status, 201);
  ASSERT_EQ(ratings_.size(), 3U);
  EXPECT_EQ(ratings_[0].score, 0.25);
  EXPECT_EQ(ratings_[0].comment, "late");
  EXPECT_EQ(ratings_[1].score, 1);
  EXPECT_EQ(ratings_[2].score, 0);
  for (const char* body : {"[]", R"({"score": 1})", R"({"id": "r"})", R"({"id": "r", "score": 2})",
                           R"({"id": "r", "outcome": "fine"})", R"({"id": "r", "score": 1, "comment": 3})"}) {
    EXPECT_EQ(rate(body).status, 422) << body;
  }
  EXPECT_EQ(rate(R"({"id": "none", "score": 1})").status, 404);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/feedback"))["feedback"][0]["record_id"], "r1");
}

TEST_F(ApiTest, StepsOfAProposalAndTheirAuditEntries) {
  const auto proposed = promotions_->propose({.workload = "w",
                                              .client = "c",
                                              .job = "j",
                                              .model = "m",
                                              .variant = "v",
                                              .upstream = "small",
                                              .digests = {{"base", "aa"}}},
                                             "ada", "why");
  ASSERT_TRUE(proposed.ok());
  const std::string path = "/api/promotions/" + proposed->id;
  const auto act = [&](const char* action, const char* body) { return send(net::Method::kPost, path + action, body); };
  EXPECT_EQ(act("/sign", R"({"person": "bob", "digest": "other"})").status, 400);
  const std::string digest = json_of(send(net::Method::kGet, path))["digest"];
  const std::string signature = R"({"person": "bob", "digest": ")" + digest + "\"}";
  EXPECT_EQ(act("/sign", signature.c_str()).status, 200);
  const auto shadow = json_of(act("/start_shadow", R"({"person": "op"})"));
  EXPECT_EQ(shadow["stage"], "shadow");
  EXPECT_EQ(shadow["share"], 0);
  EXPECT_EQ(shadow["shadow"], 0.1);
  EXPECT_EQ(json_of(send(net::Method::kGet, path + "/pairs"))["pairs"].size(), 0U);
  EXPECT_EQ(json_of(send(net::Method::kGet, path))["pairs"]["pairs"], 0);
  EXPECT_EQ(json_of(act("/start_canary", R"({"person": "op"})"))["share"], 0.01);
  EXPECT_EQ(act("/reject", R"({"person": "op"})").status, 400);
  EXPECT_EQ(act("/change", R"({"person": "op"})").status, 404);
  const auto entries = json_of(send(net::Method::kGet, "/api/audit?after=1"))["entries"];
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[2]["action"], "promotion.start_canary");
  EXPECT_EQ(send(net::Method::kGet, "/api/audit?limit=x").status, 422);
  EXPECT_EQ(send(net::Method::kGet, "/api/audit?after=1&cursor=2").status, 400);
  const auto history = json_of(send(net::Method::kGet, path + "/history"))["entries"];
  ASSERT_EQ(history.size(), 4U);
  EXPECT_EQ(history[0]["action"], "promotion.propose");
  EXPECT_EQ(history[3], entries[2]);
  EXPECT_EQ(send(net::Method::kGet, "/api/promotions/p-none/history").status, 404);
}

TEST_F(ApiTest, TheAuditLogIsPagedFromTheNewestAndSaysWhetherItHolds) {
  for (const char* subject : {"a", "b", "a", "c", "a"})
    ASSERT_TRUE(audit_->append({"ada", "review.open", subject, "why", "{}"}).ok());
  std::vector<int> numbers;
  for (std::string cursor; numbers.empty() || !cursor.empty();) {
    const auto page = json_of(send(net::Method::kGet, "/api/audit?subject=a&limit=2" + cursor));
    for (const auto& entry : page["entries"]) numbers.push_back(entry["number"]);
    cursor = page["next_cursor"].is_null() ? "" : "&cursor=" + page["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(numbers, (std::vector<int>{5, 3, 1}));
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/audit?subject=a&after=1&limit=1"))["entries"][0]["number"], 3);
  const auto newest = json_of(send(net::Method::kGet, "/api/audit?limit=1&lines=true"))["entries"][0];
  EXPECT_EQ(newest["number"], 5);
  const auto parsed = audit::from_line(newest["line"].get<std::string>());
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->hash, newest["hash"].get<std::string>());
  const auto holds = json_of(send(net::Method::kGet, "/api/audit/verification"));
  EXPECT_EQ(holds["entries"], 5);
  EXPECT_EQ(holds["head"], newest["hash"]);
  EXPECT_TRUE(holds["fault"].is_null());
  const std::string other(64, '7');
  EXPECT_THAT(json_of(send(net::Method::kGet, "/api/audit/verification?head=" + other))["fault"].get<std::string>(),
              HasSubstr("no entry has the hash"));
}

TEST_F(ApiTest, ATimeThatNoRecordHasIsRefused) {
  for (const char* from : {"9223372035.1", "9999999999", "1e300", "nan", "-1"}) {
    EXPECT_EQ(send(net::Method::kGet, std::string("/api/interactions?from=") + from).status, 400) << from;
  }
  EXPECT_EQ(send(net::Method::kGet, "/api/interactions?from=9223372035").status, 200);
}

TEST_F(ApiTest, HealthAndReadinessAnswer) {
  EXPECT_EQ(send(net::Method::kGet, "/healthz").status, 200);
  EXPECT_EQ(send(net::Method::kGet, "/readyz").status, 200);
  EXPECT_EQ(send(net::Method::kGet, "/nothing").status, 404);
}

TEST_F(ApiTest, WhatReadsTheLogStoreWaitsNoLongerThanItsRequest) {
  std::promise<void> release;
  const auto held = release.get_future().share();
  for (int i = 0; i < 2; ++i) boost::asio::post(disk_.executor(), [held] { held.wait(); });
  const net::ServerOptions impatient{.request_timeout = std::chrono::milliseconds(100)};
  net::Server server(io_.get_executor(), impatient, api_->handler());
  ASSERT_TRUE(server.start().ok());
  const auto status_of = [&](net::Method method, const std::string& path, std::string body) {
    auto request = net::json_request(method, server.url() + path, std::move(body));
    const auto answer = run_blocking(client_->send(std::move(request), Deadline::after(std::chrono::seconds(10))));
    return answer.ok() ? answer->status : 0;
  };
  for (const auto* path : {"/api/workloads", "/api/interactions", "/api/log/stats"}) {
    EXPECT_EQ(status_of(net::Method::kGet, path, ""), 504) << path;
  }
  EXPECT_EQ(status_of(net::Method::kPost, "/api/jobs", R"({"workload_id":"w","client_id":"c"})"), 504);
  release.set_value();
  server.stop_blocking(std::chrono::seconds(1));
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
