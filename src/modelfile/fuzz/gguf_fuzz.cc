// Any bytes as a GGUF header: read, summarise, leave a layer out. What the reader takes must hold its promises.

#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "modelfile/gguf.h"
#include "modelfile/keep_layers.h"
#include "modelfile/summary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw::modelfile;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)parse_gguf_header(bytes, size + (1ULL << 40));  // the start of a longer file
  const auto header = parse_gguf_header(bytes, size);
  if (!header.ok()) return 0;
  for (const GgufTensor& tensor : header->tensors) {
    FW_ASSERT(header->data_offset + tensor.offset + tensor.bytes <= size);
  }
  if (const auto summary = summarise(*header); summary.ok()) {
    (void)to_text(*summary);
    (void)to_json(*summary).dump();
  }
  if (const auto reduced = reduce_header(*header, {0}); reduced.ok()) {
    FW_ASSERT(reduced->source_of.size() == reduced->header.tensors.size());
  }
  return 0;
}
