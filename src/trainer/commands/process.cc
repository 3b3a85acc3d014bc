#include "trainer/commands/process.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "ggml.h"

namespace fw::trainer {
namespace {

constexpr timespec kTick{0, 100'000'000};
constexpr int kTicksToStop = 15;

EventWriter* g_abort_events = nullptr;  // ggml's callback takes no argument of ours

// A check of ggml's that a hostile file has tripped: the process cannot go on, but it ends with a message.
void on_ggml_abort(const char* message) {
  if (g_abort_events != nullptr)
    g_abort_events->write_error(data_loss("the model file is damaged (" + std::string(message) + ")"));
  ::_exit(1);
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void ensure_passive_waiting(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  ::setenv("OMP_WAIT_POLICY", "passive", 1);
  ::execv("/proc/self/exe", argv);  // when it fails, the program runs as it is, only slower on a shared machine
}

ProcessGuard::ProcessGuard(EventWriter& events, int parent) : events_(events), parent_(parent) {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  g_abort_events = &events;
  ggml_set_abort_callback(on_ggml_abort);
  watcher_ = std::thread([this] { watch(); });
}

ProcessGuard::~ProcessGuard() {
  done_ = true;
  watcher_.join();
  g_abort_events = nullptr;
}

void ProcessGuard::watch() {
  const sigset_t set = stop_signals();
  int ticks_left = -1;
  while (!done_) {
    const bool signalled = ::sigtimedwait(&set, nullptr, &kTick) > 0;
    if (signalled && !stopping_.exchange(true)) ticks_left = kTicksToStop;
    if (parent_ > 0 && ::getppid() != parent_) ::_exit(1);
    if (ticks_left >= 0 && --ticks_left < 0) {
      events_.write_error(cancelled("training was stopped; the last checkpoint is kept"));
      ::_exit(1);
    }
  }
}

}  // namespace fw::trainer
