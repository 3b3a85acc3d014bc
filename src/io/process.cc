#include "io/process.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstring>
#include <future>
#include <thread>
#include <utility>

#include "base/log.h"
#include "io/impl/child.h"

namespace fw::io {

namespace asio = boost::asio;

namespace {

// What the system may take to let go of a killed process before we say so instead of waiting on.
constexpr auto kKillTime = std::chrono::seconds(10);
constexpr std::size_t kDescribedLines = 8;

}  // namespace

std::string ExitStatus::describe() const {
  if (signal != 0) {
    return "was killed by signal " + std::to_string(signal) + " (" + std::string(::strsignal(signal)) + ")";
  }
  return "exited with code " + std::to_string(code);
}

std::string describe_end(std::string_view name, const ExitStatus& status, const std::vector<std::string>& last_lines) {
  std::string out = std::string(name) + " " + status.describe();
  const std::size_t first = last_lines.size() - std::min(last_lines.size(), kDescribedLines);
  for (std::size_t i = first; i < last_lines.size(); ++i)
    out += (i == first ? "; its last words: " : " | ") + last_lines[i];
  return out;
}

Process::Process(std::shared_ptr<Child> child) : child_(std::move(child)) {}

Process::~Process() {
  child_->signal_group(SIGKILL);
  child_->abandon_lines();
}

pid_t Process::pid() const { return child_->pid(); }
std::optional<ExitStatus> Process::exit_status() const { return child_->exit_status(); }
std::vector<std::string> Process::last_lines() const { return child_->last_lines(); }

Task<Result<ExitStatus>> Process::wait(Deadline deadline) {
  const auto child = child_;
  FW_CO_TRY(co_await child->wait_until([](const Child& c) { return c.is_finished(); }, std::move(deadline)));
  co_return *child->exit_status();
}

Task<Result<std::optional<std::string>>> Process::next_line(Deadline deadline) {
  const auto child = child_;
  FW_CO_TRY(co_await child->wait_until([](const Child& c) { return c.has_line(); }, std::move(deadline)));
  co_return child->take_line();
}

Task<Result<ExitStatus>> Process::terminate(Duration grace) {
  const auto child = child_;
  const auto is_gone = [](const Child& c) { return c.is_gone(); };
  child->signal_group(SIGTERM);
  if (auto gone = co_await child->wait_until(is_gone, Deadline::after(grace)); !gone.ok()) {
    child->signal_group(SIGKILL);
    FW_CO_TRY(co_await child->wait_until(is_gone, Deadline::after(kKillTime)));
  }
  co_return *child->exit_status();
}

struct ProcessLauncher::Impl {
  std::shared_ptr<asio::io_context> loop = std::make_shared<asio::io_context>();
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(*loop);
  std::mutex mutex;
  std::vector<std::weak_ptr<Process::Child>> children;
  std::promise<void> ended;
  std::thread thread{[this] {
    loop->run();
    ended.set_value();
  }};

  /// On the launcher's thread, which must be the one that forks.
  Result<std::shared_ptr<Process::Child>> start(const ProcessSpec& spec) {
    FW_ASSIGN(const Spawned spawned, spawn(spec));
    auto child = std::make_shared<Process::Child>(loop, spec, spawned);
    child->start();
    const std::lock_guard lock(mutex);
    std::erase_if(children, [](const auto& c) { return c.expired(); });
    children.push_back(child);
    return child;
  }
};

ProcessLauncher::ProcessLauncher() : impl_(std::make_unique<Impl>()) {}

ProcessLauncher::~ProcessLauncher() {
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& weak : impl_->children) {
      if (const auto child = weak.lock()) {
        child->signal_group(SIGKILL);
        child->abandon_lines();
      }
    }
  }
  impl_->work.reset();
  if (impl_->ended.get_future().wait_for(kKillTime) != std::future_status::ready) {
    log_error("io", "a killed process is still there");
    impl_->loop->stop();
  }
  impl_->thread.join();
}

Result<std::unique_ptr<Process>> ProcessLauncher::start(ProcessSpec spec) {
  std::promise<Result<std::shared_ptr<Process::Child>>> promise;
  asio::post(*impl_->loop, [&] { promise.set_value(impl_->start(spec)); });
  FW_ASSIGN(auto child, promise.get_future().get());
  return std::unique_ptr<Process>(new Process(std::move(child)));
}

}  // namespace fw::io
