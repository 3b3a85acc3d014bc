#include "app/gateway_way_in.h"

#include "api/routes.h"
#include "auth/person.h"
#include "base/log.h"
#include "io/file.h"
#include "modelops/openai/credentials.h"

namespace fw::app {
namespace {

constexpr std::uint64_t kMaxRoutesBytes = 8 << 20;

Result<net::Headers> credentials(const capture::UpstreamSettings& upstream) {
  const modelops::Endpoint endpoint{.url = upstream.url,
                                    .api_key_env = upstream.api_key_env,
                                    .api_key_header = upstream.api_key_header,
                                    .headers = upstream.headers};
  FW_ASSIGN(auto found, modelops::credentials_of(endpoint, modelops::process_variables()));
  return std::move(found.headers);
}

capture::CaptureFilter redaction(const capture::Redactor& redactor) {
  return [&redactor](record::Interaction& interaction) -> Status {
    FW_TRY(redactor.apply(interaction));
    return {};
  };
}

Result<std::vector<capture::Route>> kept_routes(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::vector<capture::Route>{};
  FW_ASSIGN(const auto text, io::read_file(file, kMaxRoutesBytes));
  return capture::RouteTable::parse(text);
}

std::filesystem::path url_file(const Service& service) { return service.data_folder() / "gateway.url"; }

}  // namespace

std::filesystem::path GatewayWayIn::routes_file(const Service& service) {
  return service.data_folder() / "routes.json";
}

GatewayWayIn::GatewayWayIn(capture::GatewaySettings settings, Service& service, audit::AuditLog& audit,
                           Callbacks callbacks)
    : service_(service), audit_(audit) {
  settings.capture.accepted = service.discovery().rules().for_untagged();
  auto made = capture::Gateway::make(std::move(settings), {service.executor(),
                                                           service.committer(),
                                                           service.clock(),
                                                           credentials,
                                                           modelops::process_variables(),
                                                           {redaction(service_.redactor())},
                                                           std::move(callbacks.on_promoted),
                                                           std::move(callbacks.on_pair),
                                                           std::move(callbacks.on_feedback)});
  if (made.ok()) {
    gateway_ = std::move(*made);
    take_kept_routes();
    // Production goes on where the log cannot be written: nothing else would answer it.
    if (const auto noted = note(*gateway_->routes(), "as the service started"); !noted.ok()) {
      log_error("serve", "the routes are not in the audit log", {{"why", noted.error().message}});
    }
  } else {
    made_ = made.error();
  }
}

void GatewayWayIn::take_kept_routes() {
  const auto file = routes_file(service_);
  auto routes = kept_routes(file);
  Status taken = routes.ok() ? Status() : routes.error();
  if (routes.ok() && !routes->empty()) taken = gateway_->set_routes(std::move(*routes));
  if (taken.ok()) return;
  log_warning("serve", "kept routes cannot be used", {{"file", file.string()}, {"why", taken.error().message}});
}

Status GatewayWayIn::note(const capture::RouteTable& table, const char* reason) {
  if (!api::are_new_routes(audit_, table)) return {};
  return api::note_routes(audit_, table, std::string(auth::kItself), reason);
}

void GatewayWayIn::adjust(net::ServerOptions& options) { options.half_close_grace = std::chrono::milliseconds(200); }

void GatewayWayIn::has_opened(const std::string& url) {
  if (const auto written = io::write_file_atomically(url_file(service_), url + '\n'); !written.ok()) {
    log_warning("serve", "the gateway's URL was not written", {{"error", written.error().message}});
  }
  if (const auto ready = gateway_->readiness(); !ready.ok()) {
    log_warning("serve", "the gateway lacks something", {{"what", ready.error().message}});
  }
}

void GatewayWayIn::close() {
  std::error_code ignored;
  std::filesystem::remove(url_file(service_), ignored);
}

void GatewayWayIn::reload(const capture::GatewaySettings& settings) {
  if (!gateway_) return;
  const auto table = capture::RouteTable::make(settings.routes, gateway_->settings().upstreams);
  Status set = table.ok() ? note(**table, "the configuration was read again") : table.error();
  if (set.ok()) set = gateway_->set_routes(settings.routes);
  if (!set.ok()) {
    log_error("serve", "the routes stay as they are", {{"why", set.error().message}});
    return;
  }
  std::error_code ignored;
  std::filesystem::remove(routes_file(service_), ignored);
}

std::string GatewayWayIn::trouble() const {
  const auto ready = gateway_->readiness();
  return ready.ok() ? "" : ready.error().message;
}

void GatewayWayIn::write_metrics(std::ostream& out) const {
  if (gateway_) gateway_->write_metrics(out);
}

}  // namespace fw::app
