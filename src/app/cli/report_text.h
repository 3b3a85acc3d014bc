#pragma once

#include <nlohmann/json_fwd.hpp>

#include "app/cli/terminal.h"

namespace fw::app {

/// Whether a run's errors are printed, or have been while it was followed.
enum class Errors { kPrint, kToldAlready };

/// The report (docs/formats/report.md) for a terminal: the verdict, the ranking, what each candidate reached, how many
/// rows the datasets lost and why. The HTML page has the rest.
void print_report(const nlohmann::ordered_json& report, Terminal& out, Errors errors = Errors::kPrint);

}  // namespace fw::app
