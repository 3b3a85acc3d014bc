#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "app/cli/api_client.h"
#include "app/cli/dataset_files.h"

namespace fw::app {

/// That records of the job's rows were erased since, how many rows and when: `12 training rows ... of records that were
/// erased since (last 2026-11-27T10:00:00Z)`. Empty where none were, and for a caller who may not see erasures.
[[nodiscard]] std::string erased_rows_of(ApiClient& client, const std::string& job);

/// The records of the job's rows that were erased since.
[[nodiscard]] Result<std::set<std::string>> erased_records_of(ApiClient& client, const std::string& job);

/// The rows of a side without those of these records, and how many they were.
struct LeftRows {
  std::string rows;
  std::uint64_t erased = 0;
};
[[nodiscard]] LeftRows without_erased(const RunDatasets& datasets, dataset::Side side,
                                      const std::set<std::string>& erased);

}  // namespace fw::app
