#include "app/listener.h"

#include "auth/caller.h"
#include "base/log.h"
#include "net/access_log.h"

namespace fw::app {
namespace {

net::ServerOptions server_options(std::string_view name, const ListenerSettings& settings) {
  net::ServerOptions options;
  options.name = name;
  options.address = settings.listen;
  options.port = static_cast<std::uint16_t>(settings.port);
  options.max_connections = settings.max_connections;
  options.max_connections_per_address = settings.max_connections_per_address;
  options.drain = settings.drain;
  options.observe = access_log(name, settings);
  options.max_body_bytes = SIZE_MAX;  // each way in has its own limit, and its own words for it
  options.tls = settings.tls();
  return options;
}

}  // namespace

std::function<void(const net::Exchange&)> access_log(std::string_view name, const ListenerSettings& settings) {
  if (settings.access_log <= 0) return {};
  auto log = std::make_shared<net::AccessLog>(std::string(name), settings.access_log);
  return [log = std::move(log)](const net::Exchange& exchange) {
    if (exchange.caller == nullptr) return log->note(exchange);
    log->note(exchange, exchange.caller->key_id, exchange.caller->person);
  };
}

Status check_exposure(const ListenerSettings& settings, bool asks_for_key, std::string_view section,
                      auth::ListenerName listener) {
  if (settings.is_local() || settings.insecure) return {};
  const std::string place = "address " + settings.listen + " of " + std::string(section) + " is open to other machines";
  const std::string otherwise = "; or set " + std::string(section) + ".insecure: true, where something else guards it";
  if (!settings.tls()) {
    return failed_precondition(place + ", and what goes over the wire would be plain text: set tls_certificate and " +
                               "tls_key" + otherwise);
  }
  if (!asks_for_key) {
    const char* role = listener == auth::ListenerName::kControl ? " --role admin" : "";
    return failed_precondition(place + ", and no key was made for it: make one with \"flywheel keys create NAME" +
                               role + " --listener " + std::string(to_string(listener)) +
                               "\" (with --data FOLDER while the service does not run)" + otherwise);
  }
  return {};
}

Listener::Listener(ListenerSettings settings, const std::string& api_url, std::unique_ptr<WayIn> way_in,
                   const EventLoops& loops, const auth::Keyring& keyring, const Clock& clock)
    : settings_(std::move(settings)),
      way_in_(std::move(way_in)),
      loops_(loops),
      keyring_(keyring),
      clock_(clock),
      cross_site_({settings_.public_url, api_url}, std::string(way_in_->name()) + ".public_url") {}

Listener::~Listener() { stop(std::chrono::seconds(1)); }

Status Listener::open() {
  const auth::ListenerName listener = way_in_->listener();
  FW_TRY(check_exposure(settings_, keyring_.asks_for_key(listener), way_in_->name(), listener));
  FW_TRY(way_in_->open());
  net::ServerOptions options = server_options(way_in_->name(), settings_);
  options.turn_away = [way_in = way_in_.get()](const net::IncomingRequest& request) {
    return way_in->refusal(request, {.status = 503, .message = "the service is stopping; try again in a moment"});
  };
  way_in_->adjust(options);
  {
    const std::lock_guard lock(mutex_);
    guard_ = std::make_unique<auth::Guard>(listener, keyring_, clock_, options.max_connections);
  }
  auto handler = guard_->guarded(
      way_in_->handler(), [way_in = way_in_.get()](const net::IncomingRequest& request, const auth::Refusal& why) {
        return way_in->refusal(request, why);
      });
  handler = cross_site_.guarded(
      std::move(handler),
      [way_in = way_in_.get()](const net::IncomingRequest& request, const std::string& message) {
        return way_in->refusal(request, {.status = 403, .message = message, .is_other_site = true});
      },
      [this, listener] { return keyring_.asks_for_key(listener); });
  server_ = std::make_unique<net::Server>(loops_, std::move(options), std::move(handler));
  return server_->start();
}

void Listener::start() {
  if (const Status opened = open(); !opened.ok()) {
    log_warning("serve", "a listener is off", {{"listener", way_in_->name()}, {"why", opened.error().message}});
    server_.reset();
    const std::lock_guard lock(mutex_);
    why_off_ = opened.error().message;
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    url_ = server_->url();
  }
  way_in_->has_opened(server_->url());
}

void Listener::begin_stop(Duration grace) {
  if (server_) server_->begin_stop(grace);
}

void Listener::stop(Duration grace) {
  if (server_) server_->stop_blocking(grace);
  way_in_->close();
}

api::ListenerState Listener::state() const {
  api::ListenerState state{.name = std::string(way_in_->name())};
  const std::lock_guard lock(mutex_);
  state.url = url_;
  state.trouble = url_.empty() ? why_off_ : way_in_->trouble();
  return state;
}

void Listener::write_access(std::ostream& out) const {
  const std::lock_guard lock(mutex_);
  if (!guard_) return;
  guard_->write_metrics(out);
  out << "flywheel_auth_refused_total{listener=\"" << way_in_->name() << "\",why=\"other_site\"} "
      << cross_site_.refused() << '\n';
}

void Listeners::start() {
  for (const auto& listener : all_) listener->start();
}

void Listeners::begin_stop(Duration grace) {
  for (const auto& listener : all_) listener->begin_stop(grace);
}

void Listeners::stop(Duration grace) {
  for (const auto& listener : all_) listener->stop(grace);
}

std::vector<api::ListenerState> Listeners::states() const {
  std::vector<api::ListenerState> out;
  for (const auto& listener : all_) out.push_back(listener->state());
  return out;
}

void Listeners::write_metrics(std::ostream& out) const {
  for (const auto& listener : all_) listener->write_metrics(out);
}

void Listeners::write_access(std::ostream& out) const {
  out << "# HELP flywheel_auth_refused_total Requests that were not let in: without a key, with one that is unknown, "
         "with one for other listeners; from a web page of another site.\n# TYPE flywheel_auth_refused_total counter\n";
  for (const auto& listener : all_) listener->write_access(out);
}

void write_outcomes(std::ostream& out, std::string_view name, std::string_view help, const Outcomes& outcomes) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " counter\n";
  for (const auto& [outcome, count] : outcomes) out << name << "{outcome=\"" << outcome << "\"} " << count << '\n';
}

void write_gauge(std::ostream& out, std::string_view name, std::string_view help, std::uint64_t value) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " gauge\n" << name << ' ' << value << '\n';
}

}  // namespace fw::app
