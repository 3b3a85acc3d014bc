#include "net/access_log.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"

namespace fw::net {

bool AccessLog::takes_next() {
  if (share_ <= 0) return false;
  const auto before = static_cast<double>(seen_.fetch_add(1, std::memory_order_relaxed));
  return std::floor((before + 1) * share_) > std::floor(before * share_);
}

void AccessLog::note(const Exchange& exchange, std::string_view key, std::string_view person) {
  if (!takes_next()) return;
  log_info("access", "answered",
           {{"server", server_},
            {"method", exchange.method},
            {"path", exchange.target.substr(0, std::min<std::size_t>(exchange.target.find('?'), 200))},
            {"status", exchange.status},
            {"bytes", exchange.bytes},
            {"ms", to_seconds(exchange.took) * 1e3},
            {"complete", exchange.is_complete},
            {"peer", exchange.peer},
            {"key", key},
            {"person", person}});
}

}  // namespace fw::net
