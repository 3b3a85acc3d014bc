#include "logstore/rocksdb/impl/batch_operations.h"

#include "logstore/rocksdb/impl/layout.h"
#include "logstore/rocksdb/impl/little_endian.h"

namespace fw::logstore {
namespace {

enum Tag : std::uint8_t {
  kDeletion = 0,
  kPut = 1,
  kMerge = 2,
  kFamilyDeletion = 4,
  kFamilyPut = 5,
  kFamilyMerge = 6,
};

/// Takes parts off the front; what it gives is only good while `is_whole`.
class Parts {
 public:
  explicit Parts(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t byte() {
    if (rest_.empty()) return fail();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint32_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const std::uint8_t part = byte();
      value |= std::uint64_t{part & 0x7fU} << shift;
      if (part < 0x80) return value > UINT32_MAX ? fail() : static_cast<std::uint32_t>(value);
    }
    return fail();
  }
  std::string_view sized() {
    const std::uint32_t size = varint();
    if (size > rest_.size()) fail();
    if (!is_whole) return {};
    const auto part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return part;
  }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

  bool is_whole = true;

 private:
  std::uint8_t fail() {
    is_whole = false;
    return 0;
  }

  std::string_view rest_;
};

/// A record, and behind it its id with the same place: no bytes inside a content are both.
bool is_record(std::string_view bytes) {
  const auto record = operation_at(bytes);
  if (!record || !record->is_put || record->family != FamilyNumber::kRecords) return false;
  const auto location = layout::parse_record_key(record->key);
  if (!location.ok()) return false;
  const auto id = operation_at(bytes.substr(record->bytes));
  if (!id || !id->is_put || id->family != FamilyNumber::kIds || id->key != *location->id) return false;
  const auto located = layout::parse_id_value(location->id, id->value);
  return located.ok() && located->location == *location;
}

}  // namespace

std::optional<Operation> operation_at(std::string_view bytes) {
  Parts parts(bytes);
  const std::uint8_t tag = parts.byte();
  if (tag > kFamilyMerge || tag == 3) return std::nullopt;
  Operation operation;
  operation.is_put = tag == kPut || tag == kFamilyPut;
  if (tag >= kFamilyDeletion) operation.family = static_cast<FamilyNumber>(parts.varint());
  operation.key = parts.sized();
  if (tag != kDeletion && tag != kFamilyDeletion) operation.value = parts.sized();
  if (!parts.is_whole || operation.family > FamilyNumber::kTimes) return std::nullopt;
  operation.bytes = bytes.size() - parts.left();
  return operation;
}

Operations leading_operations(std::string_view bytes) {
  Operations found;
  std::size_t end = 0;
  while (const auto operation = operation_at(bytes.substr(end))) {
    end += operation->bytes;
    ++found.count;
  }
  found.bytes = bytes.substr(0, end);
  return found;
}

Operations operations_from_a_record_on(std::string_view bytes) {
  constexpr std::string_view kBegins("\x05\x01", 2);
  for (std::size_t at = bytes.find(kBegins); at != std::string_view::npos; at = bytes.find(kBegins, at + 1)) {
    if (is_record(bytes.substr(at))) return leading_operations(bytes.substr(at));
  }
  return {};
}

std::optional<BatchHeader> batch_header(std::string_view batch) {
  if (batch.size() < kBatchHeader) return std::nullopt;
  return BatchHeader{little_endian(batch.substr(0, 8)), static_cast<std::uint32_t>(little_endian(batch.substr(8, 4)))};
}

std::string make_batch(std::uint64_t sequence, const Operations& operations) {
  std::string batch;
  append_little_endian(batch, sequence, 8);
  append_little_endian(batch, operations.count, 4);
  return batch + operations.bytes;
}

}  // namespace fw::logstore
