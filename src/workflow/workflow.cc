#include "workflow/workflow.h"

#include <exception>

namespace fw::workflow {

namespace {

Task<Result<std::string>> attempt(const StepWork& work) {
  try {
    co_return co_await work();
  } catch (const std::exception& e) {
    co_return internal(e.what());
  }
}

Task<Result<std::string>> attempt_with_retries(const StepWork& work, RetryPolicy retry, Deadline deadline) {
  for (int number = 1;; ++number) {
    auto result = co_await attempt(work);
    if (result.ok() || deadline.is_cancelled() || !should_retry(retry, number, result.error())) co_return result;
    if (auto slept = co_await sleep_for(pause_after(retry, number), deadline); !slept.ok()) co_return result;
  }
}

}  // namespace

Task<Status> Workflow::load() {
  FW_CO_ASSIGN(history_, co_await journal_.load());
  co_return Status{};
}

Task<Result<std::string>> Workflow::run_step(StepKey key, StepWork work, RetryPolicy retry, Deadline deadline) {
  if (const auto found = history_.steps.find(key); found != history_.steps.end()) co_return found->second.result();
  if (auto status = deadline.check("step " + *key); !status.ok()) co_return status.error();
  const Instant begin = kernel_now();
  auto result = co_await attempt_with_retries(work, retry, deadline);
  if (!result.ok() && deadline.is_cancelled()) co_return cancelled("step " + *key + ": cancelled");
  StepEnd end;
  end.runtime_seconds = to_seconds(kernel_now() - begin);
  if (result.ok()) {
    end.value = *result;
  } else {
    end.error = result.error();
  }
  if (auto status = co_await journal_.record(key, end); !status.ok()) throw JournalFailure(status.error());
  apply(history_, key, end);
  co_return end.result();
}

}  // namespace fw::workflow
