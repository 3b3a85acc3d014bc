#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config/config.h"
#include "async/event_loops.h"
#include "async/keep_result.h"
#include "async/pool.h"
#include "async/task.h"
#include "auth/keyring.h"
#include "base/clock.h"
#include "capture/committer/committer.h"
#include "capture/quarantine.h"
#include "capture/redaction/redactor.h"
#include "discovery/desk.h"
#include "logstore/arrivals.h"
#include "logstore/log_store.h"
#include "modelops/deployer.h"
#include "review/opener.h"
#include "review/reviews.h"
#include "runs/run_service.h"

namespace fw::app {

struct ServiceOptions {
  std::filesystem::path data_folder;  ///< made if need be; one process at a time
  Config config;
};

/// The composition root: everything that a run needs, built in the order of dependency and taken down in reverse. Below
/// the data folder it keeps `log/`, `metadata.sqlite`, `datasets/`, `models/`, `engines/`, `jobs/`, `quarantine/`,
/// `uploads/`, `backups/` and `accepted_workloads.json`. Threads: event loops of one thread each, and a pool for each
/// kind of work that blocks. stop() before destruction.
class Service final {
 public:
  /// Opens the stores. Errors name the folder and the remedy.
  [[nodiscard]] static Result<std::unique_ptr<Service>> open(ServiceOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// How receivers of webhooks reach the API. Before start().
  void set_public_url(std::string url);
  /// Takes up what an earlier process left unfinished.
  [[nodiscard]] Status start();
  /// Ends runs where they stand, engines and trainers with them; they go on at the next start.
  void stop();

  /// Whether runs can be done: kUnavailable while the service starts or stops, and when a configured model needs an
  /// engine that is not installed; why the log store's writes fail, while they do. Any thread, never blocks.
  [[nodiscard]] Status readiness() const;

  [[nodiscard]] runs::RunService& runs();
  [[nodiscard]] modelops::Deployer& deployer();
  [[nodiscard]] runs::WebhookPoster& poster();
  [[nodiscard]] review::Reviews& reviews();
  [[nodiscard]] review::ReviewOpener& review_opener();
  [[nodiscard]] logstore::LogStore& log();
  /// What came into it last.
  [[nodiscard]] const logstore::Arrivals& arrivals() const;
  [[nodiscard]] capture::Quarantine& quarantine();
  /// Workloads that are looked for, and those that were accepted.
  [[nodiscard]] discovery::Desk& discovery();
  [[nodiscard]] const logstore::RetentionSweep& retention() const;
  [[nodiscard]] auth::Keyring& keyring();
  /// The road of live traffic into the log store.
  [[nodiscard]] capture::Committer& committer();
  /// What every way in has to pass.
  [[nodiscard]] const capture::Redactor& redactor() const;
  [[nodiscard]] Pool& disk();
  [[nodiscard]] Pool& query();
  [[nodiscard]] Pool& load();
  [[nodiscard]] std::vector<const Pool*> pools() const;
  [[nodiscard]] Pool& cpu();
  [[nodiscard]] Pool& ingest();
  [[nodiscard]] Pool& search();
  [[nodiscard]] const Clock& clock() const;
  [[nodiscard]] Executor executor();
  [[nodiscard]] const EventLoops& loops() const;
  [[nodiscard]] const std::filesystem::path& data_folder() const;

  /// A task to its end on the service's threads, from a thread that is none of them.
  template <class T>
  T wait_for(Task<T> task);

 private:
  struct Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  void wait_for_void(Task<void> task);
  std::unique_ptr<Impl> impl_;
};

template <class T>
T Service::wait_for(Task<T> task) {
  std::optional<T> result;
  wait_for_void(keep_result(std::move(task), result));
  return std::move(*result);
}

}  // namespace fw::app
