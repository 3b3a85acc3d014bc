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
#include "auth/guard.h"
#include "net/cross_site.h"
#include "net/server.h"

namespace fw::app {

/// What answers at a listener's address: the gateway, the Elasticsearch dialect, OTLP.
class WayIn {
 public:
  WayIn() = default;
  WayIn(const WayIn&) = delete;
  WayIn& operator=(const WayIn&) = delete;
  virtual ~WayIn() = default;

  /// Which keys are good for it; its name in log lines, `/readyz` and metrics.
  [[nodiscard]] virtual auth::ListenerName listener() const = 0;
  [[nodiscard]] std::string_view name() const { return to_string(listener()); }
  /// What it needs of its server beyond where that listens.
  virtual void adjust(net::ServerOptions& /*options*/) {}
  /// Before the first request; an error keeps the listener off. May block for a file.
  [[nodiscard]] virtual Status open() { return {}; }
  /// As long as the listener listens.
  [[nodiscard]] virtual net::Handler handler() = 0;
  /// Why a request is not let in, as auth::RefusalWriter.
  [[nodiscard]] virtual std::optional<net::Response> refusal(const net::IncomingRequest& request,
                                                             const auth::Refusal& why) const = 0;
  virtual void has_opened(const std::string& /*url*/) {}
  /// After the last request.
  virtual void close() {}
  /// What it cannot do though it listens; empty: all is well. Any thread, never blocks, as write_metrics().
  [[nodiscard]] virtual std::string trouble() const = 0;
  virtual void write_metrics(std::ostream& out) const = 0;
};

/// An address of the service beside the control API's. Unlike the control API's it may be off without the service being
/// so: a port that is taken, what answers there cannot work, or it would be open to whoever reaches it. That is logged
/// and stands in `/readyz`. Requests pass a guard against web pages of other sites, then one that asks for keys.
class Listener final {
 public:
  /// `api_url`: how others reach the control API; may be empty. What is passed outlives it.
  Listener(ListenerSettings settings, const std::string& api_url, std::unique_ptr<WayIn> way_in,
           const EventLoops& loops, const auth::Keyring& keyring, const Clock& clock);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Listens; where it cannot, it is off and says why.
  void start();
  /// The beginning of stop(), without waiting; called again, it ends the drain (net::Server).
  void begin_stop(Duration grace);
  /// Takes no new requests; running ones may end within the server's drain and `grace`. Not on the loops' threads.
  void stop(Duration grace);
  /// Any thread, also while it is started.
  [[nodiscard]] api::ListenerState state() const;
  void write_metrics(std::ostream& out) const { way_in_->write_metrics(out); }
  /// Who was refused.
  void write_access(std::ostream& out) const;

 private:
  [[nodiscard]] Status open();

  const ListenerSettings settings_;
  const std::unique_ptr<WayIn> way_in_;
  const EventLoops& loops_;
  const auth::Keyring& keyring_;
  const Clock& clock_;
  net::CrossSiteGuard cross_site_;
  std::unique_ptr<auth::Guard> guard_;  // once it has been opened
  std::unique_ptr<net::Server> server_;
  mutable std::mutex mutex_;  // guards both, and that there is a guard
  std::string url_;
  std::string why_off_;
};

/// Lines about a share of what a listener answers, for ServerOptions::observe.
[[nodiscard]] std::function<void(const net::Exchange&)> access_log(std::string_view name,
                                                                   const ListenerSettings& settings);

/// Whether something may listen there: on this machine alone; elsewhere with TLS and a key to ask for, or where its
/// section says `insecure: true`. kFailedPrecondition with the remedy. `section`: of the configuration.
[[nodiscard]] Status check_exposure(const ListenerSettings& settings, bool asks_for_key, std::string_view section,
                                    auth::ListenerName listener);

/// All of them, in the order in which they are named.
class Listeners final {
 public:
  void add(std::unique_ptr<Listener> listener) { all_.push_back(std::move(listener)); }
  void start();
  /// All at the same time.
  void begin_stop(Duration grace);
  /// Waits until they have stopped, one after the other where nothing was begun.
  void stop(Duration grace);
  [[nodiscard]] std::vector<api::ListenerState> states() const;
  void write_metrics(std::ostream& out) const;
  void write_access(std::ostream& out) const;

 private:
  std::vector<std::unique_ptr<Listener>> all_;
};

using Outcomes = std::vector<std::pair<std::string_view, std::uint64_t>>;
/// One counter with a line for each outcome, in the text format of metrics.
void write_outcomes(std::ostream& out, std::string_view name, std::string_view help, const Outcomes& outcomes);
void write_gauge(std::ostream& out, std::string_view name, std::string_view help, std::uint64_t value);

}  // namespace fw::app
