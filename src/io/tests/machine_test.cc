#include "io/machine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "io/file.h"

namespace fw::io {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30;

// A machine of 16 GiB, 12 of them free, as files below a folder.
class Machine : public ::testing::Test {
 protected:
  void SetUp() override { file("proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 12582912 kB\n"); }
  void file(const std::string& path, const std::string& text) {
    ASSERT_TRUE(create_folders((root_.path() / path).parent_path()).ok());
    ASSERT_TRUE(write_file_atomically(root_.path() / path, text).ok());
  }
  [[nodiscard]] MachineLimits limits() const { return read_machine_limits(root_.path()); }

  TemporaryFolder root_;
};

TEST_F(Machine, WithoutGroupsIsAllThereIs) {
  EXPECT_EQ(limits().memory_bytes, 16 * kGiB);
  EXPECT_EQ(limits().available_bytes, 12 * kGiB);
  EXPECT_GE(limits().processors, 1);
}

TEST_F(Machine, IsLimitedByAContainersGroup) {
  file("proc/self/cgroup", "0::/\n");
  file("sys/fs/cgroup/memory.max", "4294967296\n");
  file("sys/fs/cgroup/memory.current", "3221225472\n");
  file("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 2147483648\n");
  file("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(limits().memory_bytes, 4 * kGiB);
  EXPECT_EQ(limits().available_bytes, 3 * kGiB);  // of the 3 in use the page cache gives 2 back
  EXPECT_EQ(limits().processors, 1);
}

TEST_F(Machine, IsLimitedByTheTightestOfItsGroups) {
  file("proc/self/cgroup", "0::/system.slice/flywheel.service\n");
  file("sys/fs/cgroup/system.slice/flywheel.service/memory.max", "max\n");
  file("sys/fs/cgroup/system.slice/flywheel.service/cpu.max", "max 100000\n");
  file("sys/fs/cgroup/system.slice/memory.max", "1073741824\n");
  EXPECT_EQ(limits().memory_bytes, kGiB);
  EXPECT_EQ(limits().available_bytes, kGiB);
}

TEST_F(Machine, IsLimitedByGroupsOfVersionOne) {
  file("proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n");
  file("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n");  // a container sees its own group at the mount
  file("sys/fs/cgroup/memory/memory.usage_in_bytes", "1073741824\n");
  file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(limits().memory_bytes, 2 * kGiB);
  EXPECT_EQ(limits().available_bytes, kGiB);
  EXPECT_EQ(limits().processors, 1);
}

TEST_F(Machine, IsNotLimitedByWhatGroupsOfVersionOneCallUnlimited) {
  const int all = limits().processors;
  file("proc/self/cgroup", "4:memory:/\n5:cpu:/\n");
  file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(limits().processors, all);
  EXPECT_EQ(limits().memory_bytes, 16 * kGiB);
}

TEST(OpenFiles, TheLimitIsRaisedToWhatTheSystemAllows) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = std::min<rlim_t>(before.rlim_max, 64), .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(open_file_limit(), low.rlim_cur);
  EXPECT_EQ(raise_open_file_limit(), std::min<rlim_t>(before.rlim_max, 1 << 20));
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace fw::io
