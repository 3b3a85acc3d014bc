#pragma once

#include <filesystem>
#include <optional>

namespace fw::net {

/// What a server shows its clients: PEM files. TLS 1.2 and later.
struct ServerTls {
  std::filesystem::path certificate_chain;
  std::filesystem::path private_key;
};

/// Whom a client believes. The host name of the URL is sent (SNI) and verified against the certificate.
struct ClientTls {
  /// PEM file of certificate authorities; the system's bundle when absent.
  std::optional<std::filesystem::path> certificate_authorities;
  /// Accepts any certificate of any host. For a test bench only; logged once per client.
  bool insecure_skip_verification = false;
};

}  // namespace fw::net
