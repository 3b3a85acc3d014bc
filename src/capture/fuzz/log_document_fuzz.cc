#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "capture/log_document.h"

/// What is decoded can be stored and read by others: usable ids, a time, request and response JSON objects.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  fw::codec::JsonSlicer slicer;
  (void)fw::capture::is_bulk_action(line, slicer);
  for (const bool with_ids : {false, true}) {
    fw::capture::DocumentContext context;
    if (with_ids) {
      context.workload = fw::record::WorkloadId("w");
      context.client = fw::record::ClientId("c");
    }
    const auto record = fw::capture::decode_log_document(line, context, slicer);
    if (!record.ok()) continue;
    if (record->workload->empty() || record->client->empty() || record->id->empty()) std::abort();
    if (record->timestamp < fw::Timestamp{}) std::abort();
    if (!nlohmann::json::parse(record->request).is_object()) std::abort();
    if (!nlohmann::json::parse(record->response).is_object()) std::abort();
  }
  return 0;
}
