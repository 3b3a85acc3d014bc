#include "app/config/listener_section.h"

#include "app/config/endpoint_section.h"
#include "app/config/sections.h"

namespace fw::app {
bool ListenerSettings::is_local() const { return listen.starts_with("127.") || listen == "::1"; }

std::optional<net::ServerTls> ListenerSettings::tls() const {
  if (tls_certificate.empty()) return std::nullopt;
  return net::ServerTls{tls_certificate, tls_key};
}

void read_address(YamlSection& section, ListenerSettings& settings) {
  section.read("listen", settings.listen);
  if (!is_address(settings.listen)) {
    section.error("listen", "\"" + settings.listen + "\" is no IP address; 127.0.0.1 is this machine alone, 0.0.0.0 " +
                                "every interface");
  }
  section.read("port", settings.port, 0, 65535);
  section.read("max_connections", settings.max_connections, 1, 1'000'000);
  section.read("max_connections_per_address", settings.max_connections_per_address, 0, 1'000'000);
  section.read_seconds("drain_seconds", settings.drain, 0, 3600);
  section.read("access_log", settings.access_log, 0, 1);
  section.read("tls_certificate", settings.tls_certificate);
  section.read("tls_key", settings.tls_key);
  if (settings.tls_certificate.empty() != settings.tls_key.empty()) {
    section.error(settings.tls_key.empty() ? "tls_certificate" : "tls_key", "tls_certificate and tls_key go together");
  }
}

void read_listener(YamlSection& section, ListenerSettings& settings, const Environment& environment) {
  section.read("enabled", settings.enabled);
  read_address(section, settings);
  section.read("insecure", settings.insecure);
  section.read("public_url", settings.public_url);
  if (!settings.public_url.empty())
    settings.public_url = checked_url(section, "public_url", settings.public_url, environment);
  if (settings.enabled && !settings.is_local() && !settings.tls() && !settings.insecure) {
    section.error("listen", settings.listen +
                                " is open to other machines, and traffic would go over the wire in plain " +
                                "text; set tls_certificate and tls_key, or insecure: true");
  }
}

void read_elasticsearch(YamlSection& root, ElasticsearchSettings& settings, const Environment& environment) {
  auto section = root.section("elasticsearch");
  if (!section) return;
  read_listener(*section, settings.listener, environment);
  section->read("index", settings.index);
  section->read("version", settings.version);
  section->finish();
}

void read_otlp(YamlSection& root, OtlpSettings& settings, const Environment& environment) {
  auto section = root.section("otlp");
  if (!section) return;
  read_listener(*section, settings.listener, environment);
  section->read_list("workload_attributes", settings.workload_attributes);
  section->read_list("client_attributes", settings.client_attributes);
  section->read("join_window_seconds", settings.join_window_seconds, 0.1, 86'400);
  section->finish();
}

}  // namespace fw::app
