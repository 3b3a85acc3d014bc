#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "logstore/log_store.h"
#include "traffic/exchange.h"

namespace fw::traffic {

/// What a person looks for beside workload, client and time. Empty members let everything pass.
struct Filter {
  std::string label;  ///< Exchange::label
  std::string tool;   ///< among Exchange::called
  std::string model;  ///< that answered, or was asked
  std::optional<record::Ending> ending;
  std::optional<record::Origin> origin;
  std::optional<bool> is_error;
  std::string text;  ///< in the conversation or the answer, whatever the letters' case

  [[nodiscard]] bool lets_all_pass() const;
};

struct Found {
  record::Interaction interaction;
  Exchange exchange;
};

struct FoundPage {
  std::vector<Found> found;
  std::uint64_t scanned = 0;             ///< records that were looked at
  std::optional<logstore::Cursor> next;  ///< where to go on; absent at the end of the traffic
};

/// How far one page may go: a search for what is rare comes back with what it has, and a cursor.
struct SearchLimits {
  std::size_t found = 50;
  Duration time = std::chrono::milliseconds(400);
};

/// Up to `limits.found` interactions of the selection that pass the filter, newest first, from `after` on. Blocks.
[[nodiscard]] Result<FoundPage> search(logstore::LogStore& log, const logstore::Selection& selection,
                                       const Filter& filter, const std::optional<logstore::Cursor>& after,
                                       const SearchLimits& limits, const Clock& clock);

}  // namespace fw::traffic
