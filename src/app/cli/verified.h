#pragma once

#include "app/cli/terminal.h"
#include "logstore/verification.h"

namespace fw::app {

/// Counts in a line, then each fault by name, with the first places of it.
void print_verified(const logstore::Verified& verified, Terminal& out);

/// A check to its end; how far it is on `live`.
[[nodiscard]] Result<logstore::Verified> run_to_end(logstore::Verification& verification, Terminal& live);

}  // namespace fw::app
