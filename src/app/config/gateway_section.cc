#include <charconv>
#include <set>

#include "app/config/endpoint_section.h"
#include "app/config/sections.h"
#include "capture/gateway/route_table.h"

namespace fw::app {
namespace {

using capture::GatewaySettings;
using capture::Target;

void read_size(YamlSection& section, const char* key, std::size_t& out, std::uint64_t least, std::uint64_t most) {
  std::uint64_t size = out;
  section.read(key, size, least, most);
  out = size;
}

capture::UpstreamSettings read_upstream(YamlSection& section, const Environment& environment) {
  capture::UpstreamSettings upstream;
  section.read("name", upstream.name);
  section.read("url", upstream.url);
  upstream.url = checked_url(section, "url", upstream.url, environment);
  section.read("api_key_env", upstream.api_key_env);
  if (!upstream.api_key_env.empty()) {
    check_variable(section, "api_key_env", upstream.api_key_env, environment, "requests to this upstream will fail");
  }
  section.read("api_key_header", upstream.api_key_header);
  section.read_texts("headers", upstream.headers);
  std::string authorities;
  section.read("certificate_authorities", authorities);
  if (!authorities.empty()) upstream.tls.certificate_authorities = authorities;
  read_size(section, "max_connections", upstream.max_connections, 0, 1'000'000);
  section.read_seconds("connect_timeout_seconds", upstream.connect_timeout, 0.01, 600);
  section.read_seconds("first_byte_timeout_seconds", upstream.first_byte_timeout, 0.1, 86'400);
  section.read_seconds("idle_timeout_seconds", upstream.idle_timeout, 0.1, 86'400);
  section.read("max_retries", upstream.max_retries, 0, 20);
  section.read_seconds("max_retry_wait_seconds", upstream.max_retry_wait, 0, 600);
  section.read("failures_until_open", upstream.failures_until_open, 1, 1'000'000);
  section.read_seconds("open_seconds", upstream.open_for, 0.01, 3600);
  section.finish();
  return upstream;
}

void read_upstreams(YamlSection& section, std::vector<capture::UpstreamSettings>& out, const Environment& environment) {
  std::string url;
  section.read("upstream", url);
  if (!url.empty()) out.push_back({.name = "default", .url = checked_url(section, "upstream", url, environment)});
  std::set<std::string> names;
  for (auto& item : section.list("upstreams")) {
    auto upstream = read_upstream(item, environment);
    if (upstream.name.empty()) upstream.name = "upstream-" + std::to_string(out.size() + 1);
    if (!names.insert(upstream.name).second) section.error("upstreams", '"' + upstream.name + "\" stands there twice");
    out.push_back(std::move(upstream));
  }
}

std::vector<Target> read_targets(YamlSection& section, const char* key) {
  std::vector<Target> out;
  for (auto& item : section.list(key)) {
    Target target;
    item.read("upstream", target.upstream);
    item.read("model", target.model);
    item.read("weight", target.weight, 0, 1e6);
    item.read("variant", target.variant);
    item.finish();
    out.push_back(std::move(target));
  }
  return out;
}

std::vector<capture::Route> read_routes(YamlSection& section) {
  std::vector<capture::Route> out;
  for (auto& item : section.list("routes")) {
    capture::Route route;
    item.read("name", route.name);
    if (route.name.empty()) route.name = "route-" + std::to_string(out.size() + 1);
    item.read("model", route.model);
    item.read("workload", route.workload);
    route.targets = read_targets(item, "targets");
    route.fallbacks = read_targets(item, "fallbacks");
    item.finish();
    out.push_back(std::move(route));
  }
  return out;
}

void read_samples(YamlSection& section, std::map<std::string, double>& out) {
  std::vector<std::pair<std::string, std::string>> texts;
  section.read_texts("samples", texts);
  for (const auto& [workload, text] : texts) {
    double share = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
    if (error != std::errc{} || end != text.data() + text.size() || !(share >= 0 && share <= 1)) {
      section.error("samples", workload + ": \"" + text + "\" is no number from 0 to 1");
    }
    out[workload] = share;
  }
}

void read_rules(YamlSection& section, std::vector<capture::LabelRule>& rules) {
  for (auto& item : section.list("rules")) {
    capture::LabelRule rule;
    item.read("path", rule.path);
    item.read("model", rule.model);
    item.read("system", rule.system);
    item.read("prompt", rule.prompt);
    item.read_list("tools", rule.tools);
    item.read("output", rule.output);
    item.read("without_system", rule.without_system);
    item.read("without_tools", rule.without_tools);
    item.read("workload", rule.workload);
    item.read("client", rule.client);
    if (rule.workload.empty() && rule.client.empty())
      item.error("workload", "is missing: a rule names a workload, a client or both");
    item.finish();
    rules.push_back(std::move(rule));
  }
}

void read_capture(YamlSection& gateway, capture::CaptureSettings& settings) {
  auto section = gateway.section("capture");
  if (!section) return;
  section->read("enabled", settings.is_enabled);
  std::size_t durability = 0;
  section->read_choice("durability", durability, capture::durability_names());
  settings.durability = static_cast<capture::Durability>(durability);
  section->read_seconds("commit_timeout_seconds", settings.commit_timeout, 0.001, 3600);
  section->read("sample", settings.sample, 0, 1);
  read_samples(*section, settings.samples);
  section->read("untagged_workload", settings.untagged);
  section->read("untagged_client", settings.client);
  if (settings.untagged.empty()) section->error("untagged_workload", "must not be empty");
  if (settings.client.empty()) section->error("untagged_client", "must not be empty");
  read_rules(*section, settings.rules);
  read_size(*section, "max_record_bytes", settings.max_record_bytes, 1024, 1ULL << 30);
  section->finish();
}

void read_limits(YamlSection& section, GatewaySettings& gateway) {
  read_size(section, "max_body_bytes", gateway.max_body_bytes, 1024, 1ULL << 32);
  read_size(section, "max_bytes_in_flight", gateway.max_bytes_in_flight, 1024, 1ULL << 40);
  section.read_seconds("max_request_seconds", gateway.max_request_time, 0, 604'800);
}

}  // namespace

void read_gateway(YamlSection& root, GatewaySettings& gateway, ListenerSettings& listener,
                  const Environment& environment) {
  auto section = root.section("gateway");
  if (!section) return;
  read_listener(*section, listener, environment);
  gateway.is_enabled = listener.enabled;
  read_limits(*section, gateway);
  if (section->has("upstream") && section->has("upstreams")) {
    section->error("upstream", "is the short form of upstreams; give one of the two");
  }
  read_upstreams(*section, gateway.upstreams, environment);
  gateway.routes = read_routes(*section);
  read_capture(*section, gateway.capture);
  if (!gateway.upstreams.empty()) {
    const auto table = capture::RouteTable::make(gateway.routes, gateway.upstreams);
    if (!table.ok()) section->error("routes", table.error().message);
  } else if (section->has("routes") || (gateway.is_enabled && section->has("enabled"))) {
    section->error("upstreams", "is missing: where requests go");
  }
  section->finish();
}

}  // namespace fw::app
