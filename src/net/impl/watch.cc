#include "net/impl/watch.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fw::net {

namespace asio = boost::asio;

Watch::Watch(Executor strand, Transport& transport)
    : strand_(std::move(strand)), transport_(transport), timer_(strand_) {}

Instant Watch::earliest() const { return *std::min_element(limits_.begin(), limits_.end()); }

void Watch::set(Limit which, Instant when) {
  limit(which) = when;
  schedule();
}

void Watch::writing(Duration patience, Instant until) {
  write_patience_ = patience;
  write_until_ = until;
  unsent_ = transport_.unsent_bytes();
  set(Limit::kWrite, std::min(until, from_now(patience)));
}

void Watch::schedule() {
  const Instant next = earliest();
  if (is_detached_ || next == Instant::max() || timer_at_ <= next) return;
  timer_at_ = next;
  timer_.expires_at(next);
  timer_.async_wait(asio::bind_executor(strand_, [weak = weak_from_this()](const boost::system::error_code& ec) {
    if (const auto self = weak.lock(); self && !ec) self->on_timer();
  }));
}

void Watch::on_timer() {
  timer_at_ = Instant::max();
  if (is_detached_) return;
  const Instant now = kernel_now();
  if (now >= limit(Limit::kWrite)) extend_a_write_that_moves(now);
  if (now >= earliest()) {
    end(ErrorCode::kDeadlineExceeded);
  } else {
    schedule();
  }
}

/// The kernel says that there is room only once much of its queue is free, which takes a slow reader long: what it
/// holds tells whether the peer reads at all.
void Watch::extend_a_write_that_moves(Instant now) {
  const std::size_t unsent = transport_.unsent_bytes();
  if (unsent < unsent_) limit(Limit::kWrite) = std::min(write_until_, saturating_add(now, write_patience_));
  unsent_ = unsent;
}

void Watch::end(ErrorCode verdict) {
  if (is_detached_ || verdict_) return;
  verdict_ = verdict;
  transport_.close();
}

void Watch::detach() {
  is_detached_ = true;
  timer_.cancel();
}

void StopGuard::Post::operator()() const {
  asio::post(watch->strand(), [w = watch, mine = guard] {
    if (w->guard() == mine) w->end(ErrorCode::kCancelled);
  });
}

StopGuard::StopGuard(const std::shared_ptr<Watch>& watch, const std::stop_token& token) {
  if (!token.stop_possible()) return;
  watch_ = watch.get();
  callback_.emplace(token, Post{watch, ++watch->guard_});
}

StopGuard::~StopGuard() {
  if (watch_ != nullptr) ++watch_->guard_;
}

Task<boost::system::error_code> write_rest(Transport& transport, Watch& watch, Gather buffers, Duration patience,
                                           Instant until) {
  boost::system::error_code ec;
  while (!ec && size_of(buffers) > 0) {
    watch.writing(patience, until);
    const std::size_t written =
        co_await transport.async_write_some(buffers, asio::redirect_error(asio::use_awaitable, ec));
    advance(buffers, written);
  }
  watch.clear(Watch::Limit::kWrite);
  co_return ec;
}

}  // namespace fw::net
