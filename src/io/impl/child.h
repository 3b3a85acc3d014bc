#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <mutex>

#include "io/impl/line_splitter.h"
#include "io/impl/spawn.h"
#include "io/process.h"

namespace fw::io {

/// What the launcher's thread and the owner of a Process share about one child.
///
/// Invariants: (1) the descriptors are only touched on the launcher's thread; (2) everything below `mutex_` only with
/// it; (3) the child is reaped exactly once, after its process group was killed, so that the group's number cannot have
/// been given to somebody else when we signal it.
class Process::Child final : public std::enable_shared_from_this<Process::Child> {
 public:
  /// Holds the loop, since a Process may outlive its launcher.
  Child(std::shared_ptr<boost::asio::io_context> loop, const ProcessSpec& spec, const Spawned& spawned);

  /// On the launcher's thread: begins to read and to watch.
  void start();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::optional<ExitStatus> exit_status() const;
  [[nodiscard]] std::vector<std::string> last_lines() const;
  /// Signals the whole group; nothing once the child was reaped.
  void signal_group(int signal);

  /// Waits until `is_true`, which is called with the mutex held, or the deadline.
  [[nodiscard]] Task<Status> wait_until(std::function<bool(const Child&)> is_true, Deadline deadline);
  /// With the mutex held. It was reaped, and what it wrote was read as far as somebody takes it.
  [[nodiscard]] bool is_finished() const { return status_.has_value() && (streams_open_ == 0 || is_queue_full()); }
  [[nodiscard]] bool is_gone() const { return status_.has_value(); }
  [[nodiscard]] bool has_line() const { return !queue_.empty() || streams_open_ == 0; }
  [[nodiscard]] std::optional<std::string> take_line();
  /// Nobody will take lines any more: they are read and dropped.
  void abandon_lines();

 private:
  struct Stream {
    Stream(boost::asio::io_context& loop, int fd, std::size_t limit, std::function<void(std::string)> on_line)
        : descriptor(loop, fd), lines(limit, std::move(on_line)), buffer(16'384, '\0') {}
    boost::asio::posix::stream_descriptor descriptor;
    LineSplitter lines;
    std::string buffer;
    bool is_paused = false;
    bool is_done = false;
  };

  void read(Stream& stream);
  void finish(Stream& stream);
  void take_in(std::string line, bool for_queue);
  void watch_exit();
  void collect();
  void give_up_on_streams_later();
  /// With the mutex held.
  void resume_reading_soon();
  void resume_reading();
  /// With the mutex held: wakes everybody who waits.
  void notify();
  [[nodiscard]] bool is_queue_full() const { return !lines_abandoned_ && queue_.size() >= kQueueLimit; }

  static constexpr std::size_t kQueueLimit = 256;

  std::shared_ptr<boost::asio::io_context> loop_;
  pid_t pid_;
  std::size_t kept_lines_;
  boost::asio::posix::stream_descriptor pidfd_;
  Stream out_;
  Stream err_;
  boost::asio::steady_timer straggler_timer_;

  mutable std::mutex mutex_;
  std::optional<ExitStatus> status_;
  std::deque<std::string> last_lines_;
  std::deque<std::string> queue_;
  bool lines_abandoned_ = false;
  int streams_open_ = 2;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiters_;
};

}  // namespace fw::io
