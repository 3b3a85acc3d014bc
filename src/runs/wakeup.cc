#include "runs/impl/wakeup.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fw::runs {

namespace asio = boost::asio;

void Wakeup::signal() {
  asio::post(strand_, [self = shared_from_this()] {
    self->is_signalled_ = true;
    self->timer_.cancel();
  });
}

Task<Status> Wakeup::wait(Deadline deadline) {
  co_return co_await asio::co_spawn(strand_, wait_on_strand(shared_from_this(), deadline), asio::use_awaitable);
}

Task<Status> Wakeup::wait_on_strand(std::shared_ptr<Wakeup> self, Deadline deadline) {
  const std::stop_callback wake(deadline.stop_token(),
                                [self] { asio::post(self->strand_, [self] { self->timer_.cancel(); }); });
  while (!self->is_signalled_) {
    if (auto status = deadline.check("wait for events"); !status.ok()) co_return status;
    self->timer_.expires_at(deadline.when());
    boost::system::error_code ignored;
    co_await self->timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  self->is_signalled_ = false;
  co_return Status{};
}

}  // namespace fw::runs
