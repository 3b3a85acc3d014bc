#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "async/task.h"

namespace fw {

/// Event loops of one thread each, from construction to destruction. What is begun on one stays on it: its sockets,
/// timers and coroutines never run on two threads at once, so they need neither locks nor strands (which cost a relay a
/// fifth of its time). Work that blocks or computes does not belong here: it would hold up every connection of its
/// loop.
class EventLoops final {
 public:
  explicit EventLoops(int count);
  /// Ends the loops where they stand: whatever uses them has stopped before.
  ~EventLoops();
  EventLoops(const EventLoops&) = delete;
  EventLoops& operator=(const EventLoops&) = delete;

  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  [[nodiscard]] Executor executor(std::size_t index) const;
  /// All of them, for a server that spreads its connections.
  [[nodiscard]] std::vector<Executor> executors() const;

  /// Work given to `executor` never runs on two threads at once: it is the loop of the calling thread, or a strand.
  [[nodiscard]] static bool is_serial(const Executor& executor);

 private:
  struct Loop {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace fw
