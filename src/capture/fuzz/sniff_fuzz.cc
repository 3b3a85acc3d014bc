#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "capture/files/impl/sniff.h"
#include "capture/timestamp.h"

/// Any first bytes are JSON, or refused with a reason; any text is a time between 1970 and 2262, or none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto why = fw::capture::why_not_json(bytes);
  if (why && why->empty()) std::abort();
  const auto time = fw::capture::parse_timestamp(bytes);
  if (time && *time < fw::Timestamp{}) std::abort();
  return 0;
}
