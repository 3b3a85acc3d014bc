#include "modelfile/kept_digest.h"

#include "io/file.h"

namespace fw::modelfile {
namespace {

constexpr std::uint64_t kMostBytes = 1024;

std::filesystem::path beside(const std::filesystem::path& file) { return file.string() + ".sha256"; }

}  // namespace

Status keep_digest(const std::filesystem::path& file, const std::string& digest) {
  return io::write_file_atomically(beside(file), digest + "\n");
}

Result<std::string> kept_digest(const std::filesystem::path& file) {
  FW_ASSIGN(std::string text, io::read_file(beside(file), kMostBytes));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

void forget_digest(const std::filesystem::path& file) {
  std::error_code ignored;
  std::filesystem::remove(beside(file), ignored);
}

}  // namespace fw::modelfile
