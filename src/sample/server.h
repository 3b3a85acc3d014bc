#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/event_loops.h"
#include "base/clock.h"
#include "base/result.h"

namespace fw::sample {

/// How the server misbehaves; a request's headers say it for that request alone.
struct ServeSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;     ///< 0: one that is free
  std::string api_key;        ///< what `Authorization: Bearer` must hold; empty: nobody is asked
  Duration first_byte{};      ///< `x-sample-latency-ms`
  Duration between_pieces{};  ///< of a stream; `x-sample-piece-ms`
  double fail_rate = 0;       ///< the share of requests that `fail` befalls
  /// A status from 400 to 599, `cut` (the connection breaks half way), `stall` (falls silent half way), `error` (an
  /// error within the stream) or `no-done` (the stream lacks its last event); `x-sample-fail`, always.
  std::string fail = "503";
  std::uint64_t seed = 1;
};

/// The sample agent's production model behind an OpenAI-compatible server: `POST /v1/chat/completions` (streamed and
/// not, tools, usage), `GET /v1/models`, `GET /healthz`; for the example agent, the demo, tests and benchmarks of
/// capture. `loops` must outlive it.
class ModelServer final {
 public:
  ModelServer(const EventLoops& loops, ServeSettings settings);
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  /// kInvalidArgument for a `fail` that is none of the above; else as net::Server::start().
  [[nodiscard]] Status start();
  /// Without `/v1`; valid after start().
  [[nodiscard]] std::string url() const;
  void stop_blocking(Duration grace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::sample
