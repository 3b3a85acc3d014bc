// The header of a safetensors file: the first bytes of a file that somebody else made.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "modelfile/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = fw::modelfile::parse_safetensors_header(bytes, size);
  if (!header.ok()) return 0;
  for (const auto& tensor : header->tensors) {
    FW_ASSERT(tensor.begin <= tensor.end && header->data_offset + tensor.end <= size);
    std::uint64_t elements = 1;
    for (const auto dimension : tensor.shape) elements *= static_cast<std::uint64_t>(dimension);
    FW_ASSERT(elements * size_of(tensor.type) == tensor.end - tensor.begin);
  }
  return 0;
}
