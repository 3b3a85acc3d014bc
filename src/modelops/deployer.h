#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/strong.h"
#include "modelops/engine_log.h"
#include "modelops/model.h"

namespace fw::modelops {

using DeploymentId = Strong<std::string, struct DeploymentIdTag>;

/// A model that answers requests.
struct Deployment {
  DeploymentId id;
  Endpoint endpoint;
  std::string description;  ///< for the report: engine, file type, threads
};

/// What is to be served: a model, and possibly a trained adapter on top of it.
struct DeploymentRequest {
  ModelSpec model;
  std::optional<Adapter> adapter;
  int parallelism = 8;           ///< requests it will get at once
  int restarts = 1;              ///< how often an engine that dies is started again before the deployment has failed
  bool embeds = false;           ///< gives vectors of texts (`/v1/embeddings`) instead of answering chats
  bool answers_traffic = false;  ///< stands behind the gateway: gives way to nothing, as what runs deploy does
  std::shared_ptr<EngineLog> log = {};  ///< told what the engine writes, also one that does not come up; may be absent
};

/// Brings models up and takes them down.
class Deployer {
 public:
  virtual ~Deployer() = default;

  /// What takes long before a model can be served and is kept afterwards: reading, converting. Bounded by the deadline
  /// alone, so that a limit on deploy() is one on the engine's start. deploy() does it too where it has not been done.
  [[nodiscard]] virtual Task<Status> prepare(DeploymentRequest /*request*/, Deadline /*deadline*/) {
    co_return Status{};
  }

  /// Returns when the model answers, or with the engine's own words when it does not come up by the deadline. A
  /// cancelled deadline takes down what was started. A model behind an endpoint of its own is only checked.
  [[nodiscard]] virtual Task<Result<Deployment>> deploy(DeploymentRequest request, Deadline deadline) = 0;

  /// A hint before many requests that begin like `request` (the body of a chat completion): an engine that computes a
  /// prompt's beginning once for each of its slots may compute it once for all. Takes no longer than answering one
  /// request does; that it could not be done is logged, not an error. Nothing for an unknown id or an endpoint.
  [[nodiscard]] virtual Task<void> share_beginning(DeploymentId id, std::string request, Deadline deadline) = 0;

  /// Returns when the deployment has failed for good, with the engine's last words; kNotFound for one that it has
  /// no engine of, the deadline's error when that ends before.
  [[nodiscard]] virtual Task<Error> failure_of(DeploymentId /*id*/, Deadline deadline) {
    while (true) {
      if (const auto slept = co_await sleep_for(std::chrono::hours(1), deadline); !slept.ok()) co_return slept.error();
    }
  }

  /// The process is gone on return. Success for an unknown id.
  [[nodiscard]] virtual Task<Status> undeploy(DeploymentId id) = 0;
};

}  // namespace fw::modelops
