#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/api.h"
#include "api/queue_metrics.h"
#include "async/run_blocking.h"
#include "io/file.h"
#include "logstore/forwarding_log_store.h"
#include "logstore/rocksdb/rocksdb_log_store.h"
#include "metastore/sqlite_store.h"
#include "modelops/local/dataset_store.h"
#include "net/client.h"
#include "net/server.h"
#include "runs/tests/fakes.h"

namespace fw::api {

using Json = nlohmann::ordered_json;

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
  Task<Result<modelops::Embeddings>> embed(modelops::Endpoint, std::vector<std::string>, modelops::EmbeddingUse,
                                           Deadline) override {
    co_return unavailable("nobody embeds here");
  }
};

class NoPoster final : public runs::WebhookPoster {
 public:
  Task<Result<int>> post(runs::WebhookRequest, Deadline) override { co_return 204; }
};

/// A store behind whose reads records wait, and in which lies what is no record, as a test says before it asks.
class BehindLogStore final : public logstore::ForwardingLogStore {
 public:
  using ForwardingLogStore::ForwardingLogStore;
  [[nodiscard]] logstore::Backlog backlog() const override { return waiting; }
  Result<std::map<std::string, std::uint64_t>> left_out(const logstore::Selection&) override { return no_records; }

  logstore::Backlog waiting;
  std::map<std::string, std::uint64_t> no_records;
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
    dependencies.arrivals = &arrivals_;
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
    dependencies.promotion->deliveries = [this] { return deliveries_; };
    dependencies.promotion->trouble_of = [this](const std::string&) { return trouble_; };
    dependencies.promotion->present_digests =
        [this](promotion::Candidate candidate) -> Task<Result<promotion::Digests>> {
      if (present_) co_return *present_;
      co_return std::move(candidate.digests);
    };
    dependencies.promotion->engine_words = [this](const promotion::Proposal&) { return words_; };
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
  logstore::Arrivals arrivals_;
  BehindLogStore* behind_ = nullptr;  ///< log_, at its heart
  std::unique_ptr<logstore::LogStore> log_ = [this] {
    auto behind = std::make_unique<BehindLogStore>(logstore::open_rocksdb_log_store(folder_.path() / "log").value());
    behind_ = behind.get();
    return logstore::noting_arrivals(std::move(behind), arrivals_);
  }();
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
  std::vector<AuditDelivery> deliveries_;
  promotion::EngineWords words_;
  std::optional<Result<promotion::Digests>> present_;  ///< absent: as they were proposed
  std::string trouble_;                                ///< of what is on traffic
  std::mutex mutex_;
  std::deque<std::uintmax_t> free_{10ULL << 30};  ///< bytes of the disk, one for each look; the last stays
  std::unique_ptr<Api> api_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace fw::api
