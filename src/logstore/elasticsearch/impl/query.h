#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "logstore/elasticsearch/impl/index.h"
#include "logstore/log_store.h"

namespace fw::logstore {

/// Where a time stands in an index: the value by which `timestamp` is sorted, and what it leaves of it.
struct IndexTime {
  std::int64_t value = 0;
  std::int64_t nanoseconds = 0;  ///< from 0 on, below a unit
};

[[nodiscard]] IndexTime index_time(Timestamp time, Documents::Unit unit);
[[nodiscard]] Timestamp time_of(const IndexTime& time, Documents::Unit unit);

/// Bounds of time: each where it is.
struct TimeRange {
  std::optional<Timestamp> from;   ///< inclusive
  std::optional<Timestamp> after;  ///< exclusive
  std::optional<Timestamp> to;     ///< exclusive
};

/// The query of a selection's documents whose times count in `unit`, within `range` too.
[[nodiscard]] nlohmann::json query_of(const Selection& selection, const TimeRange& range, const IndexForm& form,
                                      Documents::Unit unit);
/// In the order of time.
[[nodiscard]] nlohmann::json sort_by_time(const IndexForm& form, Order order);

}  // namespace fw::logstore
