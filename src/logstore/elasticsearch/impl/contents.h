#pragma once

#include <span>
#include <vector>

#include "logstore/elasticsearch/impl/cluster.h"
#include "logstore/elasticsearch/impl/key_scan.h"

namespace fw::logstore {

/// Records of an answer, in the order in which they were asked for.
struct Contents {
  std::vector<record::Interaction> records;  ///< of documents that are still there and hold one
  std::size_t asked = 0;                     ///< how many of the keys this answers
};

/// Reads the documents of `keys` from the first on, until they have about `most_bytes`; their times are those of the
/// keys. Documents that were removed meanwhile are left out; those that hold no record are too, and logged.
[[nodiscard]] Result<Contents> read_contents(Cluster& cluster, const Documents& documents,
                                             std::span<const FoundKey> keys, std::size_t most_bytes);

}  // namespace fw::logstore
