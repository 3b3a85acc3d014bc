#pragma once

#include <span>
#include <vector>

#include "logstore/elasticsearch/impl/cluster.h"
#include "logstore/elasticsearch/impl/index.h"
#include "logstore/elasticsearch/impl/key_scan.h"

namespace fw::logstore {

/// Adds the records in requests of some 8 MiB. What the index refuses as JSON is sent once more as text; items that the
/// cluster has no room for at the moment are tried again. kInvalidArgument names the first record that it refuses for
/// good; others may be in then.
[[nodiscard]] Result<AppendReport> bulk_create(Cluster& cluster, Index& index, const Documents& documents,
                                               std::span<const record::Interaction> batch);

/// Removes the documents; returns how many were there.
[[nodiscard]] Result<std::uint64_t> bulk_delete(Cluster& cluster, std::span<const FoundKey> keys);

}  // namespace fw::logstore
