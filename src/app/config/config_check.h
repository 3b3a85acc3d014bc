#pragma once

#include <string>
#include <vector>

#include "app/config/config.h"
#include "modelops/local/settings.h"

namespace fw::app {

/// Something about a configuration that the machine it is read on says.
struct Finding {
  bool is_error = false;  ///< a run, or the service, cannot work so
  std::string text;
};

/// What a right configuration names and this machine lacks: models that are not there, not whole, or of another kind;
/// engines; certificates and keys that do not parse or do not fit; a port that is taken. Starts nothing, asks nobody.
/// `programs` are the engines that would be used. Blocks for as long as reading headers takes.
[[nodiscard]] std::vector<Finding> check_machine(const Config& config, const modelops::EnginePrograms& programs);

/// Whether a server could show this certificate: both files are PEM, the key is the certificate's, and the certificate
/// has not expired. The error names the file.
[[nodiscard]] Status check_certificate(const std::string& certificate, const std::string& key);

}  // namespace fw::app
