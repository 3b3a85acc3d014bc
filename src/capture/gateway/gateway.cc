#include "capture/gateway/gateway.h"

#include <mutex>
#include <utility>

#include "base/log.h"
#include "capture/gateway/impl/exchange.h"
#include "capture/gateway/impl/gateway_shared.h"
#include "capture/gateway/impl/openai_error.h"
#include "net/url.h"

namespace fw::capture {
namespace {

constexpr Duration kLossIsNews = std::chrono::seconds(10);

Result<std::optional<net::Proxy>> proxy_of(const UpstreamSettings& upstream,
                                           const std::function<std::string(const std::string&)>& environment) {
  const auto url = net::parse_url(upstream.url);
  if (!environment || !url.ok()) return std::optional<net::Proxy>();
  return net::proxy_for(*url, environment);
}

constexpr std::size_t kMostFeedbackBytes = 64 << 10;

bool is_feedback(const GatewayShared& shared, const net::IncomingRequest& in) {
  return shared.with.on_feedback && in.method == net::Method::kPost && in.path() == "/v1/feedback";
}

Task<void> answer_feedback(GatewayShared& shared, net::IncomingRequest& in, net::ResponseWriter& out) {
  auto body = co_await net::read_all(*in.body, kMostFeedbackBytes, in.deadline);
  if (!body.ok()) {
    shared.counters.refuse();
    if (body.error().code != ErrorCode::kTooLarge) co_return;
    const std::string most = "a rating has at most " + std::to_string(kMostFeedbackBytes) + " bytes";
    co_return (void) co_await out.send(openai_error(413, "request_too_large", most), in.deadline);
  }
  (void)co_await out.send(co_await shared.with.on_feedback(std::move(*body), auth::caller_of(in)), in.deadline);
}

/// Why a path goes nowhere.
std::optional<net::Response> refusal_of_path(std::string_view path) {
  if (path != "/v1" && !path.starts_with("/v1/")) {
    return openai_error(404, "unknown_url", "this is the gateway: give clients its address with /v1 as their base URL");
  }
  // An upstream that resolves it would serve, with the gateway's key for it, what lies outside of its base URL.
  if (net::has_dot_segment(path)) {
    return openai_error(400, "malformed_request",
                        "the path holds a part . or .., which leads out of /v1; leave it out");
  }
  return std::nullopt;
}

Task<void> refuse(net::ResponseWriter& out, net::Response response) {
  (void)co_await out.send(std::move(response), Deadline::after(std::chrono::seconds(1)));
}

}  // namespace

GatewayShared::GatewayShared(GatewaySettings s, GatewayDependencies d)
    : settings(std::move(s)),
      with(std::move(d)),
      bodies(settings.max_bytes_in_flight),
      shadows(with.executor, settings.shadow, settings.capture.max_record_bytes, benches, with.on_pair) {
  for (const auto& one : settings.upstreams) {
    own_upstreams[one.name] =
        std::make_shared<Upstream>(one, with.credentials(one), proxy_of(one, with.environment), with.executor);
  }
}

void GatewayShared::route_by(std::shared_ptr<const RouteTable> table) {
  const auto before = routing.load();
  auto made = std::make_shared<Routing>(Routing{std::move(table), own_upstreams});
  for (const Promoted& one : made->table->promoted()) {
    if (!one.brought) continue;
    const UpstreamSettings& brought = one.brought->settings;
    auto& upstream = made->upstreams[brought.name];
    const auto known = before->upstreams.find(brought.name);
    if (known != before->upstreams.end() && known->second->lease() == one.brought->lease) {
      upstream = known->second;
    } else {
      upstream = std::make_shared<Upstream>(brought, with.credentials(brought), std::optional<net::Proxy>(),
                                            with.executor, one.brought->lease);
    }
  }
  routing = std::move(made);
}

bool GatewayShared::filtered(record::Interaction& interaction) {
  for (const auto& filter : with.filters) {
    if (const auto passed = filter(interaction); !passed.ok()) {
      counters.keep(Kept::kFailed);
      return false;
    }
  }
  counters.end(interaction.provenance.ending);
  return true;
}

void GatewayShared::count_loss(Kept why, std::string_view reason) {
  counters.keep(why);
  const std::int64_t now = kernel_now().time_since_epoch().count();
  const std::int64_t before = lost_at.exchange(now);
  if (before != 0 && Duration(now - before) < kLossIsNews) return;
  log_error("gateway", "records of exchanges are being lost; the exchanges themselves go on", {{"why", reason}});
}

void GatewayShared::keep(record::Interaction&& interaction, const std::string& tenant) {
  if (with.committer.offer(std::move(interaction), tenant)) return counters.keep(Kept::kTaken);
  count_loss(Kept::kNoRoom, "the log store is slower than the traffic, or away");
}

Task<bool> GatewayShared::keep_durably(record::Interaction interaction, std::string tenant) {
  std::vector<record::Interaction> batch;
  batch.push_back(std::move(interaction));
  const auto stored = co_await with.committer.commit(std::move(batch), Deadline::after(settings.capture.commit_timeout),
                                                     std::move(tenant));
  if (stored.ok()) {
    counters.keep(Kept::kTaken);
    co_return true;
  }
  count_loss(Kept::kFailed, stored.error().message);
  co_return settings.capture.durability != Durability::kRequired;
}

struct Gateway::Impl {
  Impl(GatewaySettings settings, GatewayDependencies dependencies)
      : shared(std::move(settings), std::move(dependencies)) {}
  GatewayShared shared;
  std::mutex changing;  // of the table: routes and promotions are set by different people
};

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::make(GatewaySettings settings, GatewayDependencies dependencies) {
  FW_ASSIGN(auto table, RouteTable::make(settings.routes, settings.upstreams));
  auto impl = std::make_unique<Impl>(std::move(settings), std::move(dependencies));
  impl->shared.route_by(std::move(table));
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

net::Handler Gateway::handler() {
  return [&shared = impl_->shared](net::IncomingRequest& in, net::ResponseWriter& out) -> Task<void> {
    if (auto refusal = refusal_of_path(in.path())) {
      shared.counters.refuse();
      return refuse(out, *std::move(refusal));
    }
    if (is_feedback(shared, in)) return answer_feedback(shared, in, out);
    return [](GatewayShared& all, net::IncomingRequest& request, net::ResponseWriter& writer) -> Task<void> {
      Exchange exchange(all, request, writer);
      co_await exchange.run();
    }(shared, in, out);
  };
}

std::shared_ptr<const RouteTable> Gateway::routes() const { return impl_->shared.routing.load()->table; }

Status Gateway::set_routes(std::vector<Route> routes) {
  const std::lock_guard lock(impl_->changing);
  FW_ASSIGN(auto table,
            RouteTable::make(std::move(routes), impl_->shared.settings.upstreams, this->routes()->promoted()));
  log_info("gateway", "routes were changed", {{"routes", table->routes().size()}});
  impl_->shared.route_by(std::move(table));
  return {};
}

Result<std::vector<Unrouted>> Gateway::set_promoted(std::vector<Promoted> promoted) {
  const std::lock_guard lock(impl_->changing);
  FW_ASSIGN(auto table, RouteTable::make(routes()->routes(), impl_->shared.settings.upstreams, std::move(promoted)));
  log_info("gateway", "promoted models were changed", {{"promoted", table->promoted().size()}});
  auto left_out = table->left_out();
  impl_->shared.route_by(std::move(table));
  return left_out;
}

std::optional<record::RecordId> Gateway::record_of(std::string_view answer_id) const {
  return impl_->shared.recent.find(answer_id);
}

const GatewaySettings& Gateway::settings() const { return impl_->shared.settings; }
const GatewayCounters& Gateway::counters() const { return impl_->shared.counters; }

Status Gateway::readiness() const {
  for (const auto& upstream : impl_->shared.settings.upstreams)
    FW_TRY(impl_->shared.own_upstreams.at(upstream.name)->readiness());
  const std::int64_t lost = impl_->shared.lost_at.load();
  if (lost != 0 && kernel_now().time_since_epoch() - Duration(lost) < kLossIsNews) {
    return unavailable("records of exchanges are being lost: the log store is slower than the traffic, or away");
  }
  std::string trouble;
  for (const auto& [name, upstream] : impl_->shared.routing.load()->upstreams) {
    if (!upstream->breaker().is_open()) continue;
    trouble += (trouble.empty() ? "" : "; ") + std::string("the last ") +
               std::to_string(upstream->settings().failures_until_open) + " requests to upstream " + name +
               " failed: it is asked once in " +
               std::to_string(std::chrono::ceil<std::chrono::seconds>(upstream->settings().open_for).count()) +
               " s until one succeeds";
  }
  return trouble.empty() ? Status() : Status(unavailable(std::move(trouble)));
}

void Gateway::write_metrics(std::ostream& out) const {
  impl_->shared.counters.write(out);
  out << "# HELP flywheel_gateway_request_bytes Request bodies in memory.\n"
         "# TYPE flywheel_gateway_request_bytes gauge\n"
         "flywheel_gateway_request_bytes "
      << impl_->shared.bodies.used() << '\n';
  impl_->shared.shadows.write_metrics(out);
  out << "# HELP flywheel_gateway_upstream_open 1 while an upstream is left alone after failures.\n"
         "# TYPE flywheel_gateway_upstream_open gauge\n";
  for (const auto& [name, upstream] : impl_->shared.routing.load()->upstreams) {
    out << "flywheel_gateway_upstream_open{upstream=\"" << name << "\"} " << (upstream->breaker().is_open() ? 1 : 0)
        << '\n';
  }
}

}  // namespace fw::capture
