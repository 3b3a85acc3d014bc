#include "modelfile/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "io/atomic_file.h"

namespace fw::modelfile {
namespace {

constexpr std::uint64_t kHeaderLimit = 64ULL << 20;
constexpr std::size_t kTensorLimit = 100'000;
constexpr std::size_t kDimensionLimit = 8;

struct TypeRow {
  ElementType type;
  std::string_view name;
  std::size_t size;
};
constexpr TypeRow kTypes[] = {
    {ElementType::kF64, "F64", 8},   {ElementType::kF32, "F32", 4}, {ElementType::kF16, "F16", 2},
    {ElementType::kBF16, "BF16", 2}, {ElementType::kI64, "I64", 8}, {ElementType::kI32, "I32", 4},
    {ElementType::kI16, "I16", 2},   {ElementType::kI8, "I8", 1},   {ElementType::kU8, "U8", 1},
    {ElementType::kBool, "BOOL", 1},
};

const TypeRow& row_of(ElementType type) {
  return *std::find_if(std::begin(kTypes), std::end(kTypes), [type](const TypeRow& row) { return row.type == type; });
}

Error damaged(std::string what) { return data_loss("safetensors file is damaged: " + std::move(what)); }

// A JSON number that is a whole number from 0 to 2^63 - 1.
bool read_size(const nlohmann::json& value, std::uint64_t& out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<std::uint64_t>();
  return out <= static_cast<std::uint64_t>(INT64_MAX);
}

Result<std::uint64_t> read_shape(const nlohmann::json& value, TensorEntry& entry) {
  if (!value.is_array() || value.size() > kDimensionLimit)
    return damaged("tensor " + entry.name + " has no list of at most 8 dimensions");
  std::uint64_t bytes = size_of(entry.type);
  for (const auto& dimension : value) {
    std::uint64_t size = 0;
    if (!read_size(dimension, size) || __builtin_mul_overflow(bytes, size, &bytes))
      return damaged("the shape of tensor " + entry.name + " is no shape");
    entry.shape.push_back(static_cast<std::int64_t>(size));
  }
  return bytes;
}

Result<TensorEntry> read_entry(const std::string& name, const nlohmann::json& value) {
  TensorEntry entry;
  entry.name = name;
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets"))
    return damaged("tensor " + name + " has no dtype, shape and data_offsets");
  if (!value["dtype"].is_string()) return damaged("the dtype of tensor " + name + " is no string");
  const auto& dtype = value["dtype"].get_ref<const std::string&>();
  const auto* row =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeRow& r) { return r.name == dtype; });
  if (row == std::end(kTypes))
    return unimplemented("tensor " + name + " has element type " + dtype +
                         ", which is not supported; convert it to F32 or BF16");
  entry.type = row->type;
  FW_ASSIGN(const std::uint64_t bytes, read_shape(value["shape"], entry));
  const auto& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !read_size(offsets[0], entry.begin) ||
      !read_size(offsets[1], entry.end) || entry.end < entry.begin || entry.end - entry.begin != bytes)
    return damaged("the byte range of tensor " + name + " does not fit its shape");
  return entry;
}

Status read_metadata(const nlohmann::json& value, std::map<std::string, std::string>& out) {
  if (!value.is_object()) return damaged("__metadata__ is no object");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return damaged("__metadata__ holds something that is no string");
    out[key] = text.get<std::string>();
  }
  return {};
}

// No gap, no overlap, and the last byte of the last tensor is the file's last: the format demands it, and it catches
// truncation as well as two tensors of one name.
Status check_ranges(std::vector<TensorEntry>& tensors, std::uint64_t data_size) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t expected = 0;
  for (const auto& tensor : tensors) {
    if (tensor.begin != expected) return damaged("there is a gap or an overlap before tensor " + tensor.name);
    expected = tensor.end;
  }
  if (expected != data_size)
    return damaged("its tensors need " + std::to_string(expected) + " bytes but it holds " + std::to_string(data_size) +
                   "; it may be truncated, fetch it again");
  return {};
}

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fU;
  const std::uint32_t fraction = half & 0x3ffU;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000U | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
  return sign != 0 ? -magnitude : magnitude;
}

template <class T>
T load(const char* bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes + index * sizeof(T), sizeof(T));
  return value;
}

template <class T, class Out>
void convert(const char* bytes, Out* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<Out>(load<T>(bytes, i));
}

}  // namespace

std::size_t size_of(ElementType type) { return row_of(type).size; }
std::string_view to_string(ElementType type) { return row_of(type).name; }

std::int64_t TensorEntry::elements() const { return static_cast<std::int64_t>((end - begin) / size_of(type)); }

Result<SafetensorsHeader> parse_safetensors_header(std::string_view first_bytes, std::uint64_t file_size) {
  if (first_bytes.size() < 8 || file_size < 8) return damaged("it is shorter than its header's length field");
  const auto length = load<std::uint64_t>(first_bytes.data(), 0);
  if (length > kHeaderLimit)
    return too_large("safetensors header of " + std::to_string(length) + " bytes; at most 64 MiB are read");
  if (length > file_size - 8 || length > first_bytes.size() - 8)
    return damaged("its header is cut off; fetch it again");
  const auto json = nlohmann::json::parse(first_bytes.substr(8, length), nullptr, false);
  if (json.is_discarded() || !json.is_object()) return damaged("its header is no JSON object");
  if (json.size() > kTensorLimit) return too_large("safetensors file with more than 100000 tensors");
  SafetensorsHeader header;
  header.data_offset = 8 + length;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      FW_TRY(read_metadata(value, header.metadata));
      continue;
    }
    FW_ASSIGN(auto entry, read_entry(name, value));
    header.tensors.push_back(std::move(entry));
  }
  FW_TRY(check_ranges(header.tensors, file_size - header.data_offset));
  return header;
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot open " + path.string(), errno);
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size < 8) {
    ::close(fd);
    return damaged("it is shorter than its header's length field").within(path.string());
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int map_error = errno;
  ::close(fd);
  if (mapped == MAP_FAILED) return system_error("cannot map " + path.string(), map_error);
  SafetensorsFile file;
  file.data_ = static_cast<const char*>(mapped);
  file.size_ = size;
  auto header = parse_safetensors_header({file.data_, size}, size);
  if (!header.ok()) return header.error().within(path.string());
  file.header_ = std::move(header).value();
  for (std::size_t i = 0; i < file.header_.tensors.size(); ++i) file.by_name_[file.header_.tensors[i].name] = i;
  return file;
}

SafetensorsFile::~SafetensorsFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

SafetensorsFile::SafetensorsFile(SafetensorsFile&& other) noexcept
    : header_(std::move(other.header_)),
      by_name_(std::move(other.by_name_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&& other) noexcept {
  std::swap(header_, other.header_);
  std::swap(by_name_, other.by_name_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

const TensorEntry* SafetensorsFile::find(std::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &header_.tensors[it->second];
}

std::string_view SafetensorsFile::bytes(const TensorEntry& entry) const {
  return {data_ + header_.data_offset + entry.begin, entry.end - entry.begin};
}

Status SafetensorsFile::read_floats(const TensorEntry& entry, std::span<float> out) const {
  if (out.size() != static_cast<std::size_t>(entry.elements()))
    return invalid_argument("tensor " + entry.name + " has " + std::to_string(entry.elements()) + " elements; " +
                            std::to_string(out.size()) + " were expected");
  const char* data = bytes(entry).data();
  switch (entry.type) {
    case ElementType::kF32: bytes(entry).copy(reinterpret_cast<char*>(out.data()), out.size_bytes()); return {};
    case ElementType::kF64: convert<double>(data, out.data(), out.size()); return {};
    case ElementType::kF16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = half_to_float(load<std::uint16_t>(data, i));
      return {};
    case ElementType::kBF16:
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(data, i)) << 16);
      return {};
    default:
      return unimplemented("tensor " + entry.name + " holds " + std::string(to_string(entry.type)) + ", not floats");
  }
}

Result<std::vector<std::int64_t>> SafetensorsFile::read_integers(const TensorEntry& entry) const {
  std::vector<std::int64_t> out(static_cast<std::size_t>(entry.elements()));
  const char* data = bytes(entry).data();
  switch (entry.type) {
    case ElementType::kI64: convert<std::int64_t>(data, out.data(), out.size()); return out;
    case ElementType::kI32: convert<std::int32_t>(data, out.data(), out.size()); return out;
    case ElementType::kI16: convert<std::int16_t>(data, out.data(), out.size()); return out;
    case ElementType::kI8: convert<std::int8_t>(data, out.data(), out.size()); return out;
    case ElementType::kU8:
    case ElementType::kBool: convert<std::uint8_t>(data, out.data(), out.size()); return out;
    default:
      return unimplemented("tensor " + entry.name + " holds " + std::string(to_string(entry.type)) + ", not integers");
  }
}

namespace {

std::string head_of(std::span<const TensorToWrite> tensors, const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    header[tensor.name] = {{"dtype", to_string(tensor.type)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string json = tensors.empty() && metadata.empty() ? "{}" : header.dump();
  json.resize((json.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = json.size();
  std::string head(sizeof length, '\0');
  std::memcpy(head.data(), &length, sizeof length);
  return head + json;
}

}  // namespace

std::string make_safetensors(std::span<const TensorToWrite> tensors,
                             const std::map<std::string, std::string>& metadata) {
  std::string file = head_of(tensors, metadata);
  for (const auto& tensor : tensors) file += tensor.bytes;
  return file;
}

Status write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                         const std::map<std::string, std::string>& metadata) {
  FW_ASSIGN(io::AtomicFile file, io::AtomicFile::create(path));
  FW_TRY(file.append(head_of(tensors, metadata)));
  for (const auto& tensor : tensors) FW_TRY(file.append(tensor.bytes));
  return file.commit();
}

}  // namespace fw::modelfile
