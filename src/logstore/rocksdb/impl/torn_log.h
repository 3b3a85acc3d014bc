#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace fw::logstore {

/// Where the torn end of a RocksDB log begins, given all its bytes: the end of its last whole record, if what lies
/// behind is damaged and no other record begins there. Power loss leaves that of the one record that was being written
/// (its pages reach the disk in any order), and it was not acknowledged. Nothing when the log is whole, or when a
/// record begins behind the damage: then acknowledged records are damaged. Takes any bytes.
///
/// Source: RocksDB's "Write Ahead Log File Format" (blocks of 32 KiB; records of CRC-32C, size, type, payload).
[[nodiscard]] std::optional<std::uint64_t> torn_end(std::string_view log);

/// Cuts the torn end off the newest log in the folder of a database that nobody has open, and keeps what was cut beside
/// it as `torn-NAME-OFFSET`. False: there is none.
[[nodiscard]] Result<bool> cut_torn_end(const std::filesystem::path& folder);

}  // namespace fw::logstore
