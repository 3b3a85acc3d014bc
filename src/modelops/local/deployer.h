#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "async/pool.h"
#include "async/task_group.h"
#include "io/process.h"
#include "modelops/deployer.h"
#include "modelops/local/settings.h"
#include "net/client.h"

namespace fw::modelops {

/// Serves models on this machine, a `llama-server` process each, on a free port of 127.0.0.1; a model behind an
/// endpoint of its own is only checked (modelops/openai/endpoint_check.h).
///
/// - The weights are served in the type this processor is fastest with, out of a cache of converted files. An embedding
///   model's file is served as it is, with its own pooling, or the mean over a text's tokens where it names none.
/// - A tuned adapter is a deployment of its own beside its base: its process serves a file with the adapter merged in,
///   or, where flywheel-trainer is missing or the type is no 16 or 32 bit one, the base's file (mapped, so that both
///   processes share its memory) with `--lora`.
/// - An engine answers only who has its key: a random one for each deployment, in the headers of its endpoint.
/// - An engine that crashes is started again on its port, as often as the request says; requests in between fail. After
///   one crash more the deployment has failed: status() says how, its port stays closed.
///
/// Everything passed in must outlive the deployer, and `executor`'s context must be running. All members may be called
/// from any thread. stop() before destruction.
class LocalDeployer final : public Deployer {
 public:
  LocalDeployer(LocalSettings settings, io::ProcessLauncher& launcher, net::Client& client, Pool& disk,
                Executor executor);
  ~LocalDeployer() override;

  Task<Status> prepare(DeploymentRequest request, Deadline deadline) override;
  Task<Result<Deployment>> deploy(DeploymentRequest request, Deadline deadline) override;
  Task<void> share_beginning(DeploymentId id, std::string request, Deadline deadline) override;
  Task<Error> failure_of(DeploymentId id, Deadline deadline) override;
  Task<Status> undeploy(DeploymentId id) override;

  /// Success while it answers or is being restarted; the engine's last words after it failed for good. kNotFound for an
  /// unknown id.
  [[nodiscard]] Status status(const DeploymentId& id) const;
  /// The process behind a deployment, for tests and metrics; 0 while there is none.
  [[nodiscard]] int process_id(const DeploymentId& id) const;

  /// Takes everything down.
  [[nodiscard]] Task<void> stop();

 private:
  struct Served;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::modelops
