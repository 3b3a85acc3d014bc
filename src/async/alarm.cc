#include "async/alarm.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace fw {

namespace asio = boost::asio;

Task<void> Alarm::wait(std::shared_ptr<Alarm> alarm) {
  const auto begin = [&alarm](auto resume) {
    const std::lock_guard lock(alarm->mutex_);
    const auto home = asio::get_associated_executor(resume);
    if (alarm->has_rung_) return asio::post(home, std::move(resume));
    alarm->timer_.async_wait(asio::bind_executor(
        home, [go_on = std::move(resume)](const boost::system::error_code&) mutable { std::move(go_on)(); }));
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(begin, asio::use_awaitable);
}

void Alarm::ring() {
  const std::lock_guard lock(mutex_);
  has_rung_ = true;
  timer_.cancel();
}

}  // namespace fw
