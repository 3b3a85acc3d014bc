#include "runs/impl/run_context.h"

#include "runs/impl/json_fields.h"
#include "runs/impl/outcomes.h"

namespace fw::runs {

Task<Result<modelops::Deployment>> prepare_and_deploy(modelops::Deployer& deployer, modelops::DeploymentRequest request,
                                                      Deadline deadline, Duration limit) {
  try {
    FW_CO_TRY(co_await deployer.prepare(request, deadline));
    co_return co_await deployer.deploy(std::move(request), deadline.within(limit));
  } catch (const std::exception& e) {
    co_return internal(e.what());
  }
}

Task<Result<std::string>> RunContext::step(Stage stage, std::optional<std::size_t> candidate, workflow::StepWork work,
                                           workflow::RetryPolicy retry) {
  const auto key = step_key(stage, candidate);
  if (!workflow.has_ended(key) && !deadline.is_cancelled()) {
    co_await record->append({record->event(StageStarted{stage, candidate})});
  }
  co_return co_await workflow.run_step(key, std::move(work), retry, deadline);
}

Task<Result<modelops::Deployment>> RunContext::deploy(Stage stage, std::size_t candidate,
                                                      modelops::DeploymentRequest request) {
  if (auto status = deadline.check("deploy"); !status.ok()) co_return status.error();
  co_await record->append({record->event(StageStarted{stage, candidate})});
  const Instant begin = dependencies.clock.instant();
  auto deployed =
      co_await prepare_and_deploy(dependencies.deployer, std::move(request), deadline, options.deploy_timeout);
  if (!deployed.ok() && deadline.is_cancelled()) co_return deployed;
  StageFinished end{.stage = stage, .candidate = candidate};
  end.runtime_seconds = to_seconds(dependencies.clock.instant() - begin);
  if (deployed.ok()) {
    end.outcome = dump(deployment_json(deployed->description));
  } else {
    end.error = deployed.error().message;
  }
  std::exception_ptr failure;
  try {
    co_await record->append({record->event(std::move(end))});
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    if (deployed.ok()) static_cast<void>(co_await dependencies.deployer.undeploy(deployed->id));
    std::rethrow_exception(failure);
  }
  co_return deployed;
}

}  // namespace fw::runs
