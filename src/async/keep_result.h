#pragma once

#include <optional>
#include <utility>

#include "async/task.h"

namespace fw {

/// A task whose result goes into `result` when it ends: for what starts tasks and can only wait for ones without a
/// value. T needs no default constructor. `result` must outlive the task.
template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
}

}  // namespace fw
