#include "io/tests/failing_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdarg>
#include <mutex>

namespace fw::io::testing {
namespace {

constexpr long kNever = -1;

long calls_left = kNever;
int failure = 0;
bool failed = false;

/// Whether this call fails; sets errno then.
bool fails(bool is_open) {
  if (calls_left == kNever || (failure == EMFILE && !is_open)) return false;
  if (calls_left > 0) {
    --calls_left;
    return false;
  }
  failed = true;
  errno = failure;
  return true;
}

bool fails_on(int fd) { return fd > STDERR_FILENO && fails(/*is_open=*/false); }

int open_at(int folder, const char* path, int flags, mode_t mode) {
  // Reading finds no full disk.
  const bool is_written = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
  if ((is_written || failure == EMFILE) && fails(/*is_open=*/true)) return -1;
  return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

std::mutex hold_mutex;
std::condition_variable hold_changed;
bool holds_syncs = false;
int held_syncs = 0;

void wait_while_syncs_are_held() {
  std::unique_lock lock(hold_mutex);
  ++held_syncs;
  hold_changed.notify_all();
  hold_changed.wait(lock, [] { return !holds_syncs; });
  --held_syncs;
}

}  // namespace

HeldSyncs::HeldSyncs() {
  const std::lock_guard lock(hold_mutex);
  holds_syncs = true;
}
HeldSyncs::~HeldSyncs() {
  const std::lock_guard lock(hold_mutex);
  holds_syncs = false;
  hold_changed.notify_all();
}
void HeldSyncs::wait_for_one() const {
  std::unique_lock lock(hold_mutex);
  hold_changed.wait(lock, [] { return held_syncs > 0; });
}

FailingCalls::FailingCalls(long calls, int error) {
  failed = false;
  failure = error;
  calls_left = calls;
}
FailingCalls::~FailingCalls() {
  calls_left = kNever;
  failure = 0;
}
bool FailingCalls::has_failed() const { return failed; }

}  // namespace fw::io::testing

// NOLINTBEGIN: the C library's own names and signatures
extern "C" {

using namespace fw::io::testing;

#define FW_MODE_OF(flags)                       \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list arguments;                          \
    va_start(arguments, flags);                 \
    mode = va_arg(arguments, mode_t);           \
    va_end(arguments);                          \
  }

int open(const char* path, int flags, ...) {
  FW_MODE_OF(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  FW_MODE_OF(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  FW_MODE_OF(flags)
  return open_at(folder, path, flags, mode);
}
ssize_t write(int fd, const void* bytes, size_t size) {
  return fails_on(fd) ? -1 : ::syscall(SYS_write, fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return fails_on(fd) ? -1 : ::syscall(SYS_pwrite64, fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  return fails_on(fd) ? -1 : ::syscall(SYS_pwrite64, fd, bytes, size, at);
}
int fsync(int fd) { return fails_on(fd) ? -1 : static_cast<int>(::syscall(SYS_fsync, fd)); }
int fdatasync(int fd) {
  wait_while_syncs_are_held();
  return fails_on(fd) ? -1 : static_cast<int>(::syscall(SYS_fdatasync, fd));
}
int ftruncate(int fd, off_t size) { return fails_on(fd) ? -1 : static_cast<int>(::syscall(SYS_ftruncate, fd, size)); }
int ftruncate64(int fd, off64_t size) {
  return fails_on(fd) ? -1 : static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}
int rename(const char* from, const char* to) noexcept {
  if (fails(/*is_open=*/false)) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
}
// NOLINTEND
