#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "net/server.h"

namespace fw::net {

/// Log lines about a share of a server's answers, evenly spread: method, path without its query (which may hold
/// secrets), status, bytes, time, and who asked. For ServerOptions::observe; any thread.
class AccessLog final {
 public:
  /// `share`: 0 none, 0.01 every hundredth, 1 all.
  AccessLog(std::string server, double share) : server_(std::move(server)), share_(share) {}

  /// `key`, `person`: who asked, as far as is known; never a secret.
  void note(const Exchange& exchange, std::string_view key = {}, std::string_view person = {});
  /// Whether the next answer is one of those that are logged.
  [[nodiscard]] bool takes_next();

 private:
  std::string server_;
  double share_;
  std::atomic<std::uint64_t> seen_{0};
};

}  // namespace fw::net
