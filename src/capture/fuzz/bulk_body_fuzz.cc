#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "capture/bulk/impl/bulk_reader.h"

/// Whatever a `_bulk` body holds: every operation has an outcome, every record belongs to one without an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw;
  using namespace fw::capture;
  codec::StringSource body({reinterpret_cast<const char*>(data), size}, 7);
  elastic::BulkReader reader(body,
                             {.path_index = size % 2 == 0 ? "flywheel" : "", .whole_index = "flywheel", .read = {}});
  while (true) {
    const auto batch = reader.next(1000, 4);
    if (!batch.ok()) {
      if (batch.error().message.empty()) std::abort();
      return 0;
    }
    if (!*batch) return 0;
    if ((*batch)->items.empty() || (*batch)->records.size() != (*batch)->item_of.size()) std::abort();
    for (std::size_t i = 0; i < (*batch)->records.size(); ++i) {
      if ((*batch)->item_of[i] >= (*batch)->items.size() || (*batch)->records[i].id->empty()) std::abort();
    }
    for (const auto& item : (*batch)->items) {
      if (item.is_error() ? item.status < 400 || item.error_reason.empty() : item.id.empty()) std::abort();
    }
  }
}
