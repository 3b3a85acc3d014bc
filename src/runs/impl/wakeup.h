#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <memory>

#include "async/task.h"

namespace fw::runs {

/// A signal from any thread to one waiting coroutine. A signal that comes before the wait is kept.
class Wakeup final : public std::enable_shared_from_this<Wakeup> {
 public:
  explicit Wakeup(Executor executor) : strand_(boost::asio::make_strand(std::move(executor))), timer_(strand_) {}

  void signal();
  /// Returns after a signal; the deadline's error when that ends first.
  [[nodiscard]] Task<Status> wait(Deadline deadline);

 private:
  [[nodiscard]] static Task<Status> wait_on_strand(std::shared_ptr<Wakeup> self, Deadline deadline);

  boost::asio::strand<Executor> strand_;
  boost::asio::steady_timer timer_;  ///< touched on the strand only
  bool is_signalled_ = false;        ///< the same
};

}  // namespace fw::runs
