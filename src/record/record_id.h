#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "record/ids.h"

namespace fw::record {

/// The id of a record whose source gives none: from who sent it, its bytes, and the how-manieth time (from 0) these
/// very bytes come in this source. Loading a source again gives the same ids; two equal lines of one source stay two
/// records.
[[nodiscard]] RecordId content_id(const WorkloadId& workload, const ClientId& client, std::string_view bytes,
                                  std::uint64_t occurrence);

/// The id of a record that is captured as it happens: the milliseconds of its time, so that ids of one hour lie side by
/// side in an index, and a nonce of 80 bits from the operating system: two equal requests of one moment are two
/// records. 32 lower-case hex digits.
[[nodiscard]] RecordId live_id(Timestamp time);

}  // namespace fw::record
