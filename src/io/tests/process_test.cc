#include "io/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "async/run_blocking.h"
#include "io/file.h"

namespace fw::io {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Whether a process of this number runs; a zombie does not.
bool is_running(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat.ok()) return false;
  const std::size_t end = stat->rfind(") ");
  return end != std::string::npos && (*stat)[end + 2] != 'Z' && (*stat)[end + 2] != 'X';
}

bool goes_away(pid_t pid) {
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (is_running(pid) && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return !is_running(pid);
}

class ProcessTest : public testing::Test {
 protected:
  std::unique_ptr<Process> shell(const std::string& script, bool stream = false) {
    return start({.program = "/bin/sh", .arguments = {"-c", script}, .stream_output = stream});
  }
  std::unique_ptr<Process> start(ProcessSpec spec) {
    auto process = launcher_.start(std::move(spec));
    EXPECT_TRUE(process.ok()) << process.error().message;
    return std::move(process).value();
  }
  static ExitStatus wait(Process& process) { return run_blocking(process.wait(Deadline::after(20s))).value(); }
  static std::optional<std::string> line(Process& process) {
    return run_blocking(process.next_line(Deadline::after(20s))).value();
  }

  ProcessLauncher launcher_;
};

TEST_F(ProcessTest, ReportsTheExitCodeAndTheLastWords) {
  const auto process = shell("echo one; echo two >&2; exit 3");
  EXPECT_EQ(wait(*process), ExitStatus{.code = 3});
  EXPECT_THAT(process->last_lines(), testing::UnorderedElementsAre("one", "two"));
  EXPECT_THAT(describe_end("engine", ExitStatus{.code = 3}, {"one", "two"}),
              "engine exited with code 3; its last words: one | two");
}

TEST_F(ProcessTest, KeepsOnlyTheLastLines) {
  const auto process = start({.program = "/bin/sh", .arguments = {"-c", "seq 1 1000"}, .kept_lines = 3});
  EXPECT_TRUE(wait(*process).is_success());
  EXPECT_THAT(process->last_lines(), ElementsAre("998", "999", "1000"));
}

TEST_F(ProcessTest, HandsOutLinesInOrderAndThenNothing) {
  const auto process = shell("printf 'a\\nb\\nc'", true);
  EXPECT_EQ(line(*process), "a");
  EXPECT_EQ(line(*process), "b");
  EXPECT_EQ(line(*process), "c");
  EXPECT_EQ(line(*process), std::nullopt);
}

TEST_F(ProcessTest, LosesNoLineOfAChildThatWritesFasterThanWeRead) {
  const auto process = shell("seq 1 5000", true);
  for (int i = 1; i <= 5000; ++i) ASSERT_EQ(line(*process), std::to_string(i));
  EXPECT_EQ(line(*process), std::nullopt);
  EXPECT_TRUE(wait(*process).is_success());
}

TEST_F(ProcessTest, AChildWhoseLinesNobodyTakesCanStillBeEnded) {
  const auto process = shell("while :; do echo more; done", true);
  ASSERT_EQ(line(*process), "more");
  EXPECT_EQ(run_blocking(process->terminate(5s))->signal, SIGTERM);
}

TEST_F(ProcessTest, GetsItsEnvironmentItsFolderAndNoInput) {
  const TemporaryFolder folder;
  const auto process = start({.program = "/bin/sh",
                              .arguments = {"-c", "echo $COLOUR; pwd; cat; test -n \"$PATH\" && echo path"},
                              .environment = {{"COLOUR", "blue"}},
                              .folder = folder.path()});
  EXPECT_TRUE(wait(*process).is_success());
  EXPECT_THAT(process->last_lines(), ElementsAre("blue", std::filesystem::canonical(folder.path()).string(), "path"));
}

TEST_F(ProcessTest, GivesWayAsMuchAsItIsTold) {
  const int ours = ::getpriority(PRIO_PROCESS, 0);
  const auto process =
      start({.program = "/bin/sh", .arguments = {"-c", "nice; nice -n 1 nice"}, .stream_output = true, .niceness = 7});
  EXPECT_EQ(line(*process), std::to_string(ours + 7));
  EXPECT_EQ(line(*process), std::to_string(ours + 8)) << "what it starts inherits it";
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), ours);
}

TEST_F(ProcessTest, InheritsNoDescriptor) {
  const int ours = ::open("/dev/null", O_RDONLY);  // on purpose without O_CLOEXEC
  ASSERT_GE(ours, 0);
  const auto process = shell("ls /proc/self/fd | wc -w");
  EXPECT_TRUE(wait(*process).is_success());
  ::close(ours);
  EXPECT_THAT(process->last_lines(), ElementsAre("4"));  // 0, 1, 2 and the folder that ls reads
}

TEST_F(ProcessTest, NamesAProgramThatIsMissingOrNoProgram) {
  const auto missing = launcher_.start({.program = "/nonexistent/engine"});
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/engine"));
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder.path() / "text", "not a program").ok());
  EXPECT_EQ(launcher_.start({.program = folder.path() / "text"}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ProcessTest, TerminateIsGentleFirst) {
  const auto process = shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done", true);
  ASSERT_EQ(line(*process), "ready");
  EXPECT_EQ(run_blocking(process->terminate(10s)).value(), ExitStatus{.code = 7});
  EXPECT_EQ(line(*process), "bye");
}

TEST_F(ProcessTest, TerminateKillsWhatDoesNotListen) {
  const auto process = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", true);
  ASSERT_EQ(line(*process), "ready");
  EXPECT_EQ(run_blocking(process->terminate(50ms)).value(), ExitStatus{.signal = SIGKILL});
}

TEST_F(ProcessTest, TakesItsOwnChildrenAlong) {
  const auto process = shell("sleep 600 & echo $!; wait", true);
  const auto grandchild = line(*process);
  ASSERT_TRUE(grandchild.has_value());
  ASSERT_TRUE(run_blocking(process->terminate(5s)).ok());
  EXPECT_TRUE(goes_away(std::stoi(*grandchild)));
}

TEST_F(ProcessTest, LeavesNobodyBehindWhenItEndsByItself) {
  const auto process = shell("sleep 600 & echo $!", true);
  const auto grandchild = line(*process);
  ASSERT_TRUE(grandchild.has_value());
  EXPECT_TRUE(wait(*process).is_success());
  EXPECT_TRUE(goes_away(std::stoi(*grandchild)));
}

TEST_F(ProcessTest, APipeHeldByARunawayDoesNotHoldUsUp) {
  const auto process = shell("setsid sleep 5 & echo started");
  EXPECT_TRUE(wait(*process).is_success());
  EXPECT_THAT(process->last_lines(), ElementsAre("started"));
}

TEST_F(ProcessTest, DroppingItKillsIt) {
  auto process = shell("exec sleep 600");
  const pid_t pid = process->pid();
  process.reset();
  EXPECT_TRUE(goes_away(pid));
}

TEST_F(ProcessTest, WaitingEndsWithItsDeadlineOrItsStop) {
  const auto process = shell("exec sleep 600");
  EXPECT_EQ(run_blocking(process->wait(Deadline::after(1ms))).error().code, ErrorCode::kDeadlineExceeded);
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(run_blocking(process->wait(Deadline::when_stopped(stop.get_token()))).error().code, ErrorCode::kCancelled);
  stopper.join();
}

TEST(ProcessLauncher, EndsWithAllItsChildrenAndLeavesNoZombie) {
  auto launcher = std::make_unique<ProcessLauncher>();
  const auto first = launcher->start({.program = "/bin/sleep", .arguments = {"600"}});
  const auto second =
      launcher->start({.program = "/bin/sh", .arguments = {"-c", "while :; do echo x; done"}, .stream_output = true});
  launcher.reset();
  EXPECT_EQ((*first)->exit_status(), ExitStatus{.signal = SIGKILL});
  EXPECT_EQ((*second)->exit_status(), ExitStatus{.signal = SIGKILL});
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string((*first)->pid())));
}

TEST_F(ProcessTest, NoChildOutlivesAParentThatWasKilledWithoutWarning) {
  const auto parent = start({.program = FW_ORPHAN_PARENT, .stream_output = true});
  const auto printed = line(*parent);
  ASSERT_TRUE(printed.has_value());
  const pid_t grandchild = std::stoi(*printed);
  ASSERT_TRUE(is_running(grandchild));
  ASSERT_NE(::getpgid(grandchild), ::getpgid(parent->pid()));  // so that nothing but its own wish can kill it
  ASSERT_EQ(::kill(parent->pid(), SIGKILL), 0);
  EXPECT_EQ(wait(*parent).signal, SIGKILL);
  EXPECT_TRUE(goes_away(grandchild));
}

TEST_F(ProcessTest, ManyAtOnceEndWithTheirOwnCodes) {
  std::vector<std::unique_ptr<Process>> all;
  for (int i = 0; i < 40; ++i) all.push_back(shell("exit " + std::to_string(i)));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(wait(*all[static_cast<std::size_t>(i)]), ExitStatus{.code = i});
}

}  // namespace
}  // namespace fw::io
