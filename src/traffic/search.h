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

/// Whether interactions pass a filter. Keeps its memory from one to the next; not thread-safe.
class Matcher final {
 public:
  explicit Matcher(Filter filter);

  /// What the interaction is, if it passes.
  [[nodiscard]] std::optional<Exchange> match(const record::Interaction& record);
  /// The same for who does not ask what it is: nothing is read where all pass.
  [[nodiscard]] bool passes(const record::Interaction& record);

 private:
  Filter filter_;  // its text in lower case
  ExchangeReader reader_;
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
