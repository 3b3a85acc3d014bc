#pragma once

#include "logstore/log_store.h"

namespace fw::logstore {

/// The last record that a page returned: the next page starts right after it in the scan's order.
struct Position {
  Timestamp time;
  record::RecordId id;

  friend bool operator==(const Position&, const Position&) = default;
};

[[nodiscard]] Cursor make_cursor(const Selection& selection, Order order, const Position& position);

/// kInvalidArgument for anything that make_cursor did not make for this very selection and order. Takes any bytes.
[[nodiscard]] Result<Position> parse_cursor(const Cursor& cursor, const Selection& selection, Order order);

/// Where a list of workloads goes on: at the pair with this count key.
[[nodiscard]] Cursor make_workload_cursor(std::string_view count_key);
/// The count key; kInvalidArgument for anything that is none. Takes any bytes.
[[nodiscard]] Result<std::string> parse_workload_cursor(const Cursor& cursor);

}  // namespace fw::logstore
