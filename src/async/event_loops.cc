#include "async/event_loops.h"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

namespace fw {

namespace asio = boost::asio;

namespace {

/// The loop that the calling thread runs, if it runs one.
thread_local const asio::io_context* this_loop = nullptr;

template <class Loops>
void end_loops(const Loops& loops) {
  for (const auto& loop : loops) loop->context.stop();
  for (const auto& loop : loops) {
    if (loop->thread.joinable()) loop->thread.join();
  }
}

}  // namespace

EventLoops::EventLoops(int count) {
  for (int i = 0; i < count; ++i) {
    auto& loop = *loops_.emplace_back(std::make_unique<Loop>());
    try {
      loop.thread = std::thread([&loop] {
        this_loop = &loop.context;
        loop.context.run();
      });
    } catch (...) {
      end_loops(loops_);  // those that were begun
      throw;
    }
  }
}

EventLoops::~EventLoops() { end_loops(loops_); }

Executor EventLoops::executor(std::size_t index) const { return loops_.at(index)->context.get_executor(); }

std::vector<Executor> EventLoops::executors() const {
  std::vector<Executor> all;
  for (const auto& loop : loops_) all.emplace_back(loop->context.get_executor());
  return all;
}

bool EventLoops::is_serial(const Executor& executor) {
  if (const auto* loop = executor.target<asio::io_context::executor_type>()) return &loop->context() == this_loop;
  return executor.target<asio::strand<Executor>>() != nullptr ||
         executor.target<asio::strand<asio::io_context::executor_type>>() != nullptr ||
         executor.target<asio::strand<asio::thread_pool::executor_type>>() != nullptr;
}

}  // namespace fw
