#include "net/impl/watch.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

namespace fw::net {

namespace asio = boost::asio;

Watch::Watch(Executor strand, std::function<void()> close)
    : strand_(std::move(strand)), close_(std::move(close)), timer_(strand_) {}

Instant Watch::earliest() const { return *std::min_element(limits_.begin(), limits_.end()); }

void Watch::set(Limit limit, Instant when) {
  limits_[static_cast<std::size_t>(limit)] = when;
  schedule();
}

void Watch::schedule() {
  const Instant next = earliest();
  if (is_retired_ || next == Instant::max() || timer_at_ <= next) return;
  timer_at_ = next;
  timer_.expires_at(next);
  timer_.async_wait(asio::bind_executor(strand_, [self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec) self->on_timer();
  }));
}

void Watch::on_timer() {
  timer_at_ = Instant::max();
  if (std::chrono::steady_clock::now() >= earliest()) {
    end(ErrorCode::kDeadlineExceeded);
  } else {
    schedule();
  }
}

void Watch::end(ErrorCode verdict) {
  if (is_retired_ || verdict_) return;
  verdict_ = verdict;
  close_();
}

void Watch::retire() {
  is_retired_ = true;
  timer_.cancel();
}

void StopGuard::Post::operator()() const {
  asio::post(watch->strand(), [w = watch, active = is_active] {
    if (*active) w->end(ErrorCode::kCancelled);
  });
}

StopGuard::StopGuard(const std::shared_ptr<Watch>& watch, const std::stop_token& token) {
  if (!token.stop_possible()) return;
  is_active_ = std::make_shared<bool>(true);
  callback_.emplace(token, Post{watch, is_active_});
}

StopGuard::~StopGuard() {
  if (is_active_) *is_active_ = false;
}

}  // namespace fw::net
