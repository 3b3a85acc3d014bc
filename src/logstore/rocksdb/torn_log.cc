#include "logstore/rocksdb/impl/torn_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "io/file.h"
#include "logstore/rocksdb/impl/log_files.h"
#include "logstore/rocksdb/impl/log_pieces.h"

namespace fw::logstore {
namespace {

namespace fs = std::filesystem;

bool record_begins_behind(std::string_view log, std::size_t at) {
  for (; at + kPieceHeader <= log.size(); ++at) {
    const auto type = static_cast<PieceType>(log[at + 6]);
    if ((type == PieceType::kFull || type == PieceType::kFirst) && piece_at(log, at)) return true;
  }
  return false;
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
    if (const std::size_t left = kLogBlock - at % kLogBlock; left < kPieceHeader) {
      at += left;  // too short for a header: filled up
      continue;
    }
    const auto piece = piece_at(log, at);
    if (!piece) {
      if (record_begins_behind(log, at)) return std::nullopt;
      return whole;
    }
    at += piece->bytes();
    if (piece->type == PieceType::kFull || piece->type == PieceType::kLast) whole = at;
  }
  return std::nullopt;
}

Result<bool> cut_torn_end(const fs::path& folder) {
  const auto logs = log_files(folder);
  if (logs.empty()) return false;
  const fs::path& log = logs.back();
  FW_ASSIGN(const std::string bytes, io::read_file(log, kLargestLog));
  const auto end = torn_end(bytes);
  if (!end) return false;
  const fs::path kept = folder / ("torn-" + log.filename().string() + "-" + std::to_string(*end));
  FW_TRY(io::write_file_atomically(kept, std::string_view(bytes).substr(*end)));
  FW_TRY(truncate(log, *end));
  log_warning("logstore", "cut a torn write off the log",
              {{"log", log.string()}, {"at", *end}, {"bytes", bytes.size() - *end}, {"kept", kept.string()}});
  return true;
}

}  // namespace fw::logstore
