#include "modelfile/kept_digest.h"

#include <fstream>

#include "base/hash.h"
#include "io/file.h"

namespace fw::modelfile {
namespace {

constexpr std::uint64_t kMostBytes = 1024;

std::filesystem::path beside(const std::filesystem::path& file) { return file.string() + ".sha256"; }

}  // namespace

Result<std::string> digest_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return not_found("cannot read model " + file.string());
  Sha256 hash;
  std::string chunk(1 << 20, '\0');
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || in.gcount() > 0) {
    hash.update(std::string_view(chunk).substr(0, static_cast<std::size_t>(in.gcount())));
  }
  if (in.bad()) return data_loss("cannot read model " + file.string() + " to its end");
  return hash.finish_hex();
}

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
