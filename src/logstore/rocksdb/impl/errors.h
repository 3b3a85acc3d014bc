#pragma once

#include <rocksdb/status.h>

#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace fw::logstore {

/// RocksDB's failure as ours: what was tried on which store, its own words, and the remedy where there is one (full
/// disk, store in use, damaged store, permissions).
[[nodiscard]] Error store_error(std::string_view tried, const std::filesystem::path& store,
                                const rocksdb::Status& status);

}  // namespace fw::logstore
