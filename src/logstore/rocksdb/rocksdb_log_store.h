#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "logstore/log_store.h"

namespace fw::logstore {

struct RocksDbOptions {
  std::size_t block_cache_bytes = 64ULL << 20;   ///< blocks kept in memory for reading
  std::size_t write_buffer_bytes = 64ULL << 20;  ///< records kept in memory before they go to a table
};

/// Opens the log store in `folder`, or makes a new one there. One process at a time may have a store open; reading old
/// logs after a crash happens here.
///
/// Beyond LogStore's contract: ids are limited as docs/formats/log_store.md says (kInvalidArgument), a page ends early
/// once its records have 64 MiB, one batch may have 1 GiB (kTooLarge), and a crash during remove() may leave a part of
/// the selection deleted, with counts that agree. After a full disk, a moment without descriptors or an I/O error
/// appends succeed again as soon as the disk takes files; until then reads go on, appends fail, and health() says why.
///
/// Errors, each with its remedy: kFailedPrecondition (in use by another process, written by a newer version,
/// permissions), kDataLoss (damaged), kStorageFull (full disk).
[[nodiscard]] Result<std::unique_ptr<LogStore>> open_rocksdb_log_store(const std::filesystem::path& folder,
                                                                       const RocksDbOptions& options = {});

}  // namespace fw::logstore
