#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "io/input_file.h"
#include "modelfile/gguf.h"
#include "modelfile/impl/gguf_layout.h"

namespace fw::modelfile {
namespace {

constexpr std::string_view kRemedy = "; download or convert it again";
constexpr std::uint64_t kFirstRead = 8ULL << 20;

/// The first bytes of a file, and where in them we are. Once a read fails, all later ones do.
class Cursor {
 public:
  Cursor(std::string_view bytes, std::uint64_t file_size) : bytes_(bytes), file_size_(file_size) {}

  template <class T>
  [[nodiscard]] bool read(T& out) {
    std::string_view bytes;
    if (!take(sizeof(T), bytes)) return false;
    std::memcpy(&out, bytes.data(), sizeof(T));
    return true;
  }

  [[nodiscard]] bool take(std::uint64_t size, std::string_view& out) {
    if (size > bytes_.size() - position_) {
      failed_ = true;
      return false;
    }
    out = bytes_.substr(position_, size);
    position_ += size;
    return true;
  }

  /// Whether so many bytes can follow in the file, seen or not.
  [[nodiscard]] bool can_follow(std::uint64_t size) const { return size <= file_size_ - position_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::string_view since(std::uint64_t begin) const { return bytes_.substr(begin, position_ - begin); }
  /// Whether a read failed though the file goes on after the bytes we have.
  [[nodiscard]] bool needs_more() const { return failed_ && bytes_.size() < file_size_; }

 private:
  std::string_view bytes_;
  std::uint64_t file_size_;
  std::uint64_t position_ = 0;
  bool failed_ = false;
};

Error truncated(std::string_view where) {
  return data_loss("is truncated: it ends within " + std::string(where) + std::string(kRemedy));
}

Error damaged(std::string what) { return data_loss("is damaged: " + std::move(what) + std::string(kRemedy)); }

Result<std::string> read_name(Cursor& in, std::uint64_t limit, const std::string& where) {
  std::uint64_t size = 0;
  if (!in.read(size)) return truncated(where);
  if (size == 0 || size > limit) return damaged(where + " has a name of " + std::to_string(size) + " bytes");
  std::string_view name;
  if (!in.take(size, name)) return truncated(where);
  return std::string(name);
}

// A string's bytes with or without its length field in front.
Status skip_string(Cursor& in, const std::string& where) {
  std::uint64_t size = 0;
  std::string_view ignored;
  if (!in.read(size)) return truncated(where);
  if (!in.can_follow(size)) return damaged(where + " has a string of " + std::to_string(size) + " bytes");
  if (!in.take(size, ignored)) return truncated(where);
  return {};
}

Result<GgufType> read_type(Cursor& in, const std::string& where) {
  std::uint32_t number = 0;
  if (!in.read(number)) return truncated(where);
  const auto type = static_cast<GgufType>(number);
  if (!fixed_size(type)) return damaged(where + " has the unknown type " + std::to_string(number));
  return type;
}

Result<GgufValue> read_array(Cursor& in, const std::string& where) {
  GgufValue value{.type = GgufType::kArray};
  FW_ASSIGN(value.element, read_type(in, where));
  if (value.element == GgufType::kArray) return unimplemented("cannot be used: " + where + " is an array of arrays");
  if (!in.read(value.count)) return truncated(where);
  const std::uint64_t smallest = std::max<std::uint64_t>(*fixed_size(value.element), 1);
  const std::uint64_t least = value.element == GgufType::kString ? 8 : smallest;
  std::uint64_t size = 0;
  if (__builtin_mul_overflow(value.count, least, &size) || !in.can_follow(size)) {
    return damaged(where + " has an array of " + std::to_string(value.count) + " elements, more than the file holds");
  }
  const std::uint64_t begin = in.position();
  if (value.element == GgufType::kString) {
    for (std::uint64_t i = 0; i < value.count; ++i) FW_TRY(skip_string(in, where));
  } else {
    std::string_view ignored;
    if (!in.take(size, ignored)) return truncated(where);
  }
  value.bytes = in.since(begin);
  return value;
}

Result<GgufValue> read_value(Cursor& in, const std::string& where) {
  FW_ASSIGN(const GgufType type, read_type(in, where));
  if (type == GgufType::kArray) return read_array(in, where);
  GgufValue value{.type = type};
  const std::uint64_t begin = in.position();
  if (type == GgufType::kString) {
    FW_TRY(skip_string(in, where));
    value.bytes = in.since(begin + 8);
    return value;
  }
  std::string_view bytes;
  if (!in.take(*fixed_size(type), bytes)) return truncated(where);
  value.bytes = bytes;
  return value;
}

Status read_metadata(Cursor& in, std::uint64_t count, GgufHeader& header) {
  std::unordered_set<std::string> seen;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string where = "metadata entry " + std::to_string(i + 1) + " of " + std::to_string(count);
    GgufEntry entry;
    FW_ASSIGN(entry.key, read_name(in, kMaxKeyBytes, where));
    FW_ASSIGN(entry.value, read_value(in, where + " (" + shown(entry.key) + ")"));
    if (!seen.insert(entry.key).second) return damaged("the key " + shown(entry.key) + " occurs twice");
    header.metadata.push_back(std::move(entry));
  }
  return {};
}

Result<GgufTensor> read_tensor(Cursor& in, const std::string& where) {
  GgufTensor tensor;
  FW_ASSIGN(tensor.name, read_name(in, kMaxTensorNameBytes, where));
  const std::string named = "tensor " + shown(tensor.name);
  std::uint32_t dimensions = 0;
  if (!in.read(dimensions)) return truncated(where);
  if (dimensions > kMaxDimensions) return damaged(named + " has " + std::to_string(dimensions) + " dimensions");
  tensor.shape.resize(dimensions);
  for (std::uint64_t& dimension : tensor.shape) {
    if (!in.read(dimension)) return truncated(where);
  }
  if (!in.read(tensor.type) || !in.read(tensor.offset)) return truncated(where);
  const GgmlType* type = find_ggml_type(tensor.type);
  if (type == nullptr) {
    return unimplemented("cannot be used: " + named + " has type " + std::to_string(tensor.type) +
                         ", which this program does not know; convert the model to BF16 or Q8_0");
  }
  const auto bytes = tensor_bytes(*type, tensor.shape);
  if (!bytes)
    return damaged(named + " has a shape that is empty, too large, or no whole blocks of " + std::string(type->name));
  tensor.bytes = *bytes;
  return tensor;
}

Status read_tensors(Cursor& in, std::uint64_t count, GgufHeader& header) {
  std::unordered_set<std::string> seen;
  for (std::uint64_t i = 0; i < count; ++i) {
    FW_ASSIGN(GgufTensor tensor,
              read_tensor(in, "tensor entry " + std::to_string(i + 1) + " of " + std::to_string(count)));
    if (!seen.insert(tensor.name).second) return damaged("the tensor " + shown(tensor.name) + " occurs twice");
    header.tensors.push_back(std::move(tensor));
  }
  return {};
}

Status read_alignment(GgufHeader& header) {
  const GgufValue* value = header.find("general.alignment");
  if (value == nullptr) return {};
  const auto alignment = value->as_uint();
  if (value->type != GgufType::kU32 || *alignment == 0 || *alignment > kMaxAlignment ||
      (*alignment & (*alignment - 1)) != 0) {
    return damaged("general.alignment is no power of two up to " + std::to_string(kMaxAlignment));
  }
  header.alignment = static_cast<std::uint32_t>(*alignment);
  return {};
}

Status check_places(const GgufHeader& header, std::uint64_t file_size) {
  std::vector<const GgufTensor*> by_place;
  for (const GgufTensor& tensor : header.tensors) {
    const std::string named = "tensor " + shown(tensor.name);
    if (tensor.offset % header.alignment != 0) return damaged(named + " is not aligned");
    const std::uint64_t room = file_size < header.data_offset ? 0 : file_size - header.data_offset;
    if (tensor.offset > room || tensor.bytes > room - tensor.offset) {
      return data_loss("is truncated: " + named + " lies beyond its end at " + std::to_string(file_size) + " bytes" +
                       std::string(kRemedy));
    }
    by_place.push_back(&tensor);
  }
  std::ranges::sort(by_place, {}, &GgufTensor::offset);
  for (std::size_t i = 1; i < by_place.size(); ++i) {
    const GgufTensor& before = *by_place[i - 1];
    if (before.offset + before.bytes > by_place[i]->offset) {
      return damaged("tensors " + shown(before.name) + " and " + shown(by_place[i]->name) + " overlap");
    }
  }
  return {};
}

Status check_start(Cursor& in, GgufHeader& header) {
  std::string_view magic;
  if (!in.take(4, magic) || magic != "GGUF") {
    return in.needs_more() ? truncated("its start")
                           : invalid_argument("is no GGUF file: it does not begin with \"GGUF\"");
  }
  if (!in.read(header.version)) return truncated("its version");
  if (header.version > 0xffffU && (header.version & 0xffffU) == 0) {
    return unimplemented("cannot be used: it is big-endian; convert it on a little-endian machine");
  }
  if (header.version != 2 && header.version != 3) {
    return unimplemented("cannot be used: it has GGUF version " + std::to_string(header.version) +
                         ", and this program reads 2 and 3; convert the model again");
  }
  return {};
}

Status parse(Cursor& in, std::uint64_t file_size, GgufHeader& header) {
  std::uint64_t tensors = 0;
  std::uint64_t keys = 0;
  FW_TRY(check_start(in, header));
  if (!in.read(tensors) || !in.read(keys)) return truncated("its counts");
  if (keys > kMaxKeys)
    return too_large("has " + std::to_string(keys) + " metadata keys; " + std::to_string(kMaxKeys) + " is the limit");
  if (tensors > kMaxTensors)
    return too_large("has " + std::to_string(tensors) + " tensors; " + std::to_string(kMaxTensors) + " is the limit");
  FW_TRY(read_metadata(in, keys, header));
  FW_TRY(read_tensors(in, tensors, header));
  FW_TRY(read_alignment(header));
  header.data_offset = tensors == 0 ? in.position() : aligned(in.position(), header.alignment);
  return check_places(header, file_size);
}

}  // namespace

Result<GgufHeader> parse_gguf_header(std::string_view first_bytes, std::uint64_t file_size) {
  GgufHeader header;
  Cursor in(first_bytes.substr(0, std::min<std::uint64_t>(first_bytes.size(), file_size)), file_size);
  FW_TRY(parse(in, file_size, header));
  return header;
}

Result<GgufHeader> read_gguf_header(const std::filesystem::path& path) {
  FW_ASSIGN(const io::InputFile file, io::InputFile::open(path));
  std::string bytes;
  for (std::uint64_t size = kFirstRead;; size *= 4) {
    const std::uint64_t have = bytes.size();
    bytes.resize(std::min({size, file.size(), kMaxHeaderBytes}));
    FW_TRY(file.read_at(have, std::span(bytes).subspan(have)));
    GgufHeader header;
    Cursor in(bytes, file.size());
    Status status = parse(in, file.size(), header);
    if (status.ok()) return header;
    if (!in.needs_more()) return Error{status.error().code, path.string() + " " + status.error().message};
    if (bytes.size() == kMaxHeaderBytes) {
      return too_large(path.string() + " has a header of more than " + std::to_string(kMaxHeaderBytes) + " bytes");
    }
  }
}

}  // namespace fw::modelfile
