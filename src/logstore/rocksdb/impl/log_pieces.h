#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The bytes of a RocksDB log, as plain functions: nothing here knows RocksDB, and every reader takes any bytes.
///
/// A log is blocks of 32 KiB, filled with pieces; an entry (a write batch) is one piece, or a first, some middle ones
/// and a last. A piece has a CRC-32C of itself, a size, a type, and never crosses the end of its block.
///
/// Source: RocksDB's "Write Ahead Log File Format".
namespace fw::logstore {

inline constexpr std::size_t kLogBlock = 32 << 10;
inline constexpr std::size_t kPieceHeader = 7;

enum class PieceType : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Piece {
  PieceType type{};
  std::string_view payload;
  [[nodiscard]] std::size_t bytes() const { return kPieceHeader + payload.size(); }
};

/// The whole piece that begins at `at`, if one does.
[[nodiscard]] std::optional<Piece> piece_at(std::string_view log, std::size_t at);

/// What is left around damage: the payloads of whole pieces of entries that are not whole, each run without a gap.
struct BrokenEntries {
  std::uint64_t at = 0;     ///< of the first entry that is not whole
  std::uint64_t bytes = 0;  ///< up to the next whole one, or to the end
  std::string beginning;    ///< of that first entry; empty where its first piece is damaged
  std::vector<std::string> later_runs;
};

/// Takes a log apart. `whole` gets each entry that is whole, `broken` what lies between two of these where that is
/// damaged, both in their order. Zeros up to the end are none of either.
void read_log(std::string_view log, const std::function<void(std::string_view entry)>& whole,
              const std::function<void(BrokenEntries)>& broken);

/// Appends an entry to a log.
void append_entry(std::string& log, std::string_view entry);

}  // namespace fw::logstore
