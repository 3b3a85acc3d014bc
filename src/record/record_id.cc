#include "record/record_id.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/hash.h"
#include "base/random.h"

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

RecordId live_id(Timestamp time) {
  const auto since_1970 = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const auto milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(since_1970, 0));
  std::string big_endian;
  for (int shift = 40; shift >= 0; shift -= 8) big_endian.push_back(static_cast<char>(milliseconds >> shift));
  return RecordId(to_hex(big_endian) + random_hex(10));
}

}  // namespace fw::record
