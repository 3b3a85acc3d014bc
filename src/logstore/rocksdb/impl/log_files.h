#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace fw::logstore {

inline constexpr std::uint64_t kLargestLog = 2ULL << 30;

/// The logs in a RocksDB folder (`NUMBER.log`), oldest first.
[[nodiscard]] std::vector<std::filesystem::path> log_files(const std::filesystem::path& folder);

}  // namespace fw::logstore
