#include "io/impl/child.h"

#include <sys/wait.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

namespace fw::io {

namespace asio = boost::asio;

namespace {

// How long a pipe may stay open after the child's end: only a process that left the group can hold it.
constexpr auto kStragglerTime = std::chrono::milliseconds(500);

ExitStatus reap(pid_t pid) {
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return {.code = 255};
  if (info.si_code == CLD_EXITED) return {.code = info.si_status};
  return {.signal = info.si_status};
}

/// Asked, because a descriptor that takes over the number of a closed one may be reported ready in its stead.
bool has_ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

}  // namespace

Process::Child::Child(std::shared_ptr<asio::io_context> loop, const ProcessSpec& spec, const Spawned& spawned)
    : loop_(std::move(loop)),
      pid_(spawned.pid),
      kept_lines_(spec.kept_lines),
      pidfd_(*loop_, spawned.pidfd),
      out_(*loop_, spawned.out, spec.line_limit,
           [this, streams = spec.stream_output](std::string line) { take_in(std::move(line), streams); }),
      err_(*loop_, spawned.err, spec.line_limit, [this](std::string line) { take_in(std::move(line), false); }),
      straggler_timer_(*loop_) {}

void Process::Child::start() {
  watch_exit();
  read(out_);
  read(err_);
}

void Process::Child::read(Stream& stream) {
  stream.is_paused = false;
  stream.descriptor.async_read_some(
      asio::buffer(stream.buffer),
      [self = shared_from_this(), &stream](const boost::system::error_code& error, std::size_t n) {
        if (stream.is_done) return;
        stream.lines.feed(std::string_view(stream.buffer).substr(0, n));
        if (error) return self->finish(stream);
        {
          const std::lock_guard lock(self->mutex_);
          stream.is_paused = &stream == &self->out_ && self->is_queue_full();
          if (stream.is_paused) return self->notify();
        }
        self->read(stream);
      });
}

void Process::Child::finish(Stream& stream) {
  if (std::exchange(stream.is_done, true)) return;
  stream.lines.finish();
  boost::system::error_code ignored;
  stream.descriptor.close(ignored);
  const std::lock_guard lock(mutex_);
  if (--streams_open_ == 0) straggler_timer_.cancel();
  notify();
}

void Process::Child::take_in(std::string line, bool for_queue) {
  const std::lock_guard lock(mutex_);
  if (!for_queue) {
    last_lines_.push_back(std::move(line));
    if (last_lines_.size() > kept_lines_) last_lines_.pop_front();
  } else if (!lines_abandoned_) {
    queue_.push_back(std::move(line));
    notify();
  }
}

void Process::Child::watch_exit() {
  pidfd_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [self = shared_from_this()](const boost::system::error_code& error) {
                      if (!error) self->collect();
                    });
}

void Process::Child::collect() {
  if (!has_ended(pid_)) return watch_exit();
  {
    const std::lock_guard lock(mutex_);
    ::kill(-pid_, SIGKILL);  // what it started and left behind; the unreaped child still holds the group's number
    status_ = reap(pid_);
    notify();
  }
  boost::system::error_code ignored;
  pidfd_.close(ignored);
  give_up_on_streams_later();
}

void Process::Child::give_up_on_streams_later() {
  if (out_.is_done && err_.is_done) return;
  straggler_timer_.expires_after(kStragglerTime);
  straggler_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;
    for (Stream* stream : {&self->out_, &self->err_}) {
      if (!stream->is_paused) self->finish(*stream);
    }
  });
}

void Process::Child::resume_reading() {
  if (!out_.is_paused || out_.is_done) return;
  if (exit_status()) give_up_on_streams_later();
  read(out_);
}

std::optional<ExitStatus> Process::Child::exit_status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::vector<std::string> Process::Child::last_lines() const {
  const std::lock_guard lock(mutex_);
  return {last_lines_.begin(), last_lines_.end()};
}

void Process::Child::signal_group(int signal) {
  const std::lock_guard lock(mutex_);
  if (!status_) ::kill(-pid_, signal);
}

std::optional<std::string> Process::Child::take_line() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  std::string line = std::move(queue_.front());
  queue_.pop_front();
  if (queue_.size() == kQueueLimit / 2) resume_reading_soon();
  return line;
}

void Process::Child::abandon_lines() {
  const std::lock_guard lock(mutex_);
  lines_abandoned_ = true;
  queue_.clear();
  resume_reading_soon();
}

void Process::Child::resume_reading_soon() {
  // With all streams read there may be no loop any more, and what is posted to it would hold us, and we it, for ever.
  if (streams_open_ > 0) asio::post(*loop_, [self = shared_from_this()] { self->resume_reading(); });
}

Task<Status> Process::Child::wait_until(std::function<bool(const Child&)> is_true, Deadline deadline) {
  const auto self = shared_from_this();
  const auto executor = co_await asio::this_coro::executor;
  while (true) {
    const auto timer = std::make_shared<asio::steady_timer>(executor, deadline.when());
    {
      const std::lock_guard lock(mutex_);
      if (is_true(*this)) co_return Status{};
      FW_CO_TRY(deadline.check("wait for process " + std::to_string(pid_)));
      waiters_.push_back(timer);
    }
    const std::stop_callback wake(deadline.stop_token(), [timer, executor] {
      asio::post(executor, [timer] { timer->expires_at(Instant::min()); });
    });
    boost::system::error_code ignored;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const std::lock_guard lock(mutex_);
    std::erase(waiters_, timer);
  }
}

void Process::Child::notify() {
  for (const auto& timer : std::exchange(waiters_, {})) {
    asio::post(timer->get_executor(), [timer] { timer->expires_at(Instant::min()); });
  }
}

}  // namespace fw::io
