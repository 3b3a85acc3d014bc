#pragma once

#include <rocksdb/slice_transform.h>

#include <memory>
#include <string_view>

namespace fw::logstore {

/// What stands before the time in a key of a record or of an index: among the keys of one series, a record that is kept
/// as it happens is nearly always the last. All of a key that is not ours.
[[nodiscard]] std::string_view series_of_record_key(std::string_view key);
[[nodiscard]] std::string_view series_of_index_key(std::string_view key);

/// How the memtables of a family group their keys, or nullptr: each begins to look for a new key's place where it put
/// the last one of the series, instead of comparing its way through all that it holds, which was half of what a record
/// of live traffic cost. Nothing of it is on disk.
[[nodiscard]] std::shared_ptr<const rocksdb::SliceTransform> series_of_family(std::string_view family);

}  // namespace fw::logstore
