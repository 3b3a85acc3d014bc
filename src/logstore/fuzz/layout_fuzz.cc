// Values of the log store as a damaged disk may give them: whatever reads back, is written the same again.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "logstore/rocksdb/impl/layout.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw;
  namespace layout = logstore::layout;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  record::Interaction record;
  if (layout::parse_record_value(bytes, record).ok()) {
    record::Interaction again;
    if (!layout::parse_record_value(layout::record_value(record), again).ok() || again != record) std::abort();
  }
  if (const auto found = layout::parse_id_value(record::RecordId("x"), bytes); found.ok()) {
    const auto again = layout::parse_id_value(record::RecordId("x"), layout::id_value(found->location, found->kind));
    if (!again.ok() || again->location != found->location || again->kind != found->kind) std::abort();
  }
  (void)layout::parse_record_key(bytes);
  (void)layout::parse_index_entry(bytes, bytes);
  (void)layout::parse_count_key(bytes);
  (void)layout::parse_kind_count_key(bytes);
  return 0;
}
