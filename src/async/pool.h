#pragma once

#include <atomic>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/task.h"
#include "async/thread_niceness.h"

namespace fw {

/// Named threads for one kind of work that blocks or computes (`commit`, `load`, `query`, `disk`, `cpu`), apart from
/// the threads that serve sockets. One kind waits for itself alone: what takes seconds has a pool of its own. The
/// destructor waits for what runs. Owned by the composition root, outlives everything that uses it.
class Pool final {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  /// `most_waiting`: how much work run_if_room() lets wait for a thread. `niceness`: how much its threads, and those
  /// that they start, give way to the others of the process, 0 to 19.
  Pool(std::string name, int threads, std::size_t most_waiting = kNoLimit, int niceness = 0)
      : name_(std::move(name)),
        most_waiting_(most_waiting),
        niceness_(niceness),
        pool_(static_cast<std::size_t>(threads)) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { pool_.join(); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] boost::asio::thread_pool::executor_type executor() { return pool_.get_executor(); }

  // Of the work given to it by run_on() and run_if_room().
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::size_t running() const { return running_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::size_t most_waiting() const { return most_waiting_; }

  /// One in a count while it lives.
  class Counted final {
   public:
    explicit Counted(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

   private:
    std::atomic<std::size_t>& count_;
  };
  [[nodiscard]] Counted count_waiting() { return Counted(waiting_); }
  /// On the pool's own thread, before the work: that thread gives way from then on.
  [[nodiscard]] Counted begin_running() {
    if (niceness_ > 0) set_thread_niceness(niceness_);
    return Counted(running_);
  }
  void count_refused() { ++refused_; }

 private:
  std::string name_;
  std::size_t most_waiting_;
  int niceness_;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<std::size_t> running_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  boost::asio::thread_pool pool_;
};

/// Runs the plain function `work` on the pool and comes back to the awaiter's executor with its result; exceptions too.
/// `work` must not touch what the awaiter may change meanwhile.
template <class Work>
Task<std::invoke_result_t<Work>> run_on(Pool& pool, Work work) {
  const auto home = co_await boost::asio::this_coro::executor;
  {
    const auto waiting = pool.count_waiting();
    co_await boost::asio::post(boost::asio::bind_executor(pool.executor(), boost::asio::use_awaitable));
  }
  std::exception_ptr failure;
  if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
    try {
      const auto running = pool.begin_running();
      work();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await boost::asio::post(boost::asio::bind_executor(home, boost::asio::use_awaitable));
    if (failure) std::rethrow_exception(failure);
  } else {
    std::optional<std::invoke_result_t<Work>> result;
    try {
      const auto running = pool.begin_running();
      result.emplace(work());
    } catch (...) {
      failure = std::current_exception();
    }
    co_await boost::asio::post(boost::asio::bind_executor(home, boost::asio::use_awaitable));
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*result);
  }
}

/// The same for `work` that gives a Result, and for callers that would rather be refused than wait in a long line:
/// kUnavailable when the pool's limit is reached.
template <class Work>
Task<std::invoke_result_t<Work>> run_if_room(Pool& pool, Work work) {
  if (pool.waiting() >= pool.most_waiting()) {
    pool.count_refused();
    co_return unavailable("too much is asked at once: " + std::to_string(pool.waiting()) + " requests wait for the " +
                          pool.name() + " threads; try again in a moment");
  }
  co_return co_await run_on(pool, std::move(work));
}

}  // namespace fw
