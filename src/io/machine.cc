#include "io/machine.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "io/file.h"

namespace fw::io {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLimit = 1 << 20;

std::string text_of(const fs::path& file) { return read_file(file, kLimit).value_or(std::string()); }

// Nothing for "max" and -1, which say that there is no limit. (A stream would read -1 as the largest number.)
std::optional<std::uint64_t> number_of(const fs::path& file) {
  const std::string all = text_of(file);
  std::istringstream text(all);
  std::uint64_t value = 0;
  if (all.find('-') == all.npos && text >> value) return value;
  return std::nullopt;
}

// The value after a name in lines of `name value`.
std::optional<std::uint64_t> field(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t value = 0;
    if (words >> key >> value && key == name) return value;
  }
  return std::nullopt;
}

// This process's group of a version-1 controller, or of the one hierarchy of version 2 (controller empty).
std::optional<std::string> group_of(const fs::path& root, const std::string& controller) {
  std::istringstream lines(text_of(root / "proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    if (names == ",," ? controller.empty() : !controller.empty() && names.find("," + controller + ",") != names.npos)
      return line.substr(second + 1);
  }
  return std::nullopt;
}

// A group's folder and those of the groups above it: each has limits of its own. A container sees only the last.
std::vector<fs::path> folders_of(const fs::path& mount, const std::string& group) {
  std::vector<fs::path> out;
  for (fs::path path = fs::path(group).relative_path(); !path.empty(); path = path.parent_path())
    out.push_back(mount / path);
  out.push_back(mount);
  return out;
}

void apply_memory(MachineLimits& out, std::optional<std::uint64_t> limit, std::uint64_t used, std::uint64_t cache) {
  if (!limit || *limit >= out.memory_bytes) return;
  out.memory_bytes = *limit;
  out.available_bytes = std::min(out.available_bytes, *limit - std::min(*limit, used - std::min(used, cache)));
}

void apply_quota(MachineLimits& out, double quota, double period) {
  if (quota <= 0 || period <= 0) return;
  out.processors = static_cast<int>(std::clamp(std::ceil(quota / period), 1.0, static_cast<double>(out.processors)));
}

void apply_version_2(MachineLimits& out, const fs::path& root) {
  const auto group = group_of(root, "");
  if (!group) return;
  for (const auto& folder : folders_of(root / "sys/fs/cgroup", *group)) {
    apply_memory(out, number_of(folder / "memory.max"), number_of(folder / "memory.current").value_or(0),
                 field(text_of(folder / "memory.stat"), "inactive_file").value_or(0));
    std::istringstream quota(text_of(folder / "cpu.max"));
    double share = 0, period = 0;
    if (quota >> share >> period) apply_quota(out, share, period);
  }
}

void apply_version_1(MachineLimits& out, const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  if (const auto group = group_of(root, "memory")) {
    for (const auto& folder : folders_of(mount / "memory", *group))
      apply_memory(out, number_of(folder / "memory.limit_in_bytes"),
                   number_of(folder / "memory.usage_in_bytes").value_or(0),
                   field(text_of(folder / "memory.stat"), "total_inactive_file").value_or(0));
  }
  if (const auto group = group_of(root, "cpu")) {
    for (const auto& folder : folders_of(mount / "cpu", *group))
      apply_quota(out, static_cast<double>(number_of(folder / "cpu.cfs_quota_us").value_or(0)),
                  static_cast<double>(number_of(folder / "cpu.cfs_period_us").value_or(0)));
  }
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

MachineLimits read_machine_limits(const fs::path& root) {
  MachineLimits out{.processors = usable_processors()};
  const std::string memory = text_of(root / "proc/meminfo");
  out.memory_bytes = field(memory, "MemTotal:").value_or(4U << 20) << 10;
  out.available_bytes = std::min(out.memory_bytes, field(memory, "MemAvailable:").value_or(4U << 20) << 10);
  apply_version_2(out, root);
  apply_version_1(out, root);
  return out;
}

std::uint64_t open_file_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

std::uint64_t raise_open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  // A hard limit of a billion, which some systems have, would make children that close every number at start very slow.
  constexpr rlim_t kEnough = 1 << 20;
  const rlim_t wanted = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
  limit.rlim_cur = wanted;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
  return open_file_limit();
}

}  // namespace fw::io
