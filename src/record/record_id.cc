#include "record/record_id.h"

#include <string>

#include "base/hash.h"

namespace fw::record {

RecordId content_id(const WorkloadId& workload, const ClientId& client, std::string_view bytes,
                    std::uint64_t occurrence) {
  Sha256 hash;
  // Lengths first: no two different lists of parts give the same bytes.
  for (const std::string_view part : {std::string_view(*workload), std::string_view(*client), bytes}) {
    hash.update(std::to_string(part.size()) + ':');
    hash.update(part);
  }
  hash.update(std::to_string(occurrence));
  return RecordId(hash.finish_hex().substr(0, 32));
}

}  // namespace fw::record
