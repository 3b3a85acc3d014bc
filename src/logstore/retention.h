#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "async/deadline.h"
#include "logstore/log_store.h"

namespace fw::logstore {

/// How long records stay, by their own time. 0: for ever.
struct Retention {
  double days = 0;
  std::map<std::string, double> workloads;  ///< instead of `days`, by workload

  [[nodiscard]] bool is_on() const;
  [[nodiscard]] double days_of(const record::WorkloadId& workload) const;
};

/// Deletes what is older; returns how many records that were. Those before an error are gone. Blocks: for a pool.
[[nodiscard]] Result<std::uint64_t> remove_expired(LogStore& store, const Retention& retention, Timestamp now,
                                                   const Deadline& deadline);

}  // namespace fw::logstore
