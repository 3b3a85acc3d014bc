#include "codec/impl/thrift_compact.h"

#include "base/assert.h"

namespace fw::codec {
namespace {

constexpr int kMostShortStep = 15;     // between ids, in a field's one-byte header
constexpr std::size_t kLongList = 15;  // from here on the size stands behind the header
constexpr std::uint8_t kLongListMark = 0xF0;

}  // namespace

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
  out += static_cast<char>(value);
}

void ThriftCompactWriter::field(int id, Type type) {
  const int step = id - last_ids_.back();
  FW_ASSERT(step > 0 && step <= kMostShortStep);
  out_ += static_cast<char>((static_cast<unsigned>(step) << 4U) | type);
  last_ids_.back() = id;
}

/// Zigzag: small numbers of either sign are short.
void ThriftCompactWriter::number(std::int64_t value) {
  append_varint(out_, (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63U));
}

void ThriftCompactWriter::bytes(std::string_view value) {
  append_varint(out_, value.size());
  out_ += value;
}

void ThriftCompactWriter::i32(int id, std::int32_t value) {
  field(id, kI32);
  number(value);
}

void ThriftCompactWriter::i64(int id, std::int64_t value) {
  field(id, kI64);
  number(value);
}

void ThriftCompactWriter::text(int id, std::string_view value) {
  field(id, kBinary);
  bytes(value);
}

void ThriftCompactWriter::begin_struct(int id) {
  field(id, kStruct);
  begin_element();
}

void ThriftCompactWriter::end_struct() {
  out_ += '\0';
  last_ids_.pop_back();
}

void ThriftCompactWriter::begin_list(int id, Type elements, std::size_t size) {
  field(id, kList);
  if (size < kLongList) {
    out_ += static_cast<char>((size << 4U) | elements);
  } else {
    out_ += static_cast<char>(kLongListMark | elements);
    append_varint(out_, size);
  }
}

void ThriftCompactWriter::list_i32(int id, const std::vector<std::int32_t>& values) {
  begin_list(id, kI32, values.size());
  for (const std::int32_t value : values) number(value);
}

void ThriftCompactWriter::list_text(int id, const std::vector<std::string>& values) {
  begin_list(id, kBinary, values.size());
  for (const std::string& value : values) bytes(value);
}

std::string ThriftCompactWriter::finish() && {
  end_struct();
  FW_ASSERT(last_ids_.empty());
  return std::move(out_);
}

}  // namespace fw::codec
