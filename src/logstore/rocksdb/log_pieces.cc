#include "logstore/rocksdb/impl/log_pieces.h"

#include <algorithm>
#include <utility>

#include "logstore/rocksdb/impl/crc32c.h"
#include "logstore/rocksdb/impl/little_endian.h"

namespace fw::logstore {
namespace {

/// CRC-32C as RocksDB keeps it, so that the checksum of bytes with checksums in them is no special case.
std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t sum = crc32c(0, bytes);
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

std::size_t end_of_block(std::string_view log, std::size_t at) {
  return std::min(at - at % kLogBlock + kLogBlock, log.size());
}

/// Where the next whole piece may begin: blocks begin with one, whatever was damaged before them.
std::size_t next_piece(std::string_view log, std::size_t at) {
  const std::size_t end = end_of_block(log, at);
  for (++at; at < end; ++at) {
    if (piece_at(log, at)) return at;
  }
  return end;
}

/// One pass over a log. Invariant: at most one of `entry_` and `broken_` is open.
class LogReader {
 public:
  LogReader(std::string_view log, const std::function<void(std::string_view)>& whole,
            const std::function<void(BrokenEntries)>& broken)
      : log_(log), whole_(whole), tell_broken_(broken) {
    const std::size_t last = log.find_last_not_of('\0');
    zeros_from_ = last == std::string_view::npos ? 0 : last + 1;
  }

  void run() {
    for (std::size_t at = 0; at < log_.size();) {
      if (const std::size_t left = kLogBlock - at % kLogBlock; left < kPieceHeader) {
        at += left;  // too short for a header: filled up
        continue;
      }
      const auto piece = piece_at(log_, at);
      if (piece) {
        take(*piece, at);
        at += piece->bytes();
        continue;
      }
      if (at >= zeros_from_) break;
      break_at(at);
      is_new_run_ = true;
      at = next_piece(log_, at);
    }
    if (entry_) break_at(entry_at_);
    if (broken_) close_broken(std::max<std::size_t>(zeros_from_, broken_->at));
  }

 private:
  void take(const Piece& piece, std::size_t at) {
    const bool begins = piece.type == PieceType::kFull || piece.type == PieceType::kFirst;
    if (begins) {
      if (entry_) break_at(at);
      close_broken(at);
    }
    if (piece.type == PieceType::kFull) {
      whole_(piece.payload);
    } else if (piece.type == PieceType::kFirst) {
      entry_ = std::string(piece.payload);
      entry_at_ = at;
    } else if (!entry_) {
      break_at(at);
      if (std::exchange(is_new_run_, false) || broken_->later_runs.empty()) broken_->later_runs.emplace_back();
      broken_->later_runs.back().append(piece.payload);
      if (piece.type == PieceType::kLast) is_new_run_ = true;
    } else {
      entry_->append(piece.payload);
      if (piece.type == PieceType::kLast) whole_(*std::exchange(entry_, std::nullopt));
    }
  }

  /// From here, or from the beginning of the entry that is open, nothing is whole until a piece begins another.
  void break_at(std::size_t at) {
    if (broken_) return;
    broken_ =
        BrokenEntries{.at = entry_ ? entry_at_ : at, .bytes = 0, .beginning = entry_.value_or(""), .later_runs = {}};
    entry_.reset();
    is_new_run_ = true;
  }

  void close_broken(std::size_t at) {
    if (!broken_) return;
    broken_->bytes = at - broken_->at;
    tell_broken_(*std::exchange(broken_, std::nullopt));
  }

  const std::string_view log_;
  const std::function<void(std::string_view)>& whole_;
  const std::function<void(BrokenEntries)>& tell_broken_;
  std::size_t zeros_from_ = 0;        // up to the end
  std::optional<std::string> entry_;  // of which the last piece has not come
  std::size_t entry_at_ = 0;
  std::optional<BrokenEntries> broken_;
  bool is_new_run_ = true;
};

}  // namespace

std::optional<Piece> piece_at(std::string_view log, std::size_t at) {
  const std::size_t room = end_of_block(log, at) - at;
  if (room < kPieceHeader) return std::nullopt;
  const std::size_t payload = little_endian(log.substr(at + 4, 2));
  const auto type = static_cast<PieceType>(log[at + 6]);
  if (type < PieceType::kFull || type > PieceType::kLast || kPieceHeader + payload > room) return std::nullopt;
  if (masked_crc(log.substr(at + 6, 1 + payload)) != little_endian(log.substr(at, 4))) return std::nullopt;
  return Piece{type, log.substr(at + kPieceHeader, payload)};
}

void read_log(std::string_view log, const std::function<void(std::string_view)>& whole,
              const std::function<void(BrokenEntries)>& broken) {
  LogReader(log, whole, broken).run();
}

void append_entry(std::string& log, std::string_view entry) {
  bool is_first = true;
  do {
    std::size_t room = kLogBlock - log.size() % kLogBlock;
    if (room < kPieceHeader) {
      log.append(room, '\0');
      room = kLogBlock;
    }
    const std::string_view part = entry.substr(0, room - kPieceHeader);
    entry.remove_prefix(part.size());
    const bool is_last = entry.empty();
    const auto type =
        is_first ? (is_last ? PieceType::kFull : PieceType::kFirst) : (is_last ? PieceType::kLast : PieceType::kMiddle);
    std::string typed(1, static_cast<char>(type));
    typed.append(part);
    append_little_endian(log, masked_crc(typed), 4);
    append_little_endian(log, static_cast<std::uint32_t>(part.size()), 2);
    log.append(typed);
    is_first = false;
  } while (!entry.empty());
}

}  // namespace fw::logstore
