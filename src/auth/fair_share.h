#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace fw::auth {

/// The room of a listener, shared out so that no tenant can take it from the others: while there is room beyond a
/// quarter, anybody may have it; the last quarter is for tenants that hold less than an equal share. Any thread.
class FairShare final {
 public:
  /// `room`: requests at a time; at least 1.
  explicit FairShare(std::size_t room) : room_(room) {}

  /// False: this tenant has to wait until some of its own are done.
  [[nodiscard]] bool enter(const std::string& tenant);
  /// Once for every enter() that was true.
  void leave(const std::string& tenant);
  [[nodiscard]] std::size_t held() const;

 private:
  const std::size_t room_;
  mutable std::mutex mutex_;  // guards what follows
  std::size_t held_ = 0;
  std::unordered_map<std::string, std::size_t> by_tenant_;  // of those that hold something
};

}  // namespace fw::auth
