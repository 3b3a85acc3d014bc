#include <cstdint>
#include <string_view>

#include "capture/otlp/impl/decode.h"
#include "capture/tests/otlp_takes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw::capture::otlp;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  take_all(decode_traces_json(body), decode_logs_json(body));
  return 0;
}
