#pragma once

#include <memory>
#include <optional>

#include "async/deadline.h"
#include "discovery/accepted_rules.h"
#include "logstore/log_store.h"

namespace fw::discovery {

/// A log store that names what comes in: a record of a workload that has accepted rules gets the workload of the first
/// that fits its request, whatever way it came. Its id, times and contents stay. `rules` outlive it.
[[nodiscard]] std::unique_ptr<logstore::LogStore> labelled(std::unique_ptr<logstore::LogStore> store,
                                                           const AcceptedRules& rules);

/// What a look at stored records came to.
struct Relabelled {
  std::uint64_t read = 0;
  std::uint64_t moved = 0;
  std::optional<logstore::Cursor> next;  ///< where to go on; absent at the end
};

/// Puts stored records of `source` under the workloads of its rules, oldest first from `after` on, for about `time`:
/// whoever wants all goes on at `next`. Again and again it changes nothing more. Blocks.
[[nodiscard]] Result<Relabelled> relabel_some(logstore::LogStore& log, const AcceptedRules& rules,
                                              const std::string& source, const std::optional<logstore::Cursor>& after,
                                              Duration time, const Deadline& deadline);

}  // namespace fw::discovery
