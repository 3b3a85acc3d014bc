#include "io/impl/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace fw::io {
namespace {

/// Two connected ends, closed at the end of scope unless released.
class Pipe {
 public:
  Pipe() = default;
  ~Pipe() {
    for (const int fd : ends_) {
      if (fd >= 0) ::close(fd);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  Status open() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) return system_error("cannot create a pipe", errno);
    for (int& fd : ends_) {
      if (fd > 2) continue;  // ours were closed; the child's standard streams must not meet the pipe itself
      const int higher = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
      if (higher < 0) return system_error("cannot create a pipe", errno);
      ::close(std::exchange(fd, higher));
    }
    return {};
  }
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  int release_reader() { return std::exchange(ends_[0], -1); }
  void close_writer() { ::close(std::exchange(ends_[1], -1)); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// What the child needs, prepared before the fork: between fork and exec nothing may allocate or lock.
struct Image {
  std::string program;
  std::string folder;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  pid_t parent = ::getpid();
  int max_fd = 1024;
  int niceness = 0;
};

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& additions) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!additions.contains(std::string(text.substr(0, text.find('='))))) out.emplace_back(text);
  }
  for (const auto& [name, value] : additions) out.push_back(name + "=" + value);
  return out;
}

void prepare(const ProcessSpec& spec, Image& image) {
  image.program = spec.program.string();
  image.folder = spec.folder.string();
  image.niceness = spec.niceness;
  image.arguments.push_back(image.program);
  image.arguments.insert(image.arguments.end(), spec.arguments.begin(), spec.arguments.end());
  image.environment = merged_environment(spec.environment);
  image.argv = pointers_to(image.arguments);
  image.envp = pointers_to(image.environment);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    image.max_fd = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 65'536));
}

void mark_all_close_on_exec(int max_fd) {
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = 3; fd < max_fd; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void restore_signals() {
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGQUIT, SIGUSR1, SIGUSR2, SIGXFSZ}) {
    ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// In the child. Reports errno through the pipe and ends when a step fails.
[[noreturn]] void become(const Image& image, int out, int err, int report) {
  const auto fail = [report](int code) {
    const ssize_t ignored = ::write(report, &code, sizeof code);
    (void)ignored;
    ::_exit(127);
  };
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(errno);
  // The parent may have died before the request above: then nobody would ever kill us.
  if (::getppid() != image.parent) ::_exit(127);
  ::setpgid(0, 0);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) fail(errno);
  if (!image.folder.empty() && ::chdir(image.folder.c_str()) != 0) fail(errno);
  mark_all_close_on_exec(image.max_fd);
  restore_signals();
  if (image.niceness > 0 && ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + image.niceness) != 0)
    fail(errno);
  ::execve(image.program.c_str(), image.argv.data(), image.envp.data());
  fail(errno);
  ::_exit(127);
}

int read_report(int fd) {
  int code = 0;
  ssize_t n = 0;
  do {
    n = ::read(fd, &code, sizeof code);
  } while (n < 0 && errno == EINTR);
  return n == sizeof code ? code : 0;
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void make_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

Error start_error(const ProcessSpec& spec, int code) {
  const std::string what = "cannot start " + spec.program.string();
  if (code == ENOEXEC || code == EACCES) return invalid_argument(what + ": it is not an executable program");
  if (code == ENOENT && !spec.folder.empty())
    return not_found(what + " in folder " + spec.folder.string() + ": one of them is missing");
  return system_error(what, code);
}

}  // namespace

Result<Spawned> spawn(const ProcessSpec& spec) {
  Image image;
  prepare(spec, image);
  Pipe out, err, report;
  for (Pipe* pipe : {&out, &err, &report}) FW_TRY(pipe->open());

  const pid_t pid = ::fork();
  if (pid < 0) return system_error("cannot start " + image.program, errno);
  if (pid == 0) become(image, out.writer(), err.writer(), report.writer());
  ::setpgid(pid, pid);  // in both processes: whoever comes first, the group exists when it is needed
  report.close_writer();
  if (const int code = read_report(report.reader()); code != 0) {
    reap(pid);
    return start_error(spec, code);
  }
  // By number: Debian 12's <sys/pidfd.h> cannot be used from C++.
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    const int code = errno;
    ::kill(-pid, SIGKILL);
    reap(pid);
    return system_error("cannot watch " + image.program, code);
  }
  make_nonblocking(out.reader());
  make_nonblocking(err.reader());
  return Spawned{.pid = pid, .pidfd = pidfd, .out = out.release_reader(), .err = err.release_reader()};
}

}  // namespace fw::io
