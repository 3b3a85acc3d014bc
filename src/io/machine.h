#pragma once

#include <cstdint>
#include <filesystem>

namespace fw::io {

/// What this process may use: of the machine, and of the control groups it runs in (containers, systemd slices). A
/// process that takes the machine's figures in a container is throttled, or killed.
struct MachineLimits {
  int processors = 1;                 ///< by affinity and by CPU quota, rounded up
  std::uint64_t memory_bytes = 0;     ///< the machine's, or the tightest group's limit
  std::uint64_t available_bytes = 0;  ///< of that not in use; what the page cache could give back counts as available
};

/// Reads /proc and /sys/fs/cgroup (versions 1 and 2) below `root`; what cannot be read limits nothing.
[[nodiscard]] MachineLimits read_machine_limits(const std::filesystem::path& root = "/");

/// Open files and sockets that this process may have. `raise_open_file_limit` takes what the system allows it to take
/// without asking (the soft limit, often 1024, becomes the hard one) and returns what it is now.
[[nodiscard]] std::uint64_t open_file_limit();
std::uint64_t raise_open_file_limit();

}  // namespace fw::io
