#include "capture/otlp/impl/wire.h"

namespace fw::capture::otlp {

std::optional<std::uint64_t> WireReader::varint() {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    rest_.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> WireReader::fixed(std::size_t width) {
  if (rest_.size() < width) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(width);
  return value;
}

Result<std::optional<WireField>> WireReader::next() {
  if (rest_.empty()) return std::optional<WireField>();
  const Error malformed = invalid_argument("the body is no protobuf message");
  const auto tag = varint();
  if (!tag || *tag >> 3 == 0 || *tag >> 3 > 0x1FFFFFFF) return malformed;
  WireField field{.number = static_cast<std::uint32_t>(*tag >> 3), .type = {}, .value = 0, .bytes = {}};
  std::optional<std::uint64_t> value;
  switch (*tag & 7) {
    case 0: value = varint(); break;
    case 1: value = fixed(8); break;
    case 2: value = varint(); break;
    case 5: value = fixed(4); break;
    default: return malformed;
  }
  if (!value) return malformed;
  field.type = static_cast<WireField::Type>(*tag & 7);
  field.value = *value;
  if (field.type == WireField::Type::kBytes) {
    if (*value > rest_.size()) return malformed;
    field.bytes = rest_.substr(0, *value);
    rest_.remove_prefix(*value);
  }
  return std::optional(field);
}

}  // namespace fw::capture::otlp
