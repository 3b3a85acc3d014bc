#include "modelops/local/settings.h"

#include <cstdlib>
#include <sstream>
#include <vector>

#include "base/hash.h"
#include "io/file.h"
#include "io/machine.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxCpuInfo = 16 << 20;

/// What scripts/lib.sh calls cpu_id: engines are compiled for one kind of processor.
std::string cpu_id() {
  const auto info = io::read_file("/proc/cpuinfo", kMaxCpuInfo);
  if (!info.ok()) return "";
  std::istringstream lines(*info);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("flags") || line.starts_with("Features")) return sha256_hex(line + "\n").substr(0, 12);
  }
  return "";
}

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

/// bin/ of the llama.cpp that was built whole and for this processor; the last by name where there are several
/// versions.
fs::path cached_llama(const fs::path& cache_folder) {
  const std::string suffix = "-" + cpu_id();
  fs::path found;
  std::error_code error;
  for (fs::directory_iterator it(cache_folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (!name.starts_with("llama.cpp-") || !name.ends_with(suffix) || !fs::exists(it->path() / ".complete", ignored))
      continue;
    if (found.empty() || name > found.filename().string()) found = it->path();
  }
  return found.empty() ? found : found / "build" / "bin";
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// The folders of a search path (`/usr/bin:/bin`), in its order.
std::vector<fs::path> folders_of(const std::string& search_path) {
  std::vector<fs::path> out;
  std::istringstream folders(search_path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty()) out.emplace_back(folder);
  return out;
}

}  // namespace

EnginePrograms find_engine_programs(const fs::path& own_folder, const fs::path& cache_folder,
                                    const std::string& search_path) {
  std::vector<fs::path> folders = folders_of(search_path);
  folders.insert(folders.begin(), {own_folder, cached_llama(cache_folder)});
  const auto find = [&](const char* name) {
    for (const auto& folder : folders) {
      if (!folder.empty() && is_program(folder / name)) return folder / name;
    }
    return fs::path();
  };
  return {.llama_server = find("llama-server"),
          .llama_quantize = find("llama-quantize"),
          .trainer = find("flywheel-trainer")};
}

fs::path default_cache_folder() {
  if (const fs::path own = environment("FLYWHEEL_CACHE"); !own.empty()) return own;
  if (const fs::path xdg = environment("XDG_CACHE_HOME"); !xdg.empty()) return xdg / "flywheel";
  return fs::path(environment("HOME")) / ".cache" / "flywheel";
}

int thread_count(const LocalSettings& settings) {
  if (settings.threads > 0) return settings.threads;
  return io::read_machine_limits().processors;
}

}  // namespace fw::modelops
