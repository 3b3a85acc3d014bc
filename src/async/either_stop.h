#pragma once

#include <stop_token>
#include <utility>

namespace fw {

/// A stop token that is stopped once either of two is. Lives at least as long as what waits with its token.
class EitherStop final {
 public:
  EitherStop(std::stop_token one, std::stop_token other)
      : one_(std::move(one), PassOn{either_}), other_(std::move(other), PassOn{either_}) {}
  EitherStop(const EitherStop&) = delete;
  EitherStop& operator=(const EitherStop&) = delete;

  [[nodiscard]] std::stop_token token() const { return either_.get_token(); }

 private:
  struct PassOn {
    std::stop_source to;
    void operator()() { to.request_stop(); }
  };
  std::stop_source either_;
  std::stop_callback<PassOn> one_;
  std::stop_callback<PassOn> other_;
};

}  // namespace fw
