#include "app/service.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <future>
#include <thread>
#include <vector>

#include "app/engine_programs.h"
#include "app/kept_stores.h"
#include "app/log_store.h"
#include "app/own_folder.h"
#include "async/task_group.h"
#include "base/log.h"
#include "discovery/labelled_log_store.h"
#include "evals/loop.h"
#include "io/file.h"
#include "io/machine.h"
#include "io/process.h"
#include "logstore/rocksdb/rocksdb_log_store.h"
#include "metastore/sqlite_store.h"
#include "modelops/local/dataset_store.h"
#include "modelops/local/deployer.h"
#include "modelops/local/settings.h"
#include "modelops/local/trainer.h"
#include "modelops/openai/embedder.h"
#include "net/client.h"
#include "runs/http_webhook_poster.h"
#include "traffic/outline.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;

constexpr int kDiskThreads = 4;
constexpr int kQueryThreads = 2;
constexpr std::size_t kMostQueries = 256;  // that wait
constexpr int kSearchThreads = 2;
constexpr std::size_t kMostSearches = 64;  // that wait
constexpr int kLoadThreads = 2;
constexpr int kCommitThreads = 1;
constexpr int kCpuThreads = 2;
constexpr int kMostLoops = 32;
constexpr int kMostIngestThreads = 8;
constexpr Duration kBetweenSaves = std::chrono::seconds(30);  // of when keys were used
constexpr Duration kBetweenRemovals = std::chrono::hours(1);

/// At least two: one may be held up for a moment.
int one_for_each_processor(int most) { return std::clamp(io::read_machine_limits().processors, 2, most); }

modelops::LocalSettings local_settings(const ServiceOptions& options) {
  const auto& engines = options.config.engines;
  modelops::LocalSettings settings;
  settings.data_folder = options.data_folder;
  settings.programs = engine_programs(engines);
  settings.threads = engines.threads;
  settings.niceness = engines.niceness;
  if (!engines.serving_type.empty()) settings.serving_type = engines.serving_type;
  settings.ready_timeout =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(engines.ready_timeout_seconds));
  return settings;
}

runs::RunOptions run_options(const ServiceOptions& options) {
  runs::RunOptions out;
  out.folder = options.data_folder / "jobs";
  out.config = options.config.run;
  out.deploy_timeout = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(options.config.engines.deploy_timeout_seconds));
  out.environment = [environment = process_environment()](const std::string& name) -> std::optional<std::string> {
    auto value = environment(name);
    if (value.empty()) return std::nullopt;
    return value;
  };
  return out;
}

enum class Phase { kStarting, kRunning, kStopped };

Status check_engines(const runs::RunConfig& config, const modelops::EnginePrograms& programs) {
  for (const auto& candidate : config.candidates) {
    if (!candidate.model.is_local()) continue;
    const bool trains = candidate.customization_enabled;
    if (programs.llama_server.empty()) {
      return unavailable("llama-server, which serves " + candidate.model.name +
                         ", is not installed; run scripts/setup");
    }
    if (trains && programs.trainer.empty()) {
      return unavailable("flywheel-trainer, which trains " + candidate.model.name +
                         ", is not installed; run scripts/build");
    }
  }
  return {};
}

}  // namespace

struct Service::Impl {
  Impl(ServiceOptions o, std::unique_ptr<logstore::LogStore> log_store, std::unique_ptr<capture::Quarantine> kept_aside,
       std::unique_ptr<discovery::AcceptedRules> accepted, capture::Redactor rules,
       std::unique_ptr<metastore::SqliteStore> metadata, std::unique_ptr<modelops::LocalDatasetStore> dataset_store)
      : options(std::move(o)),
        quarantine(std::move(kept_aside)),
        workload_rules(std::move(accepted)),
        log(discovery::labelled(logstore::noting_arrivals(std::move(log_store), arrivals), *workload_rules)),
        retention(*log, options.config.log_store.retention,
                  [reader = std::make_shared<traffic::ExchangeReader>()](const auto& record, Timestamp now) {
                    return traffic::outlined(record, now, *reader);
                  }),
        discovery(*log, *workload_rules),
        redactor(std::move(rules)),
        meta(std::move(metadata)),
        datasets(std::move(dataset_store)),
        committer(*log, commit),
        client(loops.executor(0)),
        deployer(settings_of_deployer(), launcher, client, disk, loops.executor(0)),
        trainer(local_settings(options), launcher),
        evaluator(clock, disk),
        embedder(client, clock),
        poster(client),
        runs({loops.executor(0), disk, cpu, clock, *meta, *log, *datasets, deployer, trainer, evaluator, embedder,
              poster},
             options_of_runs()),
        reviews(meta->reviews(), clock, options.config.review),
        review_opener(runs, reviews, disk, loops.executor(0)),
        engines(check_engines(options.config.run, local_settings(options).programs)) {}

  runs::RunOptions options_of_runs() {
    runs::RunOptions out = run_options(options);
    // No run goes on before start(), nor after stop(): `reviews` is there when this is asked.
    out.corrections = [this](const auto& workload, const auto& whose) { return reviews.corrections(workload, whose); };
    out.redact = redact_of_engines();
    return out;
  }

  modelops::LocalSettings settings_of_deployer() {
    auto out = local_settings(options);
    out.redact = redact_of_engines();
    return out;
  }

  /// What is shown of a line that an engine wrote.
  std::function<std::string(std::string)> redact_of_engines() {
    return [this](const std::string& line) { return redactor.redact_unread(line); };
  }

  ServiceOptions options;
  SystemClock clock;
  std::unique_ptr<capture::Quarantine> quarantine;
  std::unique_ptr<discovery::AcceptedRules> workload_rules;
  logstore::Arrivals arrivals;
  std::unique_ptr<logstore::LogStore> log;
  logstore::RetentionSweep retention;
  discovery::Desk discovery;
  capture::Redactor redactor;
  std::unique_ptr<metastore::SqliteStore> meta;
  std::unique_ptr<modelops::LocalDatasetStore> datasets;
  std::unique_ptr<auth::Keyring> keyring;
  EventLoops loops{one_for_each_processor(kMostLoops)};
  Pool disk{"disk", kDiskThreads};                       // the runs' own files and journals
  Pool query{"query", kQueryThreads, kMostQueries};      // what the API reads and receives
  Pool search{"search", kSearchThreads, kMostSearches};  // at 9200: each may take a minute
  Pool ingest{"ingest",
              one_for_each_processor(kMostIngestThreads)};  // parsing what comes in; bounded by its bodies' budget
  Pool load{"load", kLoadThreads};
  Pool cpu{"cpu", kCpuThreads, Pool::kNoLimit, options.config.engines.niceness};  // what runs compute
  Pool commit{"commit", kCommitThreads};
  capture::Committer committer;
  io::ProcessLauncher launcher;
  net::Client client;
  modelops::LocalDeployer deployer;
  modelops::LocalTrainer trainer;
  evals::EvaluationLoop evaluator;
  modelops::OpenAiEmbedder embedder;
  runs::HttpWebhookPoster poster;
  runs::RunService runs;
  review::Reviews reviews;
  review::ReviewOpener review_opener;
  Task<void> save_use_of_keys();
  Task<void> keep_retention();
  /// Lists of workloads know the times of all pairs then, and the first that a person asks for is as quick as the next.
  Task<void> learn_times();

  TaskGroup upkeep{loops.executor(0)};
  std::atomic<Phase> phase{Phase::kStarting};
  Status engines;  ///< whether what the candidates need is installed
};

Task<void> Service::Impl::save_use_of_keys() {
  const Deadline deadline = Deadline::when_stopped(upkeep.stop_token());
  while ((co_await sleep_for(kBetweenSaves, deadline)).ok()) {
    const Status saved = co_await run_on(disk, [this] { return keyring->save_use(); });
    if (!saved.ok()) log_warning("auth", "the last use of keys was not kept", {{"error", saved.error().message}});
  }
}

Task<void> Service::Impl::learn_times() {
  const auto listed = co_await run_on(disk, [this] { return log->workloads(); });
  if (!listed.ok()) log_warning("log store", "workloads cannot be listed", {{"error", listed.error().message}});
}

Task<void> Service::Impl::keep_retention() {
  const Deadline deadline = Deadline::when_stopped(upkeep.stop_token());
  do {
    const logstore::Removed before = retention.removed();
    const Status kept = co_await run_on(disk, [this, deadline] { return retention.run(clock.now(), deadline); });
    const logstore::Removed now = retention.removed();
    if (now.expired > before.expired) {
      log_info("log store", "expired records were removed", {{"records", now.expired - before.expired}});
    }
    if (now.surplus > before.surplus) {
      log_info("log store", "the oldest records of workloads that are too large were removed",
               {{"records", now.surplus - before.surplus}});
    }
    if (now.contents > before.contents) {
      log_info("log store", "contents that have expired were removed; their records stay",
               {{"records", now.contents - before.contents}});
    }
    if (!kept.ok() && !deadline.is_cancelled()) {
      log_warning("log store", "records that are not to stay were not all removed; tried again in an hour",
                  {{"error", kept.error().message}});
    }
  } while ((co_await sleep_for(kBetweenRemovals, deadline)).ok());
}

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() { stop(); }

Result<std::unique_ptr<Service>> Service::open(ServiceOptions options) {
  options.data_folder = fs::absolute(options.data_folder).lexically_normal();
  const auto& data = options.data_folder;
  const auto& redact = options.config.redact;
  FW_ASSIGN(auto redactor, capture::Redactor::create(redact, process_environment()(redact.key_env)));
  FW_TRY(io::create_folders(data));
  // The log store first: its lock keeps a second process out of the whole folder.
  FW_ASSIGN(auto embedded, logstore::open_rocksdb_log_store(data / "log"));
  std::error_code ignored;
  fs::remove_all(data / "uploads", ignored);
  for (const char* folder : {"jobs", "uploads"}) FW_TRY(io::create_folders(data / folder));
  FW_ASSIGN(auto quarantine, capture::Quarantine::open(data / "quarantine"));
  FW_TRY(tell_damage(*embedded, *quarantine));
  FW_ASSIGN(auto log, log_store_of(options.config.log_store, std::move(embedded), *quarantine));
  FW_ASSIGN(auto accepted,
            discovery::AcceptedRules::open(data / "accepted_workloads.json", options.config.gateway.capture.untagged));
  FW_ASSIGN(auto meta, open_metadata(data));
  FW_ASSIGN(auto datasets, modelops::LocalDatasetStore::open(data / "datasets"));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(log), std::move(quarantine), std::move(accepted),
                                     std::move(redactor), std::move(meta), std::move(datasets));
  FW_ASSIGN(impl->keyring, auth::Keyring::open(impl->meta->keys(), impl->clock));
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

void Service::set_public_url(std::string url) { impl_->runs.set_public_url(std::move(url)); }

Status Service::start() {
  FW_TRY(wait_for(impl_->runs.start()));
  impl_->review_opener.start();
  impl_->upkeep.spawn("use of keys", impl_->save_use_of_keys());
  // Also where all is kept: what was erased is to go off the disk.
  impl_->upkeep.spawn("retention", impl_->keep_retention());
  if (!impl_->options.config.log_store.elasticsearch) impl_->upkeep.spawn("times of workloads", impl_->learn_times());
  impl_->phase = Phase::kRunning;
  return {};
}

Status Service::readiness() const {
  switch (impl_->phase.load()) {
    case Phase::kStarting: return unavailable("the service is starting: unfinished jobs are being taken up");
    case Phase::kStopped: return unavailable("the service is stopping");
    case Phase::kRunning: {
      FW_TRY(impl_->log->health());
      return impl_->engines;
    }
  }
  return {};
}

void Service::stop() {
  if (impl_->phase.exchange(Phase::kStopped) == Phase::kStopped) return;
  impl_->upkeep.request_stop();
  impl_->upkeep.join_blocking();
  (void)impl_->keyring->save_use();
  impl_->discovery.stop();
  impl_->log->stop();  // or what reads it would hold up the rest
  wait_for_void(impl_->review_opener.stop());
  wait_for_void(impl_->runs.stop());
  wait_for_void(impl_->deployer.stop());
}

void Service::wait_for_void(Task<void> task) {
  std::promise<void> done;
  auto future = done.get_future();
  asio::co_spawn(impl_->loops.executor(0), std::move(task), [&done](const std::exception_ptr& failure) {
    failure ? done.set_exception(failure) : done.set_value();
  });
  future.get();
}

runs::RunService& Service::runs() { return impl_->runs; }
modelops::Deployer& Service::deployer() { return impl_->deployer; }
runs::WebhookPoster& Service::poster() { return impl_->poster; }
review::Reviews& Service::reviews() { return impl_->reviews; }
review::ReviewOpener& Service::review_opener() { return impl_->review_opener; }
logstore::LogStore& Service::log() { return *impl_->log; }
const logstore::Arrivals& Service::arrivals() const { return impl_->arrivals; }
capture::Quarantine& Service::quarantine() { return *impl_->quarantine; }
discovery::Desk& Service::discovery() { return impl_->discovery; }
const logstore::RetentionSweep& Service::retention() const { return impl_->retention; }
auth::Keyring& Service::keyring() { return *impl_->keyring; }
capture::Committer& Service::committer() { return impl_->committer; }
const capture::Redactor& Service::redactor() const { return impl_->redactor; }
Pool& Service::disk() { return impl_->disk; }
Pool& Service::query() { return impl_->query; }
std::vector<const Pool*> Service::pools() const {
  return {&impl_->commit, &impl_->ingest, &impl_->query, &impl_->search, &impl_->load, &impl_->disk, &impl_->cpu};
}
Pool& Service::load() { return impl_->load; }
Pool& Service::cpu() { return impl_->cpu; }
Pool& Service::ingest() { return impl_->ingest; }
Pool& Service::search() { return impl_->search; }
const Clock& Service::clock() const { return impl_->clock; }
const EventLoops& Service::loops() const { return impl_->loops; }
Executor Service::executor() { return impl_->loops.executor(0); }
const fs::path& Service::data_folder() const { return impl_->options.data_folder; }

}  // namespace fw::app
