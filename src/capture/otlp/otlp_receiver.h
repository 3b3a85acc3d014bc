#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "async/pool.h"
#include "auth/guard.h"
#include "base/clock.h"
#include "capture/committer/committer.h"
#include "capture/quarantine.h"
#include "capture/redaction/redactor.h"
#include "net/server.h"

namespace fw::capture {

struct OtlpReceiverOptions {
  /// Attributes that name the workload, the first that is there: of the span or event, then of the resource. Without
  /// any it is the span's name.
  std::vector<std::string> workload_attributes{"workload_id", "gen_ai.agent.name", "traceloop.workflow.name"};
  /// Likewise the client; without any it is `otlp`.
  std::vector<std::string> client_attributes{"client_id", "service.name"};
  Duration join_window = std::chrono::minutes(5);      ///< how long a span waits for its log events, and they for it
  std::size_t max_body_bytes = std::size_t{32} << 20;  ///< packed and unpacked
  std::size_t max_bytes_in_flight = std::size_t{256} << 20;
  Duration patience = std::chrono::seconds(10);
};

/// Everything outlives the receiver.
struct OtlpReceiverDependencies {
  Committer& committer;
  Quarantine& quarantine;
  const Redactor& redactor;
  Pool& disk;
  Pool& cpu;
  const Clock& clock;
  Executor executor;  ///< for what is done when a window ends
  std::filesystem::path
      folder;  ///< for pieces that wait; where there are rules for redaction they wait in memory alone
};

/// Counters that only grow, but for the last.
struct OtlpReceiverStats {
  std::uint64_t accepted = 0;  ///< interactions on disk
  std::uint64_t known = 0;     ///< of them, those that were there already
  std::uint64_t kept_aside = 0;
  std::uint64_t refused = 0;                ///< interactions that found no room or that the store did not take
  std::uint64_t spans_without_content = 0;  ///< calls of a model that came without prompt and answer
  std::uint64_t incomplete_events = 0;      ///< calls of which not all log events came
  std::uint64_t failed_calls = 0;           ///< spans of calls that ended in an error, without an answer
  std::uint64_t other = 0;                  ///< spans and log records of something else
  std::size_t waiting = 0;                  ///< calls that wait for a piece
};

/// OTLP over HTTP (docs/capture.md): `/v1/traces` and `/v1/logs`, protobuf and JSON. Calls of models in the dialects of
/// the GenAI conventions become interactions; log records whose body is a log document, too. Acknowledged is what would
/// survive `kill -9` and power loss. Any thread; outlives the server that calls its handler.
class OtlpReceiver final {
 public:
  OtlpReceiver(OtlpReceiverDependencies dependencies, OtlpReceiverOptions options);
  /// Stopped before.
  ~OtlpReceiver();
  OtlpReceiver(const OtlpReceiver&) = delete;
  OtlpReceiver& operator=(const OtlpReceiver&) = delete;

  /// Reads what waits from an earlier process, and begins to look after the windows. Blocks.
  [[nodiscard]] Status start();
  /// Not on the executor's threads.
  void stop();

  [[nodiscard]] net::Handler handler();
  /// Why a request is not let in, as exporters read it.
  [[nodiscard]] static net::Response refusal(const net::IncomingRequest& request, const auth::Refusal& refusal);
  [[nodiscard]] OtlpReceiverStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture
