#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

#include "async/task.h"

namespace fw {

/// Owns concurrent tasks: starts them, can ask all of them to stop, and waits for them. Nothing runs detached. Tasks
/// see the group's stop token through the Deadline they were made with. All members may be called from any thread.
///
/// The group must be joined (`co_await join()` or `join_blocking()`) before it is destroyed.
class TaskGroup final {
 public:
  explicit TaskGroup(Executor executor);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts a task. An exception that leaves it is logged with `name` and ends that task alone. After request_stop()
  /// new tasks still start; they find their token stopped.
  void spawn(std::string_view name, Task<void> task);
  /// The same on another executor (a strand).
  void spawn_on(Executor executor, std::string_view name, Task<void> task);

  [[nodiscard]] std::stop_token stop_token() const;
  void request_stop();
  [[nodiscard]] std::size_t size() const;

  /// Waits until no task is left.
  [[nodiscard]] Task<void> join();
  /// The same for a thread that runs no event loop.
  void join_blocking();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Awaits `body(0) .. body(count - 1)`, at most `parallelism` at a time, on the awaiter's executor (its strand, if it
/// has one). After the deadline's stop no new ones start. Returns when all started ones have returned; the first
/// exception is rethrown then.
[[nodiscard]] Task<void> for_each_bounded(std::size_t count, std::size_t parallelism, Deadline deadline,
                                          std::function<Task<void>(std::size_t)> body);

}  // namespace fw
