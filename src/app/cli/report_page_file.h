#pragma once

#include <string>

#include "base/result.h"

namespace fw::app {

/// Whether a file of this name can be written: its folder is there and lets us write, and it is no folder itself.
/// Leaves nothing behind.
[[nodiscard]] Status check_writable(const std::string& file);

/// Writes a report (JSON text) as one self-contained HTML file; its absolute path.
[[nodiscard]] Result<std::string> write_report_page(const std::string& report, const std::string& file);

}  // namespace fw::app
