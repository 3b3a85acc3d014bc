#pragma once

#include <span>

#include "logstore/elasticsearch/impl/cluster.h"
#include "logstore/elasticsearch/impl/key_scan.h"

namespace fw::logstore {

/// Writes the documents again with another `workload_id`, every other byte as it was; a document that somebody changed
/// or removed meanwhile is passed over. Returns how many were written.
[[nodiscard]] Result<std::uint64_t> bulk_relabel(Cluster& cluster, std::span<const FoundKey> keys,
                                                 const record::WorkloadId& workload);

}  // namespace fw::logstore
