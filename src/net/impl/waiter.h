#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "async/task.h"

namespace fw::net {

/// Where one coroutine waits until a callback on the same strand resumes it. Must be empty when it is destroyed, unless
/// the whole executor goes.
class Waiter final {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  [[nodiscard]] bool is_waiting() const { return resume_ != nullptr; }
  [[nodiscard]] Task<void> wait() {
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto resume) { resume_ = std::make_unique<Resume<decltype(resume)>>(std::move(resume)); },
        boost::asio::use_awaitable);
  }
  /// Goes on with the coroutine before it returns; nothing when none waits.
  void resume() {
    if (const auto resume = std::move(resume_)) resume->call();
  }

 private:
  struct AnyResume {
    AnyResume() = default;
    AnyResume(const AnyResume&) = delete;
    AnyResume& operator=(const AnyResume&) = delete;
    virtual ~AnyResume() = default;
    virtual void call() = 0;
  };
  template <class Handler>
  struct Resume final : AnyResume {
    explicit Resume(Handler h) : handler(std::move(h)) {}
    void call() override { std::move(handler)(); }
    Handler handler;
  };
  std::unique_ptr<AnyResume> resume_;
};

}  // namespace fw::net
