#pragma once

#include <nlohmann/json_fwd.hpp>

#include "app/cli/terminal.h"

namespace fw::app {

/// The report (docs/formats/report.md) for a terminal: the verdict, the ranking, what each candidate reached, how many
/// rows the datasets lost and why. The HTML page has the rest.
void print_report(const nlohmann::ordered_json& report, Terminal& out);

}  // namespace fw::app
