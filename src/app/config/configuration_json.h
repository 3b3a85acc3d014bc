#pragma once

#include <string>
#include <vector>

#include "app/config/config.h"

namespace fw::app {

/// The configuration in force as people see it: every key with its value and where that comes from, which is the file
/// with the line, the command line, or the default. Sections that the file lacks are in it with their defaults. Secrets
/// are not: keys are named by their variables, values of headers and what an address holds beside its host and path are
/// left out.
///
/// `{"file", "settings": [{"path", "value", "source": "file"|"command_line"|"default", "line"}], "warnings": [...]}`
///
/// `overridden` has what the command line says instead of the file.
[[nodiscard]] std::string configuration_json(const Config& config, const std::vector<Setting>& overridden);

}  // namespace fw::app
