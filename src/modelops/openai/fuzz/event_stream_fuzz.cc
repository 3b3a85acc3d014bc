#include <cstddef>
#include <cstdint>
#include <string_view>

#include "modelops/openai/event_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)fw::modelops::assemble_completion({reinterpret_cast<const char*>(data), size});
  return 0;
}
