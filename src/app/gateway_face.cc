#include "app/gateway_face.h"

#include "base/log.h"
#include "io/file.h"
#include "modelops/openai/credentials.h"

namespace fw::app {
namespace {

constexpr Duration kGrace = std::chrono::seconds(2);
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

net::ServerOptions server_options(const capture::GatewaySettings& settings) {
  net::ServerOptions options;
  options.name = "gateway";
  options.address = settings.listen;
  options.port = static_cast<std::uint16_t>(settings.port);
  options.tls = settings.tls;
  options.max_connections = settings.max_connections;
  options.max_body_bytes = SIZE_MAX;  // the gateway has a limit of its own, for what it holds in memory
  options.half_close_grace = std::chrono::milliseconds(200);
  options.drain = settings.drain;
  return options;
}

Result<std::vector<capture::Route>> kept_routes(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::vector<capture::Route>{};
  FW_ASSIGN(const auto text, io::read_file(file, kMaxRoutesBytes));
  return capture::RouteTable::parse(text);
}

}  // namespace

std::filesystem::path GatewayFace::routes_file(const Service& service) { return service.data_folder() / "routes.json"; }

GatewayFace::GatewayFace(capture::GatewaySettings settings, Service& service,
                         std::function<void(const std::string&, bool)> on_promoted)
    : service_(service), access_log_("gateway", settings.access_log) {
  if (!settings.is_on()) return;
  auto made = capture::Gateway::make(std::move(settings), {service.executor(),
                                                           service.committer(),
                                                           service.clock(),
                                                           credentials,
                                                           modelops::process_variables(),
                                                           {redaction(service_.redactor())},
                                                           std::move(on_promoted)});
  if (!made.ok()) {
    why_off_ = made.error().message;
    log_warning("serve", "the gateway is off", {{"why", why_off_}});
    return;
  }
  gateway_ = std::move(*made);
  const auto file = routes_file(service_);
  auto routes = kept_routes(file);
  if (!routes.ok() || routes->empty()) {
    if (!routes.ok())
      log_warning("serve", "kept routes cannot be used", {{"file", file.string()}, {"why", routes.error().message}});
    return;
  }
  if (const auto set = gateway_->set_routes(std::move(*routes)); !set.ok()) {
    log_warning("serve", "kept routes cannot be used", {{"file", file.string()}, {"why", set.error().message}});
  }
}

GatewayFace::~GatewayFace() { stop(); }

void GatewayFace::start() {
  if (!gateway_) return;
  net::ServerOptions options = server_options(gateway_->settings());
  options.observe = [this](const net::Exchange& exchange) { access_log_.note(exchange); };
  server_ = std::make_unique<net::Server>(service_.loops(), std::move(options), gateway_->handler());
  if (const auto started = server_->start(); !started.ok()) {
    log_warning("serve", "the gateway is off", {{"why", started.error().message}});
    const std::lock_guard lock(mutex_);
    why_off_ = started.error().message;
    server_.reset();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    url_ = server_->url();
  }
  const auto file = service_.data_folder() / "gateway.url";
  if (const auto written = io::write_file_atomically(file, url_ + '\n'); !written.ok()) {
    log_warning("serve", "the gateway's URL was not written", {{"error", written.error().message}});
  }
  if (const auto ready = gateway_->readiness(); !ready.ok()) {
    log_warning("serve", "the gateway lacks something", {{"what", ready.error().message}});
  }
}

void GatewayFace::stop() {
  if (!server_) return;
  server_->stop_blocking(kGrace);
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove(service_.data_folder() / "gateway.url", ignored);
}

void GatewayFace::reload(const capture::GatewaySettings& settings) {
  if (!gateway_) return;
  if (const auto set = gateway_->set_routes(settings.routes); !set.ok()) {
    log_error("serve", "the routes stay as they are", {{"why", set.error().message}});
    return;
  }
  std::error_code ignored;
  std::filesystem::remove(routes_file(service_), ignored);
}

std::optional<api::Face> GatewayFace::face() const {
  const std::lock_guard lock(mutex_);
  if (!gateway_ && why_off_.empty()) return std::nullopt;
  api::Face face{.name = "gateway", .url = url_, .trouble = why_off_};
  if (!gateway_ || !why_off_.empty()) return face;
  if (const auto ready = gateway_->readiness(); !ready.ok()) face.trouble = ready.error().message;
  return face;
}

}  // namespace fw::app
