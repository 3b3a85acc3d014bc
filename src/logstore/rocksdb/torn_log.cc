#include "logstore/rocksdb/impl/torn_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/log.h"
#include "io/file.h"
#include "logstore/rocksdb/impl/crc32c.h"

namespace fw::logstore {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 32 << 10;
constexpr std::size_t kHeader = 7;
constexpr std::uint64_t kLargestLog = 2ULL << 30;

enum Type : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

/// A piece of a record: a record is one kFull, or a kFirst, kMiddles and a kLast.
struct Piece {
  std::uint8_t type = 0;
  std::size_t bytes = 0;  ///< with its header
};

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  return number;
}

/// CRC-32C as RocksDB keeps it, so that the checksum of bytes with checksums in them is no special case.
std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t sum = crc32c(0, bytes);
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

std::optional<Piece> piece_at(std::string_view log, std::size_t at) {
  const std::size_t room = std::min(kBlock - at % kBlock, log.size() - at);
  if (room < kHeader) return std::nullopt;
  const std::size_t payload = little_endian(log.substr(at + 4, 2));
  const auto type = static_cast<std::uint8_t>(log[at + 6]);
  if (type < kFull || type > kLast || kHeader + payload > room) return std::nullopt;
  if (masked_crc(log.substr(at + 6, 1 + payload)) != little_endian(log.substr(at, 4))) return std::nullopt;
  return Piece{type, kHeader + payload};
}

bool record_begins_behind(std::string_view log, std::size_t at) {
  for (; at + kHeader <= log.size(); ++at) {
    const auto type = static_cast<std::uint8_t>(log[at + 6]);
    if ((type == kFull || type == kFirst) && piece_at(log, at)) return true;
  }
  return false;
}

std::optional<fs::path> newest_log(const fs::path& folder) {
  std::optional<fs::path> newest;
  std::uint64_t highest = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string stem = entry.path().stem().string();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (entry.path().extension() != ".log" || error != std::errc() || end != stem.data() + stem.size()) continue;
    if (newest && number < highest) continue;
    newest = entry.path();
    highest = number;
  }
  return newest;
}

Status truncate(const fs::path& file, std::uint64_t size) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  const bool ok = fd >= 0 && ::ftruncate(fd, static_cast<off_t>(size)) == 0 && ::fsync(fd) == 0;
  const int code = errno;
  if (fd >= 0) ::close(fd);
  if (!ok) return system_error("cannot cut " + file.string(), code);
  return {};
}

}  // namespace

std::optional<std::uint64_t> torn_end(std::string_view log) {
  std::size_t whole = 0;
  for (std::size_t at = 0; at < log.size();) {
    if (const std::size_t left = kBlock - at % kBlock; left < kHeader) {
      at += left;  // too short for a header: filled up
      continue;
    }
    const auto piece = piece_at(log, at);
    if (!piece) {
      if (record_begins_behind(log, at)) return std::nullopt;
      return whole;
    }
    at += piece->bytes;
    if (piece->type == kFull || piece->type == kLast) whole = at;
  }
  return std::nullopt;
}

Result<bool> cut_torn_end(const fs::path& folder) {
  const auto log = newest_log(folder);
  if (!log) return false;
  FW_ASSIGN(const std::string bytes, io::read_file(*log, kLargestLog));
  const auto end = torn_end(bytes);
  if (!end) return false;
  const fs::path kept = folder / ("torn-" + log->filename().string() + "-" + std::to_string(*end));
  FW_TRY(io::write_file_atomically(kept, std::string_view(bytes).substr(*end)));
  FW_TRY(truncate(*log, *end));
  log_warning("logstore", "cut a torn write off the log",
              {{"log", log->string()}, {"at", *end}, {"bytes", bytes.size() - *end}, {"kept", kept.string()}});
  return true;
}

}  // namespace fw::logstore
