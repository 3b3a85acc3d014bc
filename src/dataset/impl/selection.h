#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataset/builder.h"

namespace fw::dataset {

/// A record that the datasets will hold.
struct Row {
  const record::Interaction* record = nullptr;
  std::string label;
  std::string request_key;
  std::uint32_t conversation = 0;
  bool is_newest = false;
};

/// Outcome of the steps select, validate, deduplicate and sample.
struct Selected {
  modelops::WorkloadType type = modelops::WorkloadType::kGeneric;
  std::vector<Row> rows;  ///< by time, then id
  std::vector<Step> steps;
  std::uint64_t repeated_requests = 0;     ///< requests that came more than once
  std::uint64_t conflicting_requests = 0;  ///< of these, with answers that differ
  std::optional<Timestamp> newest_from;    ///< where the newest part begins
};

/// Takes the records through these steps. Errors: too few records for min_total_records or eval_size, with the counts.
[[nodiscard]] Result<Selected> select_rows(const BuildRequest& request);

/// Settings out of their range, whatever the records.
[[nodiscard]] Status check_settings(const SplitSettings& split);

}  // namespace fw::dataset
