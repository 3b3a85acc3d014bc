#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "capture/tests/read_records.h"

/// What is read can be stored and read by others: usable ids, a time, request and response JSON objects.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool with_ids : {false, true}) {
    capture::ReadOptions options;
    if (with_ids) {
      options.workload = record::WorkloadId("w");
      options.client = record::ClientId("c");
    }
    const capture::Outcome outcome = capture::read_records(text, options);
    for (const record::Interaction& record : outcome.records) {
      if (record.workload->empty() || record.client->empty() || record.id->empty()) std::abort();
      if (record.timestamp < Timestamp{}) std::abort();
      if (!nlohmann::json::parse(record.request).is_object()) std::abort();
      if (!nlohmann::json::parse(record.response).is_object()) std::abort();
    }
    for (const std::string& reason : outcome.reasons) {
      if (reason.empty() || reason.size() > 200) std::abort();
    }
  }
  return 0;
}
