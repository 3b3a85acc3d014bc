#pragma once

#include <string>

#include "app/cli/api_client.h"

namespace fw::app {

/// That records of the job's rows were erased since, how many rows and when: `12 training rows ... of records that were
/// erased since (last 2026-11-27T10:00:00Z)`. Empty where none were, and for a caller who may not see erasures.
[[nodiscard]] std::string erased_rows_of(ApiClient& client, const std::string& job);

}  // namespace fw::app
