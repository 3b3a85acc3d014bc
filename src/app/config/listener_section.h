#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/config/yaml_section.h"
#include "base/clock.h"
#include "net/tls.h"

namespace fw::app {

/// Where something listens: the keys that all listeners have.
struct ListenerSettings {
  bool enabled = true;
  std::string listen = "127.0.0.1";
  int port = 0;                 ///< 0: one that is free
  std::string public_url;       ///< how others reach it, if not by address; empty: the control API's alone
  std::string tls_certificate;  ///< PEM file; empty: plain HTTP
  std::string tls_key;
  bool insecure = false;                          ///< may listen beyond this machine without TLS and without keys
  std::uint64_t max_connections = 1024;           ///< that may be open
  std::uint64_t max_connections_per_address = 0;  ///< 0: no limit
  Duration drain = std::chrono::seconds(20);      ///< that running answers get when the service stops
  double access_log = 0;                          ///< share of the answers that get a line in the log

  [[nodiscard]] std::optional<net::ServerTls> tls() const;
  /// This machine alone reaches it.
  [[nodiscard]] bool is_local() const;
};

/// `elasticsearch`: the Elasticsearch dialect.
struct ElasticsearchSettings {
  ListenerSettings listener{.port = 9200};
  std::string index = "flywheel";  ///< the index that is all traffic
  std::string version;             ///< that clients are told; empty: one that fits the client
};

/// `otlp`: OTLP over HTTP.
struct OtlpSettings {
  ListenerSettings listener{.port = 4318};
  std::vector<std::string> workload_attributes;  ///< empty: those of the way in
  std::vector<std::string> client_attributes;
  double join_window_seconds = 300;
};

/// `listen`, `port`, `tls_certificate`, `tls_key`, `drain_seconds`, `access_log` and the limits on connections of a
/// section.
void read_address(YamlSection& section, ListenerSettings& settings);
/// These, `public_url`, `enabled` and `insecure`, which go before the address is held against them.
void read_listener(YamlSection& section, ListenerSettings& settings, const Environment& environment);
void read_elasticsearch(YamlSection& root, ElasticsearchSettings& settings, const Environment& environment);
void read_otlp(YamlSection& root, OtlpSettings& settings, const Environment& environment);

}  // namespace fw::app
