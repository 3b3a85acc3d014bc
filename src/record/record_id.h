#pragma once

#include <cstdint>
#include <string_view>

#include "record/ids.h"

namespace fw::record {

/// The id of a record whose source gives none: from who sent it, its bytes, and the how-manieth time (from 0) these
/// very bytes come in this source. Loading a source again gives the same ids; two equal lines of one source stay two
/// records.
[[nodiscard]] RecordId content_id(const WorkloadId& workload, const ClientId& client, std::string_view bytes,
                                  std::uint64_t occurrence);

}  // namespace fw::record
