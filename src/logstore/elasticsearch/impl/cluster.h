#pragma once

#include <atomic>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "async/event_loops.h"
#include "logstore/elasticsearch/elasticsearch_log_store.h"
#include "net/client.h"

namespace fw::logstore {

/// Calls to the nodes of one cluster, which block. A node that does not answer, is full (429) or starting (502, 503,
/// 504) is followed by the next, with growing pauses, for `retry_for`: what is called must bear being sent twice. Safe
/// from any thread.
class Cluster final {
 public:
  explicit Cluster(const ElasticsearchOptions& options);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// The answer, whatever its status below 500 but 429. `path` begins with a slash.
  [[nodiscard]] Result<net::Response> call(net::Method method, std::string_view path, std::string body = {},
                                           std::string_view content_type = "application/json");
  /// The same, for what must succeed: the answer's JSON.
  [[nodiscard]] Result<nlohmann::json> json(net::Method method, std::string_view path, std::string body = {});

  /// The error in an answer that is no success: its code, the node's own reason, and a remedy where one is known.
  [[nodiscard]] static Error error_of(const net::Response& response);

  /// Ends what waits, and what is called later, with kUnavailable.
  void stop() { stop_.request_stop(); }
  /// Waits, unless stop() was called: false then.
  bool pause(Duration wait);

 private:
  Result<net::Response> once(const net::Request& request, std::size_t node);

  std::vector<std::string> urls_;
  std::string authorization_;
  Duration request_timeout_;
  Duration retry_for_;
  std::atomic<std::size_t> node_ = 0;  // the one that answered last
  std::stop_source stop_;
  EventLoops loops_{1};
  net::Client client_;
};

}  // namespace fw::logstore
