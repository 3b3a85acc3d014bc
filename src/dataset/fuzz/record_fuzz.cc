// Captured records are outside bytes: a request and a response, parted by a zero byte, in the midst of good traffic.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/assert.h"
#include "dataset/builder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw;
  const auto* bytes = reinterpret_cast<const char*>(data);
  const auto* cut = std::find(bytes, bytes + size, '\0');
  const std::string request(bytes, cut);
  const std::string response(cut == bytes + size ? cut : cut + 1, bytes + size);
  std::vector<record::Interaction> records;
  for (int i = 0; i < 6; ++i) {
    record::Interaction record{record::RecordId("r" + std::to_string(i)),
                               record::WorkloadId("w"),
                               record::ClientId("c"),
                               from_epoch_seconds(i),
                               request,
                               response};
    if (i > 0) {
      record.request = R"({"messages":[{"role":"user","content":"question )" + std::to_string(i) + "\"}]}";
      record.response = R"({"choices":[{"message":{"role":"assistant","content":"yes"}}]})";
    }
    records.push_back(std::move(record));
  }
  dataset::RecordsInMemory source(records);
  dataset::BuildRequest build{.workload = record::WorkloadId("w"), .records = source, .seed = size};
  build.split.eval_size = 2;
  build.split.min_total_records = 1;
  const auto built = dataset::build(build);
  if (!built.ok()) FW_ASSERT(built.error().code == ErrorCode::kFailedPrecondition);
  if (built.ok()) FW_ASSERT(built->eval.num_records == 2);
  return 0;
}
