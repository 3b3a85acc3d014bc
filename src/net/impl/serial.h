#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "async/event_loops.h"
#include "async/keep_result.h"

namespace fw::net {

/// Awaits `task` on `home`, which is serial: in place when the awaiter is there.
template <class T>
Task<T> run_at(Executor home, Task<T> task) {
  if (co_await boost::asio::this_coro::executor == home) co_return co_await std::move(task);
  std::optional<T> result;
  co_await boost::asio::co_spawn(home, keep_result(std::move(task), result), boost::asio::use_awaitable);
  co_return std::move(*result);
}

/// Awaits `task` where nothing else touches its sockets: in place when the awaiter is on a strand or a loop, else on a
/// strand of its own.
template <class T>
Task<T> run_serially(Task<T> task) {
  const Executor here = co_await boost::asio::this_coro::executor;
  if (EventLoops::is_serial(here)) co_return co_await std::move(task);
  co_return co_await run_at(Executor(boost::asio::make_strand(here)), std::move(task));
}

}  // namespace fw::net
