#include "io/file_digest.h"

#include <sys/stat.h>

#include <algorithm>
namespace fw::io {
namespace {

constexpr std::size_t kBlock = 1 << 20;
constexpr std::size_t kMostKnown = 1000;

/// Another one after any change of the bytes. Empty: no file, or one smaller than `large`.
std::string state_of(const std::filesystem::path& path, std::uint64_t large) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || static_cast<std::uint64_t>(found.st_size) < large) return {};
  std::string state = path.string();
  for (const auto part :
       {static_cast<std::int64_t>(found.st_dev), static_cast<std::int64_t>(found.st_ino),
        static_cast<std::int64_t>(found.st_size), static_cast<std::int64_t>(found.st_mtim.tv_sec),
        static_cast<std::int64_t>(found.st_mtim.tv_nsec), static_cast<std::int64_t>(found.st_ctim.tv_sec),
        static_cast<std::int64_t>(found.st_ctim.tv_nsec)})
    state += '\n' + std::to_string(part);
  return state;
}

}  // namespace

Status add_bytes(Sha256& hash, const InputFile& file) {
  std::string block(kBlock, '\0');
  for (std::uint64_t at = 0; at < file.size();) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, file.size() - at));
    FW_TRY(file.read_at(at, {block.data(), count}));
    hash.update(std::string_view(block).substr(0, count));
    at += count;
  }
  return {};
}

Result<std::string> digest_of_file(const std::filesystem::path& path) {
  FW_ASSIGN(const InputFile file, InputFile::open(path));
  Sha256 hash;
  FW_TRY(add_bytes(hash, file));
  return hash.finish_hex();
}

Result<std::string> FileDigests::of(const std::filesystem::path& path) {
  const std::string state = state_of(path, large_);
  if (state.empty()) return digest_of_file(path);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(state); known != known_.end()) return known->second;
  }
  FW_ASSIGN(std::string digest, digest_of_file(path));
  // One that was written meanwhile is none that is known.
  if (state_of(path, large_) == state) {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMostKnown) known_.clear();
    known_.insert_or_assign(state, digest);
  }
  return digest;
}

}  // namespace fw::io
