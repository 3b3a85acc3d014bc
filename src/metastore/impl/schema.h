#pragma once

#include "metastore/impl/sqlite.h"

namespace fw::metastore {

/// What marks a SQLite file as ours: `FWHL`.
inline constexpr std::int64_t kApplicationId = 0x4657484C;

/// The version that this program writes.
[[nodiscard]] std::int64_t newest_schema_version();

/// Brings the file to the newest version, one transaction a step. A file of a newer version, or of another program, is
/// left as it is and refused.
[[nodiscard]] Status migrate(Connection& connection);

}  // namespace fw::metastore
