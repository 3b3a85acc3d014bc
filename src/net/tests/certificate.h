#pragma once

#include <filesystem>
#include <string>

#include "io/file.h"

namespace fw::net {

/// A self-signed certificate with its key, made now, in a folder that goes with the object. `names` is a list of
/// subject alternative names as OpenSSL writes them: `IP:127.0.0.1,DNS:localhost`.
class TestCertificate final {
 public:
  explicit TestCertificate(const std::string& names);

  [[nodiscard]] std::filesystem::path certificate() const { return folder_.path() / "certificate.pem"; }
  [[nodiscard]] std::filesystem::path key() const { return folder_.path() / "key.pem"; }

 private:
  io::TemporaryFolder folder_;
};

}  // namespace fw::net
