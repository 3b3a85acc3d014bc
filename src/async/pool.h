#pragma once

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/task.h"

namespace fw {

/// Named threads for work that blocks (`disk`) or computes (`cpu`), apart from the threads that serve sockets. The
/// destructor waits for what runs. Owned by the composition root, outlives everything that uses it.
class Pool final {
 public:
  Pool(std::string name, int threads) : name_(std::move(name)), pool_(static_cast<std::size_t>(threads)) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { pool_.join(); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] boost::asio::thread_pool::executor_type executor() { return pool_.get_executor(); }

 private:
  std::string name_;
  boost::asio::thread_pool pool_;
};

/// Runs the plain function `work` on the pool and comes back to the awaiter's executor with its result; exceptions too.
/// `work` must not touch what the awaiter may change meanwhile.
template <class Work>
Task<std::invoke_result_t<Work>> run_on(Pool& pool, Work work) {
  const auto home = co_await boost::asio::this_coro::executor;
  co_await boost::asio::post(boost::asio::bind_executor(pool.executor(), boost::asio::use_awaitable));
  std::exception_ptr failure;
  if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await boost::asio::post(boost::asio::bind_executor(home, boost::asio::use_awaitable));
    if (failure) std::rethrow_exception(failure);
  } else {
    std::optional<std::invoke_result_t<Work>> result;
    try {
      result.emplace(work());
    } catch (...) {
      failure = std::current_exception();
    }
    co_await boost::asio::post(boost::asio::bind_executor(home, boost::asio::use_awaitable));
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*result);
  }
}

}  // namespace fw
