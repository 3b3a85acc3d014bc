#include "promotion/draw_secret.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/hash.h"
#include "base/random.h"
#include "io/file.h"

namespace fw::promotion {
namespace {

constexpr const char* kFile = "draw.secret";
constexpr std::size_t kBytes = 32;

Status write_private(const std::filesystem::path& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return system_error("cannot write " + path.string(), errno);
  const bool is_written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int why = errno;
  ::close(fd);
  return is_written ? Status{} : system_error("cannot write " + path.string(), why);
}

}  // namespace

Result<std::string> draw_secret(const std::filesystem::path& folder) {
  const auto file = folder / kFile;
  auto kept = io::read_file(file, 2 * kBytes);
  if (kept.ok() && kept->size() == 2 * kBytes) return kept;
  if (kept.ok() || kept.error().code == ErrorCode::kTooLarge)
    return data_loss(file.string() + " is no secret; remove it, and canaries draw their conversations anew");
  if (kept.error().code != ErrorCode::kNotFound) return kept.error();
  const std::string made = random_hex(kBytes);
  FW_TRY(io::create_folders(folder));
  const std::filesystem::path part = file.string() + ".part";
  FW_TRY(write_private(part, made));
  FW_TRY(io::commit_file(part, file));
  return made;
}

std::string draw_key(const std::string& secret, const Proposal& proposal) {
  return proposal.has_secret_draw ? sha256_hex(secret + '\n' + proposal.id) : proposal.id;
}

}  // namespace fw::promotion
