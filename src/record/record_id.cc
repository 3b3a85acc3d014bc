#include "record/record_id.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
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
  const auto milliseconds = static_cast<unsigned long long>(std::max<std::int64_t>(since_1970, 0));
  std::array<char, 24> digits{};
  std::snprintf(digits.data(), digits.size(), "%012llx", milliseconds & 0xffff'ffff'ffffULL);
  return RecordId(digits.data() + random_hex(10));
}

}  // namespace fw::record
