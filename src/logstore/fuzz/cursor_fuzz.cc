#include <cstdint>
#include <cstdlib>

#include "logstore/impl/cursor.h"

/// A cursor comes from outside: anything is answered with an error, or was made by make_cursor.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fw::logstore::Cursor cursor{std::string(reinterpret_cast<const char*>(data), size)};
  const auto position = fw::logstore::parse_cursor(cursor, {}, fw::logstore::Order::kOldestFirst);
  if (position.ok() &&
      fw::logstore::make_cursor({}, fw::logstore::Order::kOldestFirst, *position).token != cursor.token) {
    std::abort();
  }
  return 0;
}
