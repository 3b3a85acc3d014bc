#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "api/health.h"
#include "app/config/listener_section.h"
#include "async/event_loops.h"
#include "net/server.h"

namespace fw::app {

/// What answers at a listener's address: the gateway, the Elasticsearch dialect, OTLP.
class WayIn {
 public:
  WayIn() = default;
  WayIn(const WayIn&) = delete;
  WayIn& operator=(const WayIn&) = delete;
  virtual ~WayIn() = default;

  /// In log lines, `/readyz` and metrics.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// What it needs of its server beyond where that listens.
  virtual void adjust(net::ServerOptions& /*options*/) {}
  /// Before the first request; an error keeps the listener off. May block for a file.
  [[nodiscard]] virtual Status open() { return {}; }
  /// As long as the listener listens.
  [[nodiscard]] virtual net::Handler handler() = 0;
  virtual void has_opened(const std::string& /*url*/) {}
  /// After the last request.
  virtual void close() {}
  /// What it cannot do though it listens; empty: all is well. Any thread, never blocks, as write_metrics().
  [[nodiscard]] virtual std::string trouble() const = 0;
  virtual void write_metrics(std::ostream& out) const = 0;
};

/// An address of the service beside the control API's. Unlike the control API's it may be off without the service being
/// so: a port that is taken, or what answers there cannot work. That is logged and stands in `/readyz`.
class Listener final {
 public:
  /// `loops` outlive it.
  Listener(ListenerSettings settings, std::unique_ptr<WayIn> way_in, const EventLoops& loops);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Listens; where it cannot, it is off and says why.
  void start();
  /// Takes no new requests; running ones may end within the server's drain and `grace`. Not on the loops' threads.
  void stop(Duration grace);
  /// Any thread, also while it is started.
  [[nodiscard]] api::ListenerState state() const;
  void write_metrics(std::ostream& out) const { way_in_->write_metrics(out); }

 private:
  [[nodiscard]] Status open();

  const ListenerSettings settings_;
  const std::unique_ptr<WayIn> way_in_;
  const EventLoops& loops_;
  std::unique_ptr<net::Server> server_;
  mutable std::mutex mutex_;  // guards both
  std::string url_;
  std::string why_off_;
};

/// All of them, in the order in which they are named.
class Listeners final {
 public:
  void add(std::unique_ptr<Listener> listener) { all_.push_back(std::move(listener)); }
  void start();
  void stop(Duration grace);
  [[nodiscard]] std::vector<api::ListenerState> states() const;
  void write_metrics(std::ostream& out) const;

 private:
  std::vector<std::unique_ptr<Listener>> all_;
};

using Outcomes = std::vector<std::pair<std::string_view, std::uint64_t>>;
/// One counter with a line for each outcome, in the text format of metrics.
void write_outcomes(std::ostream& out, std::string_view name, std::string_view help, const Outcomes& outcomes);
void write_gauge(std::ostream& out, std::string_view name, std::string_view help, std::uint64_t value);

}  // namespace fw::app
