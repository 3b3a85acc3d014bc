#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "async/deadline.h"
#include "base/result.h"

namespace fw {

/// A coroutine that starts when it is awaited and runs on its awaiter's executor. Parameters by value; a task that is
/// neither awaited nor handed to a TaskGroup never runs.
template <class T>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

/// Waits for `wait`, or until the deadline ends (its error then).
[[nodiscard]] Task<Status> sleep_for(Duration wait, Deadline deadline);

}  // namespace fw
