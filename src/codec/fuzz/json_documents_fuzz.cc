#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/json_documents.h"
#include "codec/unpack.h"

namespace {

/// All documents with their places, read in pieces of one size.
std::string read_all(std::string_view bytes, std::size_t piece) {
  fw::codec::StringSource text(bytes, piece);
  std::unique_ptr<fw::codec::ByteSource> unpacked;
  const auto packing = fw::codec::packing_of(bytes);
  if (packing != fw::codec::Packing::kNone) unpacked = fw::codec::unpack(packing, text);
  fw::codec::JsonDocumentReader reader(unpacked ? *unpacked : text, 50);
  std::string out;
  while (out.size() < (1 << 20)) {
    const auto document = reader.next();
    if (!document.ok()) return out + "error";
    if (!*document) break;
    const auto& d = **document;
    if (d.bytes.size() > 50 || d.length < d.bytes.size()) std::abort();
    out.append(d.bytes).append("|" + std::to_string(d.length) + "|" + std::to_string(d.line) + "\n");
  }
  return out;
}

}  // namespace

/// Plain or packed: the documents do not depend on how the bytes arrive.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (read_all(bytes, 1) != read_all(bytes, SIZE_MAX)) std::abort();
  return 0;
}
