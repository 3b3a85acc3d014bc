#pragma once

#include <string>

#include "app/cli/api_client.h"

namespace fw::app {

/// Settles what the command line left open of a run's traffic where there is only one choice, else asks for one thing
/// at a time.
[[nodiscard]] Status settle_traffic(std::string& workload, std::string& client_id, ApiClient& client);

}  // namespace fw::app
