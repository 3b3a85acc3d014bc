#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The bytes of a RocksDB write batch, as plain functions on any bytes: eight bytes of sequence number and four of
/// count, little-endian, then operations.
///
/// Source: RocksDB's write_batch.cc. Only what the log store writes is known here: puts, deletions and merges.
namespace fw::logstore {

inline constexpr std::size_t kBatchHeader = 12;
/// The numbers that the families got when the store was made, in this order.
enum class FamilyNumber : std::uint32_t { kMeta = 0, kRecords = 1, kIds = 2, kTimes = 3 };

struct Operation {
  bool is_put = false;
  FamilyNumber family{};
  std::string_view key;
  std::string_view value;  ///< of a put and a merge
  std::size_t bytes = 0;   ///< that it takes
};

/// The operation that `bytes` begin with, if it is whole and one of those that are known.
[[nodiscard]] std::optional<Operation> operation_at(std::string_view bytes);

struct Operations {
  std::uint32_t count = 0;
  std::string bytes;
};
/// Those at the beginning of `bytes` that are whole.
[[nodiscard]] Operations leading_operations(std::string_view bytes);
/// The same where `bytes` begin in the middle of one: from the first record on that is put with its id behind it.
[[nodiscard]] Operations operations_from_a_record_on(std::string_view bytes);

struct BatchHeader {
  std::uint64_t sequence = 0;
  std::uint32_t count = 0;
};
[[nodiscard]] std::optional<BatchHeader> batch_header(std::string_view batch);
[[nodiscard]] std::string make_batch(std::uint64_t sequence, const Operations& operations);

}  // namespace fw::logstore
