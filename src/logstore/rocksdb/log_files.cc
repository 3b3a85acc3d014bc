#include "logstore/rocksdb/impl/log_files.h"

#include <charconv>
#include <map>
#include <string>

namespace fw::logstore {

std::vector<std::filesystem::path> log_files(const std::filesystem::path& folder) {
  std::map<std::uint64_t, std::filesystem::path> logs;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string stem = entry.path().stem().string();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (entry.path().extension() != ".log" || error != std::errc() || end != stem.data() + stem.size()) continue;
    logs.emplace(number, entry.path());
  }
  std::vector<std::filesystem::path> ordered;
  for (auto& [number, path] : logs) ordered.push_back(std::move(path));
  return ordered;
}

}  // namespace fw::logstore
