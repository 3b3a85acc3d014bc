#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "async/task.h"
#include "workflow/journal.h"
#include "workflow/retry.h"

namespace fw::workflow {

/// What a step does. It may run more than once (the process may die before its end is recorded), so its effects must
/// bear repetition.
using StepWork = std::function<Task<Result<std::string>>()>;

/// Runs steps durably: a step whose end is in the journal is not run again, its recorded end is returned; any other is
/// run and its end recorded before run_step returns. An interrupted step (its deadline was cancelled) leaves no record.
/// Belongs to one strand; its coroutines may run steps of different keys at once. The journal outlives it.
///
/// Invariants: (1) for one key every caller, in this process and in later ones, sees the same end; (2) when run_step
/// returns an end, it is durable.
class Workflow final {
 public:
  explicit Workflow(Journal& journal) : journal_(journal) {}
  Workflow(const Workflow&) = delete;
  Workflow& operator=(const Workflow&) = delete;

  /// Reads the journal; before the first step.
  [[nodiscard]] Task<Status> load();
  [[nodiscard]] bool has_ended(const StepKey& key) const { return history_.steps.contains(key); }
  [[nodiscard]] const History& history() const { return history_; }

  /// The step's end. An error of the journal itself is thrown as JournalFailure: the workflow cannot go on then.
  /// An exception that leaves `work` is the step's error.
  [[nodiscard]] Task<Result<std::string>> run_step(StepKey key, StepWork work, RetryPolicy retry, Deadline deadline);

 private:
  Journal& journal_;
  History history_;
};

/// Thrown when a step's end could not be recorded.
class JournalFailure final : public std::runtime_error {
 public:
  explicit JournalFailure(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

}  // namespace fw::workflow
