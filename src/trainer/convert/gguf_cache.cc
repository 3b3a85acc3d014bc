#include "trainer/convert/gguf_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/hash.h"
#include "io/file.h"
#include "io/file_digest.h"
#include "modelfile/kept_digest.h"
#include "trainer/convert/pooling.h"

namespace fw::trainer {
namespace {

namespace fs = std::filesystem;

// What decides the file that is made: another number makes everybody convert again.
constexpr std::string_view kForm = "1";
constexpr std::array<std::string_view, 4> kRead{".json", ".safetensors", ".model", ".jinja"};

// Holds an exclusive lock on a file until it dies; the system lets go of it when the process does.
class Lock {
 public:
  explicit Lock(const fs::path& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  ~Lock() {
    if (fd_ >= 0) ::close(fd_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_;
};

Result<std::vector<fs::path>> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (std::ranges::find(kRead, it->path().extension().string()) != kRead.end()) files.push_back(it->path());
  if (error) return system_error("cannot list " + folder.string(), error.value());
  std::ranges::sort(files);
  // What embedding models have beside.
  for (const auto& file : {folder / "vocab.txt", pooling_config_of(folder)})
    if (fs::exists(file, error)) files.push_back(file);
  return files;
}

// Names, sizes and times of change: equal ones hold equal bytes.
std::string stamp_of(const std::vector<fs::path>& files) {
  std::string all(kForm);
  for (const auto& file : files) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    const auto changed = fs::last_write_time(file, error).time_since_epoch().count();
    all += "\n" + fs::absolute(file).string() + "|" + std::to_string(size) + "|" + std::to_string(changed);
  }
  return sha256_hex(all).substr(0, 32);
}

Result<std::string> digest_of(const std::vector<fs::path>& files) {
  std::string all(kForm);
  for (const auto& file : files) {
    FW_ASSIGN(const std::string digest, io::digest_of_file(file));
    all += "\n" + file.filename().string() + " " + digest;
  }
  return sha256_hex(all).substr(0, 32);
}

enum class State : std::uint8_t {
  kUnknown,  // not there, or nobody kept what it held
  kAsMade,
  kChanged,
};

State state_of(const fs::path& file) {
  std::error_code error;
  const auto kept = modelfile::kept_digest(file);
  if (!kept.ok() || !fs::exists(file, error)) return State::kUnknown;
  const auto now = io::digest_of_file(file);
  return now.ok() && *now == *kept ? State::kAsMade : State::kChanged;
}

Status check_space(const fs::path& cache, const std::vector<fs::path>& files) {
  std::error_code error;
  std::uint64_t needed = 64 << 20;
  for (const auto& file : files) needed += fs::file_size(file, error);
  const auto space = fs::space(cache, error);
  if (error || space.available >= needed) return {};
  return resource_exhausted("folder " + cache.string() + " has " + std::to_string(space.available >> 20) +
                            " MiB left and the model's GGUF file needs " + std::to_string(needed >> 20) +
                            " MiB; free some space or move the data folder (--data)");
}

}  // namespace

Result<fs::path> find_or_convert(const fs::path& folder, const fs::path& cache, const OnConverted& on_converted,
                                 const OnChanged& on_changed) {
  FW_ASSIGN(const auto files, files_of(folder));
  FW_TRY(io::create_folders(cache));
  const fs::path stamp = cache / ("folder-" + stamp_of(files) + ".txt");
  const auto file_of = [&](const std::string& digest) { return fs::absolute(cache / ("folder-" + digest + ".gguf")); };
  if (const auto known = io::read_file(stamp, 64); known.ok() && state_of(file_of(*known)) == State::kAsMade)
    return file_of(*known);
  FW_TRY(check_convertible(folder));
  FW_ASSIGN(const auto digest, digest_of(files));
  const Lock lock(cache / ("folder-" + digest + ".lock"));
  const fs::path made = file_of(digest);
  if (const State state = state_of(made); state != State::kAsMade) {
    if (state == State::kChanged && on_changed) on_changed(made);
    modelfile::forget_digest(made);
    FW_TRY(check_space(cache, files));
    FW_TRY(convert_to_gguf(folder, made, on_converted));
    FW_ASSIGN(const auto bytes, io::digest_of_file(made));
    FW_TRY(modelfile::keep_digest(made, bytes));
  }
  FW_TRY(io::write_file_atomically(stamp, digest));
  return made;
}

}  // namespace fw::trainer
