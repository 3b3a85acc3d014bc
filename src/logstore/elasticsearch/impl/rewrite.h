#pragma once

#include <functional>
#include <span>
#include <string>

#include "logstore/elasticsearch/documents.h"
#include "logstore/elasticsearch/impl/cluster.h"
#include "logstore/elasticsearch/impl/key_scan.h"

/// Documents are written again in another form, each only if nobody changed or removed it meanwhile: others are passed
/// over. Both return how many were written.
namespace fw::logstore {

/// With another `workload_id`, every other byte as it was.
[[nodiscard]] Result<std::uint64_t> bulk_relabel(Cluster& cluster, std::span<const FoundKey> keys,
                                                 const record::WorkloadId& workload);

/// As `outlined` gives them, which have no content; those that have none already are passed over.
[[nodiscard]] Result<std::uint64_t> bulk_expire(Cluster& cluster, std::span<const FoundKey> keys,
                                                const Documents& documents,
                                                const std::function<std::string(const FoundKey&)>& outlined);

}  // namespace fw::logstore
