#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "async/task.h"

namespace fw::net {

/// Work given to this executor never runs on two threads at once, because it is a strand.
[[nodiscard]] bool is_strand(const Executor& executor);

namespace detail {
template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
}
}  // namespace detail

/// Awaits `task` where nothing else touches its sockets: in place when the awaiter is on a strand, else on a strand of
/// its own.
template <class T>
Task<T> run_serially(Task<T> task) {
  const Executor here = co_await boost::asio::this_coro::executor;
  if (is_strand(here)) co_return co_await std::move(task);
  std::optional<T> result;
  Executor strand = boost::asio::make_strand(here);
  co_await boost::asio::co_spawn(strand, detail::keep_result(std::move(task), result), boost::asio::use_awaitable);
  co_return std::move(*result);
}

}  // namespace fw::net
