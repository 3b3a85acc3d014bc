#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/assert.h"
#include "modelfile/gguf.h"
#include "modelfile/impl/gguf_layout.h"

namespace fw::modelfile {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied in the file's byte order");

template <class T>
std::string encoded(T value) {
  std::string out(sizeof(T), '\0');
  std::memcpy(out.data(), &value, sizeof(T));
  return out;
}

template <class T>
GgufValue array_of(GgufType element, std::span<const T> values) {
  return {.type = GgufType::kArray,
          .element = element,
          .count = values.size(),
          .bytes = std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes())};
}

template <class T>
T decoded(std::string_view bytes) {
  T value{};
  FW_ASSERT(bytes.size() >= sizeof(T));
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

template <class T>
std::optional<std::uint64_t> non_negative(std::string_view bytes) {
  const T value = decoded<T>(bytes);
  if (value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::optional<std::uint64_t> decode_uint(GgufType type, std::string_view bytes) {
  switch (type) {
    case GgufType::kU8: return decoded<std::uint8_t>(bytes);
    case GgufType::kU16: return decoded<std::uint16_t>(bytes);
    case GgufType::kU32: return decoded<std::uint32_t>(bytes);
    case GgufType::kU64: return decoded<std::uint64_t>(bytes);
    case GgufType::kI8: return non_negative<std::int8_t>(bytes);
    case GgufType::kI16: return non_negative<std::int16_t>(bytes);
    case GgufType::kI32: return non_negative<std::int32_t>(bytes);
    case GgufType::kI64: return non_negative<std::int64_t>(bytes);
    default: return std::nullopt;
  }
}

// Where each string of an array begins, its length field included; one more for the end.
std::vector<std::size_t> string_starts(std::string_view bytes, std::uint64_t count) {
  std::vector<std::size_t> starts{0};
  for (std::uint64_t i = 0; i < count; ++i) {
    starts.push_back(starts.back() + 8 + decoded<std::uint64_t>(bytes.substr(starts.back())));
  }
  return starts;
}

}  // namespace

GgufValue GgufValue::u32(std::uint32_t value) { return {.type = GgufType::kU32, .bytes = encoded(value)}; }
GgufValue GgufValue::u64(std::uint64_t value) { return {.type = GgufType::kU64, .bytes = encoded(value)}; }
GgufValue GgufValue::f32(float value) { return {.type = GgufType::kF32, .bytes = encoded(value)}; }
GgufValue GgufValue::boolean(bool value) { return {.type = GgufType::kBool, .bytes = std::string(1, value ? 1 : 0)}; }
GgufValue GgufValue::string(std::string value) { return {.type = GgufType::kString, .bytes = std::move(value)}; }

GgufValue GgufValue::strings(std::span<const std::string> values) {
  GgufValue out{.type = GgufType::kArray, .element = GgufType::kString, .count = values.size()};
  for (const std::string& value : values) out.bytes += encoded<std::uint64_t>(value.size()) + value;
  return out;
}

GgufValue GgufValue::u32s(std::span<const std::uint32_t> values) { return array_of(GgufType::kU32, values); }
GgufValue GgufValue::i32s(std::span<const std::int32_t> values) { return array_of(GgufType::kI32, values); }
GgufValue GgufValue::f32s(std::span<const float> values) { return array_of(GgufType::kF32, values); }

std::optional<std::uint64_t> GgufValue::as_uint() const { return decode_uint(type, bytes); }

std::optional<double> GgufValue::as_number() const {
  if (type == GgufType::kF32) return decoded<float>(bytes);
  if (type == GgufType::kF64) return decoded<double>(bytes);
  const auto value = as_uint();
  if (!value) return std::nullopt;
  return static_cast<double>(*value);
}

std::optional<std::string_view> GgufValue::as_string() const {
  if (type != GgufType::kString) return std::nullopt;
  return bytes;
}

std::optional<bool> GgufValue::as_bool() const {
  if (type != GgufType::kBool) return std::nullopt;
  return bytes[0] != 0;
}

std::optional<std::vector<std::uint64_t>> GgufValue::as_uints() const {
  if (type != GgufType::kArray) return std::nullopt;
  std::vector<std::uint64_t> out;
  const std::size_t size = *fixed_size(element);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto value = size == 0 ? std::nullopt : decode_uint(element, std::string_view(bytes).substr(i * size));
    if (!value) return std::nullopt;
    out.push_back(*value);
  }
  return out;
}

bool GgufValue::has_string(std::string_view wanted) const {
  if (type != GgufType::kArray || element != GgufType::kString) return false;
  std::string_view rest = bytes;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto size = decoded<std::uint64_t>(rest);
    if (rest.substr(sizeof size, size) == wanted) return true;
    rest.remove_prefix(sizeof size + size);
  }
  return false;
}

std::optional<GgufValue> GgufValue::select(std::span<const std::uint64_t> indices) const {
  const bool fits = std::ranges::all_of(indices, [&](std::uint64_t index) { return index < count; });
  if (type != GgufType::kArray || !fits) return std::nullopt;
  GgufValue out{.type = type, .element = element, .count = indices.size()};
  if (const std::size_t size = *fixed_size(element); size != 0) {
    for (const std::uint64_t index : indices) out.bytes += bytes.substr(index * size, size);
    return out;
  }
  const auto starts = string_starts(bytes, count);
  for (const std::uint64_t index : indices) out.bytes += bytes.substr(starts[index], starts[index + 1] - starts[index]);
  return out;
}

std::uint64_t GgufTensor::elements() const { return count_elements(shape).value_or(0); }

const GgufValue* GgufHeader::find(std::string_view key) const {
  const auto it = std::ranges::find(metadata, key, [](const GgufEntry& e) -> std::string_view { return e.key; });
  return it == metadata.end() ? nullptr : &it->value;
}

const GgufTensor* GgufHeader::find_tensor(std::string_view name) const {
  const auto it = std::ranges::find(tensors, name, [](const GgufTensor& t) -> std::string_view { return t.name; });
  return it == tensors.end() ? nullptr : &*it;
}

void GgufHeader::set(std::string_view key, GgufValue value) {
  const auto it = std::ranges::find(metadata, key, [](const GgufEntry& e) -> std::string_view { return e.key; });
  if (it != metadata.end()) {
    it->value = std::move(value);
  } else {
    metadata.push_back({std::string(key), std::move(value)});
  }
}

void GgufHeader::erase(std::string_view key) {
  std::erase_if(metadata, [key](const GgufEntry& entry) { return entry.key == key; });
}

}  // namespace fw::modelfile
