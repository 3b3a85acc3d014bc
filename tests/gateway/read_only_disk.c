// Preloaded into a program, this makes the disk below $READ_ONLY_FOLDER read-only while the file $READ_ONLY_WHILE is there, as the kernel
// does after an error of the disk: also what is open takes no more bytes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_read_only(void) {
  const char* flag = getenv("READ_ONLY_WHILE");
  return flag != NULL && access(flag, F_OK) == 0;
}

static int is_inside(const char* path) {
  const char* folder = getenv("READ_ONLY_FOLDER");
  return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int refuses(const char* path) {
  if (!is_inside(path) || !is_read_only()) return 0;
  errno = EROFS;
  return 1;
}

static int refuses_file(int fd) {
  struct stat info;
  if (!is_read_only() || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = '\0';
  return refuses(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void* bytes, size_t size) { return refuses_file(fd) ? -1 : REAL(write)(fd, bytes, size); }
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return refuses_file(fd) ? -1 : REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  return refuses_file(fd) ? -1 : REAL(pwrite64)(fd, bytes, size, at);
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
  return refuses_file(fd) ? -1 : REAL(writev)(fd, parts, count);
}
int ftruncate(int fd, off_t size) { return refuses_file(fd) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return refuses_file(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int fallocate(int fd, int mode, off_t at, off_t size) {
  return refuses_file(fd) ? -1 : REAL(fallocate)(fd, mode, at, size);
}
int fallocate64(int fd, int mode, off64_t at, off64_t size) {
  return refuses_file(fd) ? -1 : REAL(fallocate64)(fd, mode, at, size);
}
int rename(const char* from, const char* to) { return refuses(to) ? -1 : REAL(rename)(from, to); }
int unlink(const char* path) { return refuses(path) ? -1 : REAL(unlink)(path); }
int mkdir(const char* path, mode_t mode) { return refuses(path) ? -1 : REAL(mkdir)(path, mode); }

#define OPEN(name)                                                                   \
  int name(const char* path, int flags, ...) {                                       \
    mode_t mode = 0;                                                                 \
    if (flags & (O_CREAT | O_TMPFILE)) {                                             \
      va_list more;                                                                  \
      va_start(more, flags);                                                         \
      mode = va_arg(more, mode_t);                                                   \
      va_end(more);                                                                  \
    }                                                                                \
    const int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0;    \
    return writes && refuses(path) ? -1 : REAL(name)(path, flags, mode);             \
  }
OPEN(open)
OPEN(open64)

FILE* fopen(const char* path, const char* mode) {
  return strpbrk(mode, "wa+") && refuses(path) ? NULL : REAL(fopen)(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  return strpbrk(mode, "wa+") && refuses(path) ? NULL : REAL(fopen64)(path, mode);
}
