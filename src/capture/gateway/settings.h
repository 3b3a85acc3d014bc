#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/tls.h"
#include "record/provenance.h"

namespace fw::capture {

/// An OpenAI-compatible server that the gateway hands requests to.
struct UpstreamSettings {
  std::string name;
  /// Its base as clients would be given it: `https://api.openai.com/v1`. What follows `/v1` in a request's path is put
  /// behind it; a bare host gets the whole path.
  std::string url;
  std::string api_key_env;     ///< variable with the key that is sent; empty: the client's own key goes through
  std::string api_key_header;  ///< header that bears the bare key; empty: `Authorization: Bearer`
  std::vector<std::pair<std::string, std::string>> headers;  ///< sent with every request
  net::ClientTls tls;
  std::size_t max_connections = 0;  ///< requests at a time, more wait; 0: as many as come
  Duration connect_timeout = std::chrono::seconds(5);
  Duration first_byte_timeout = std::chrono::minutes(10);  ///< from sending to the answer's head
  Duration idle_timeout = std::chrono::minutes(5);         ///< longest silence within an answer
  int max_retries = 2;                                     ///< where nothing was sent to the client yet
  Duration max_retry_wait = std::chrono::seconds(3);       ///< a Retry-After beyond it is the client's to wait for
  int failures_until_open = 8;                             ///< one after the other, until the upstream is left alone
  Duration open_for = std::chrono::seconds(5);
};

/// One who may answer on a route.
struct Target {
  std::string upstream;
  std::string model;  ///< replaces the request's `model`; empty leaves it
  double weight = 1;
  std::string variant = "production";  ///< under which name its answers stand in the log

  friend bool operator==(const Target&, const Target&) = default;
};

/// Which requests go where: the first route whose patterns fit takes a request. A pattern may hold `*`; an empty one
/// fits everything.
struct Route {
  std::string name;
  std::string model;
  std::string workload;
  std::vector<Target> targets;    ///< one is drawn by weight
  std::vector<Target> fallbacks;  ///< asked in turn when the drawn one gives no answer

  friend bool operator==(const Route&, const Route&) = default;
};

/// An upstream that comes and goes with whom it serves.
struct BroughtUpstream {
  UpstreamSettings settings;  ///< asked without a proxy; its name is none of the gateway's own
  /// Held as long as a request is under way to it, or may still be sent.
  std::shared_ptr<const void> lease;
};

/// A candidate that answers a share of a workload's conversations, before any route is asked. Who is drawn for the
/// route answers where it cannot.
struct Promoted {
  std::string id;  ///< of the proposal
  std::string workload;
  std::string client;
  Target target;
  std::optional<BroughtUpstream> brought = {};  ///< what `target` names; absent: one of GatewaySettings::upstreams
  std::string key = {};                         ///< orders the conversations that it is drawn for; empty: `id`
  double share = 0;                             ///< of the conversations: 0 to 1
  double shadow = 0;  ///< of the requests: who did not answer is asked too, once the client has its answer
};

/// A promoted model that no request can be led to.
struct Unrouted {
  std::string id;   ///< of the proposal
  std::string why;  ///< with the remedy

  friend bool operator==(const Unrouted&, const Unrouted&) = default;
};

/// What copies of requests may take (Promoted::shadow). What goes beyond it is not sent, and counted.
struct ShadowBudget {
  std::size_t concurrency = 4;                    ///< under way at a time
  std::size_t max_waiting = 64;                   ///< for one of those
  std::size_t max_bytes = std::size_t{64} << 20;  ///< of all copies that wait
  std::uint64_t tokens_a_minute = 100'000;        ///< of requests and answers, by their length: four bytes a token
  Duration timeout = std::chrono::seconds(60);    ///< for one answer, whole
};

/// Names traffic that does not name itself: the first rule that fits. What is empty or absent fits everything; a
/// pattern may hold `*`.
struct LabelRule {
  std::string path;
  std::string model;
  std::string system;              ///< held against the beginning of the first system message
  std::string prompt;              ///< the same of the first user message
  std::vector<std::string> tools;  ///< each pattern fits an offered tool's name, and each offered tool fits a pattern
  std::string output;              ///< `text`, `json_object`, `json_schema` or `json_schema:NAME`, as it was asked for
  bool without_system = false;     ///< requests with a user's message and without a system message alone
  bool without_tools = false;      ///< requests that offer no tools alone
  std::string workload;
  std::string client;

  friend bool operator==(const LabelRule&, const LabelRule&) = default;
};

/// Rules that are made while the program runs, in force for the next request. Any thread.
class LiveRules final {
 public:
  using Rules = std::vector<LabelRule>;
  LiveRules() : rules_(std::make_shared<const Rules>()) {}

  [[nodiscard]] std::shared_ptr<const Rules> get() const { return rules_.load(); }
  void set(Rules rules) { rules_ = std::make_shared<const Rules>(std::move(rules)); }

 private:
  std::atomic<std::shared_ptr<const Rules>> rules_;
};

enum class Durability : std::uint8_t {
  kJournal,         ///< the client never waits; the record is on disk soon after
  kBeforeLastByte,  ///< the answer's last byte goes out when the record is on disk, or the store did not take it in
                    ///< time
  kRequired,        ///< the same, but without its record on disk an answer does not go out
};

/// As configurations name them, in the order of the values.
[[nodiscard]] inline std::vector<std::string> durability_names() { return {"journal", "before_last_byte", "required"}; }

struct CaptureSettings {
  bool is_enabled = true;
  Durability durability = Durability::kJournal;
  double sample = 1;                      ///< share of the exchanges that are kept
  std::map<std::string, double> samples;  ///< by workload, instead
  std::string untagged = "untagged";      ///< workload of what nothing names
  std::string client = "unknown";         ///< client of what nothing names
  std::vector<LabelRule> rules;
  std::shared_ptr<const LiveRules> accepted;             ///< asked after `rules`; may be absent
  std::size_t max_record_bytes = std::size_t{32} << 20;  ///< of an answer; a longer one is relayed and not kept
  Duration commit_timeout = std::chrono::seconds(10);    ///< that the store has for a record, but with kJournal
};

/// The gateway of a service. Without upstreams there is none.
struct GatewaySettings {
  bool is_enabled = true;
  std::size_t max_body_bytes = std::size_t{64} << 20;
  std::size_t max_bytes_in_flight = std::size_t{512} << 20;  ///< of all request bodies together
  Duration max_body_time = std::chrono::minutes(5);          ///< from a body's first byte to its last
  Duration max_request_time = std::chrono::hours(1);         ///< from a request's head to its answer's end; 0: no limit
  std::vector<UpstreamSettings> upstreams;
  std::vector<Route> routes;
  CaptureSettings capture;
  ShadowBudget shadow;

  [[nodiscard]] bool is_on() const { return is_enabled && !upstreams.empty(); }
};

}  // namespace fw::capture
