#include "app/capture_door.h"

#include "base/log.h"

namespace fw::app {

net::ServerOptions door_options(std::string_view name, const FaceSettings& settings) {
  net::ServerOptions options;
  options.name = name;
  options.address = settings.listen;
  options.port = static_cast<std::uint16_t>(settings.port);
  options.max_connections = 1024;
  options.max_body_bytes = SIZE_MAX;  // the face has its own limit, and its own words for it
  if (!settings.tls_certificate.empty()) options.tls = net::ServerTls{settings.tls_certificate, settings.tls_key};
  return options;
}

Status open_door(net::Server& server, std::string_view name) {
  Status status = server.start();
  if (!status.ok()) {
    log_warning("serve", "a way in stays shut", {{"face", name}, {"why", status.error().message}});
  }
  return status;
}

void write_outcomes(std::ostream& out, std::string_view name, std::string_view help, const Outcomes& outcomes) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " counter\n";
  for (const auto& [outcome, count] : outcomes) out << name << "{outcome=\"" << outcome << "\"} " << count << '\n';
}

void write_gauge(std::ostream& out, std::string_view name, std::string_view help, std::uint64_t value) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " gauge\n" << name << ' ' << value << '\n';
}

}  // namespace fw::app
