#pragma once

#include <optional>
#include <utility>

#include "async/keep_result.h"
#include "async/task.h"

namespace fw {

void run_blocking(Task<void> task);

/// Runs one task to its end on an event loop of its own, in the calling thread: for command-line programs and tests.
/// T needs no default constructor, so that a Task<Result<...>> can be run.
template <class T>
T run_blocking(Task<T> task) {
  std::optional<T> result;
  run_blocking(keep_result(std::move(task), result));
  return std::move(*result);
}

}  // namespace fw
