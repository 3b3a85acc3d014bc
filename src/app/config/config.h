#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/config/listener_section.h"
#include "app/config/yaml_section.h"
#include "auth/settings.h"
#include "base/log.h"
#include "base/result.h"
#include "capture/gateway/settings.h"
#include "capture/redaction/settings.h"
#include "logstore/elasticsearch/elasticsearch_log_store.h"
#include "logstore/retention.h"
#include "promotion/settings.h"
#include "review/queue.h"
#include "runs/run_config.h"

namespace fw::app {

/// `server`: where the control API listens and what it accepts.
struct ServerSettings {
  ListenerSettings listener{.port = 8000, .max_connections = 512};
  std::uint64_t max_body_bytes = 16ULL << 20;
  std::string public_url;  ///< how others reach the API, in webhooks; empty: from listen and port
};

/// `engines`: the programs that serve and train on this machine. An empty path means: beside this program, then in the
/// cache that scripts/setup fills, then in PATH.
struct EngineSettings {
  std::filesystem::path llama_server;
  std::filesystem::path llama_quantize;
  std::filesystem::path trainer;
  int threads = 0;    ///< 0: one per processor
  int niceness = 10;  ///< of what runs start and compute: how much it gives way to the ways in and to promoted models
  double ready_timeout_seconds = 120;
  double deploy_timeout_seconds = 600;  ///< until a deployment is up; reading and converting a model do not count
  std::string serving_type;             ///< GGUF type that models are served in; empty: the fastest for this processor
};

/// `log_store`: where traffic lies.
struct LogStoreSettings {
  std::optional<logstore::ElasticsearchOptions> elasticsearch;  ///< the embedded store without it
  std::uint64_t max_journal_bytes = 8ULL << 30;                 ///< that wait while the cluster is away
  logstore::Retention retention;
};

/// A configuration file, checked: the blueprint's keys and ours (docs/configuration.md).
struct Config {
  runs::RunConfig run;
  ServerSettings server;
  LogStoreSettings log_store;
  ElasticsearchSettings elasticsearch;
  OtlpSettings otlp;
  EngineSettings engines;
  capture::GatewaySettings gateway;
  ListenerSettings gateway_listener{.port = 8001, .max_connections = 16'384};
  promotion::Settings promotion;
  std::vector<runs::Webhook> promotion_webhooks;  ///< told of every entry of the audit log
  auth::Settings auth;
  capture::RedactionSettings redact;
  review::ReviewSettings review;
  LogLevel log_level = LogLevel::kInfo;
  bool log_json = false;
  std::vector<std::string> warnings;  ///< keys that are accepted but have no effect, each with its line and the reason
  std::string file;                   ///< that was read; empty: there is none
  std::vector<Setting> settings;      ///< what the file was asked for, section by section
};

[[nodiscard]] Environment process_environment();

/// The configuration in `text`. `file` stands in messages; relative model paths are taken from `folder`. On failure the
/// message has one line per mistake: file, line, key, what is wrong and the nearest known key.
[[nodiscard]] Result<Config> parse_config(const std::string& text, const std::string& file,
                                          const std::filesystem::path& folder, const Environment& environment);

/// The same from a file of at most 1 MiB.
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& path, const Environment& environment);

/// The `data_split_config` object of a job request (JSON) laid over the configured settings.
[[nodiscard]] Result<dataset::SplitSettings> parse_split_overrides(const std::string& json,
                                                                   const dataset::SplitSettings& base);

}  // namespace fw::app
