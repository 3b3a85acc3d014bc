#include "app/listener.h"

#include "base/log.h"

namespace fw::app {
namespace {

net::ServerOptions server_options(std::string_view name, const ListenerSettings& settings) {
  net::ServerOptions options;
  options.name = name;
  options.address = settings.listen;
  options.port = static_cast<std::uint16_t>(settings.port);
  options.max_connections = 1024;
  options.max_body_bytes = SIZE_MAX;  // each way in has its own limit, and its own words for it
  options.tls = settings.tls();
  return options;
}

}  // namespace

Listener::Listener(ListenerSettings settings, std::unique_ptr<WayIn> way_in, const EventLoops& loops)
    : settings_(std::move(settings)), way_in_(std::move(way_in)), loops_(loops) {}

Listener::~Listener() { stop(std::chrono::seconds(1)); }

Status Listener::open() {
  FW_TRY(way_in_->open());
  net::ServerOptions options = server_options(way_in_->name(), settings_);
  way_in_->adjust(options);
  server_ = std::make_unique<net::Server>(loops_, std::move(options), way_in_->handler());
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

void Listener::stop(Duration grace) {
  if (server_) server_->stop_blocking(grace);
  server_.reset();
  way_in_->close();
}

api::ListenerState Listener::state() const {
  api::ListenerState state{.name = std::string(way_in_->name())};
  const std::lock_guard lock(mutex_);
  state.url = url_;
  state.trouble = url_.empty() ? why_off_ : way_in_->trouble();
  return state;
}

void Listeners::start() {
  for (const auto& listener : all_) listener->start();
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

void write_outcomes(std::ostream& out, std::string_view name, std::string_view help, const Outcomes& outcomes) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " counter\n";
  for (const auto& [outcome, count] : outcomes) out << name << "{outcome=\"" << outcome << "\"} " << count << '\n';
}

void write_gauge(std::ostream& out, std::string_view name, std::string_view help, std::uint64_t value) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " gauge\n" << name << ' ' << value << '\n';
}

}  // namespace fw::app
