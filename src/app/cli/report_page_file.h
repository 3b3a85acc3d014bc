#pragma once

#include <string>

#include "base/result.h"

namespace fw::app {

/// Writes a report (JSON text) as one self-contained HTML file; its absolute path.
[[nodiscard]] Result<std::string> write_report_page(const std::string& report, const std::string& file);

}  // namespace fw::app
