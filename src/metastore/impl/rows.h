#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "metastore/impl/sqlite.h"

/// Between rows of SQLite and ours.
namespace fw::metastore {

inline std::int64_t to_number(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp to_time(std::int64_t nanoseconds) { return Timestamp(std::chrono::nanoseconds(nanoseconds)); }

/// Every row of a statement through `read`.
template <class Row, class Read>
Result<std::vector<Row>> all_rows(Statement& select, Read read) {
  std::vector<Row> out;
  for (;;) {
    FW_ASSIGN(const bool has_row, select.step());
    if (!has_row) return out;
    out.push_back(read(select));
  }
}

template <class Row, class Read>
Result<std::optional<Row>> first_row(Statement& select, Read read) {
  FW_ASSIGN(const bool has_row, select.step());
  if (!has_row) return std::optional<Row>();
  return std::optional<Row>(read(select));
}

}  // namespace fw::metastore
