#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/task.h"

namespace fw::runs {

/// One message of a job's event stream, ready for server-sent events.
struct StreamEvent {
  std::optional<std::int64_t> id;  ///< counts a job's durable events from 1; absent for `progress`
  std::string kind;                ///< `job`, `stage`, `candidate`, `progress`
  std::string data;                ///< one line of JSON
};

/// A reader of one job's events: first the durable ones after the id it asked for, then what happens from now on. One
/// coroutine at a time. A reader that is too slow loses progress events (the oldest of more than 256), never durable
/// ones.
class Subscription final {
 public:
  struct State;
  explicit Subscription(std::shared_ptr<State> state);
  ~Subscription();
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;

  /// The next event; nullopt when the job has ended and every event was delivered, or when it was deleted. An error
  /// when the deadline ends or the store cannot be read.
  [[nodiscard]] Task<Result<std::optional<StreamEvent>>> next(Deadline deadline);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace fw::runs
