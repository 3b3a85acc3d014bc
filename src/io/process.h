#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/result.h"

namespace fw::io {

/// A program to run. Nothing is searched in PATH and no shell is involved.
struct ProcessSpec {
  std::filesystem::path program;
  std::vector<std::string> arguments;              ///< without the program's own name
  std::map<std::string, std::string> environment;  ///< added to ours, replacing equal names
  std::filesystem::path folder;                    ///< working folder; empty: ours
  /// Whole lines of standard output are handed out by Process::next_line(). When nobody takes them, the child waits
  /// once 256 lines lie there. Otherwise standard output is only kept as last words, like standard error always is.
  bool stream_output = false;
  std::size_t line_limit = 16'384;  ///< bytes; what a line has beyond is dropped
  std::size_t kept_lines = 40;      ///< how many last lines are kept
  int niceness = 0;                 ///< added to ours: how much it gives way to others, 0 to 19 (nice(2))
};

struct ExitStatus {
  int code = 0;
  int signal = 0;  ///< what killed it; 0: it ended by itself

  [[nodiscard]] bool is_success() const { return code == 0 && signal == 0; }
  /// `exited with code 3`, `was killed by signal 9 (Killed)`.
  [[nodiscard]] std::string describe() const;

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
  friend std::ostream& operator<<(std::ostream& out, const ExitStatus& status) { return out << status.describe(); }
};

/// A running or finished child, made by a ProcessLauncher. All members may be called from any thread; a coroutine
/// resumes on its awaiter's executor. The destructor kills the child and everything in its process group at once; the
/// launcher reaps it. May outlive its launcher, whose destructor has killed the child then.
class Process final {
 public:
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const;
  /// Absent while it runs.
  [[nodiscard]] std::optional<ExitStatus> exit_status() const;
  /// How it ended; everything it wrote before is in last_lines() by then.
  [[nodiscard]] Task<Result<ExitStatus>> wait(Deadline deadline);
  /// The next line of standard output, without its line break; absent after the last one. Only with stream_output.
  [[nodiscard]] Task<Result<std::optional<std::string>>> next_line(Deadline deadline);
  /// The child's own words: the last lines of standard output and standard error in the order in which they came.
  [[nodiscard]] std::vector<std::string> last_lines() const;

  /// Asks the process group to end (SIGTERM), kills what is left after `grace`, and returns when the child is gone.
  /// kDeadlineExceeded if the system has not let go of it ten seconds after it was killed.
  [[nodiscard]] Task<Result<ExitStatus>> terminate(Duration grace);

 private:
  friend class ProcessLauncher;
  class Child;
  explicit Process(std::shared_ptr<Child> child);
  std::shared_ptr<Child> child_;
};

/// Starts programs and watches them from one thread of its own, which lives as long as the launcher does. The thread
/// matters: a child asks the system to be killed when the thread that forked it ends, which is how no engine outlives a
/// service that was killed with `kill -9`. (A child's own children are in its process group, but are only killed by
/// us.)
///
/// Children get their own process group, /dev/null as standard input, default signal handling and no descriptor of
/// ours. The destructor kills and reaps all children. Owned by the composition root.
class ProcessLauncher final {
 public:
  ProcessLauncher();
  ~ProcessLauncher();
  ProcessLauncher(const ProcessLauncher&) = delete;
  ProcessLauncher& operator=(const ProcessLauncher&) = delete;

  /// Blocks for some milliseconds, until the program was loaded or could not be. kNotFound for a missing program or
  /// folder; kInvalidArgument for one that is not executable.
  [[nodiscard]] Result<std::unique_ptr<Process>> start(ProcessSpec spec);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The last words of a program as one message: `name was killed by signal 9 (Killed); its last words: a | b | c`.
[[nodiscard]] std::string describe_end(std::string_view name, const ExitStatus& status,
                                       const std::vector<std::string>& last_lines);

}  // namespace fw::io
