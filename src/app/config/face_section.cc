#include "app/config/face_section.h"

#include <arpa/inet.h>

namespace fw::app {
namespace {

bool is_address(const std::string& text) {
  in6_addr place{};
  return ::inet_pton(AF_INET, text.c_str(), &place) == 1 || ::inet_pton(AF_INET6, text.c_str(), &place) == 1;
}

bool is_loopback(const std::string& text) { return text.starts_with("127.") || text == "::1"; }

void read_face(YamlSection& section, FaceSettings& face) {
  section.read("enabled", face.enabled);
  section.read("listen", face.listen);
  if (!is_address(face.listen)) {
    section.error("listen", "\"" + face.listen +
                                "\" is no IP address; 127.0.0.1 is this machine alone, 0.0.0.0 every " + "interface");
  }
  section.read("port", face.port, 0, 65535);
  section.read("tls_certificate", face.tls_certificate);
  section.read("tls_key", face.tls_key);
  if (face.tls_certificate.empty() != face.tls_key.empty()) {
    section.error(face.tls_key.empty() ? "tls_certificate" : "tls_key", "tls_certificate and tls_key go together");
  }
  section.read("insecure", face.insecure);
  if (face.enabled && !is_loopback(face.listen) && face.tls_certificate.empty() && !face.insecure) {
    section.error("listen", face.listen + " is open to other machines, and traffic would go over the wire in plain " +
                                "text; set tls_certificate and tls_key, or insecure: true");
  }
}

}  // namespace

void read_elasticsearch(YamlSection& root, ElasticsearchSettings& settings) {
  auto section = root.section("elasticsearch");
  if (!section) return;
  read_face(*section, settings.face);
  section->read("index", settings.index);
  section->read("version", settings.version);
  section->finish();
}

void read_otlp(YamlSection& root, OtlpSettings& settings) {
  auto section = root.section("otlp");
  if (!section) return;
  read_face(*section, settings.face);
  section->read_list("workload_attributes", settings.workload_attributes);
  section->read_list("client_attributes", settings.client_attributes);
  section->read("join_window_seconds", settings.join_window_seconds, 0.1, 86'400);
  section->finish();
}

}  // namespace fw::app
