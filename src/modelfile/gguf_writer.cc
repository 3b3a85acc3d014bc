#include <cstring>
#include <unordered_set>

#include "io/atomic_file.h"
#include "modelfile/gguf.h"
#include "modelfile/impl/gguf_layout.h"

namespace fw::modelfile {
namespace {

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void append_string(std::string& out, std::string_view text) {
  append<std::uint64_t>(out, text.size());
  out += text;
}

void append_value(std::string& out, const GgufValue& value) {
  append(out, static_cast<std::uint32_t>(value.type));
  if (value.type == GgufType::kString) return append_string(out, value.bytes);
  if (value.type == GgufType::kArray) {
    append(out, static_cast<std::uint32_t>(value.element));
    append(out, value.count);
  }
  out += value.bytes;
}

Status place_tensors(GgufHeader& header) {
  std::unordered_set<std::string_view> seen;
  std::uint64_t offset = 0;
  for (GgufTensor& tensor : header.tensors) {
    const GgmlType* type = find_ggml_type(tensor.type);
    const auto bytes = type == nullptr ? std::nullopt : tensor_bytes(*type, tensor.shape);
    if (!bytes || tensor.shape.size() > kMaxDimensions) {
      return invalid_argument("tensor " + shown(tensor.name) + " has a type or shape that GGUF cannot hold");
    }
    if (tensor.name.empty() || tensor.name.size() > kMaxTensorNameBytes || !seen.insert(tensor.name).second) {
      return invalid_argument("tensor " + shown(tensor.name) + " has an empty, too long or repeated name");
    }
    tensor.bytes = *bytes;
    tensor.offset = offset;
    if (__builtin_add_overflow(offset, aligned(tensor.bytes, header.alignment), &offset)) {
      return invalid_argument("the tensors together are too large");
    }
  }
  return {};
}

Status check_metadata(const GgufHeader& header) {
  std::unordered_set<std::string_view> seen;
  for (const GgufEntry& entry : header.metadata) {
    if (entry.key.empty() || entry.key.size() > kMaxKeyBytes || !seen.insert(entry.key).second) {
      return invalid_argument("metadata key " + shown(entry.key) + " is empty, too long or repeated");
    }
  }
  if (header.alignment == 0 || header.alignment > kMaxAlignment || (header.alignment & (header.alignment - 1)) != 0) {
    return invalid_argument("alignment " + std::to_string(header.alignment) + " is no power of two");
  }
  return {};
}

std::string encode(GgufHeader& header) {
  std::string out = "GGUF";
  append<std::uint32_t>(out, 3);
  append<std::uint64_t>(out, header.tensors.size());
  append<std::uint64_t>(out, header.metadata.size());
  for (const GgufEntry& entry : header.metadata) {
    append_string(out, entry.key);
    append_value(out, entry.value);
  }
  for (const GgufTensor& tensor : header.tensors) {
    append_string(out, tensor.name);
    append(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::uint64_t dimension : tensor.shape) append(out, dimension);
    append(out, tensor.type);
    append(out, tensor.offset);
  }
  if (!header.tensors.empty()) out.resize(aligned(out.size(), header.alignment), '\0');
  return out;
}

Status write_tensor(io::AtomicFile& file, const GgufTensor& tensor, std::uint32_t alignment,
                    const GgufTensorSource& source) {
  std::uint64_t written = 0;
  FW_TRY(source(tensor, [&](std::string_view bytes) -> Status {
    written += bytes.size();
    if (written > tensor.bytes) return internal("too many bytes for tensor " + shown(tensor.name));
    return file.append(bytes);
  }));
  if (written != tensor.bytes) return internal("too few bytes for tensor " + shown(tensor.name));
  return file.append(std::string(aligned(written, alignment) - written, '\0'));
}

}  // namespace

Status write_gguf(const std::filesystem::path& path, GgufHeader header, const GgufTensorSource& source) {
  header.erase("general.alignment");
  if (header.alignment != 32) header.set("general.alignment", GgufValue::u32(header.alignment));
  FW_TRY(check_metadata(header));
  FW_TRY(place_tensors(header));
  FW_ASSIGN(io::AtomicFile file, io::AtomicFile::create(path));
  FW_TRY(file.append(encode(header)));
  for (const GgufTensor& tensor : header.tensors) FW_TRY(write_tensor(file, tensor, header.alignment, source));
  return file.commit();
}

}  // namespace fw::modelfile
