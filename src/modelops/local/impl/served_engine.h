#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "io/process.h"
#include "modelops/engine_log.h"
#include "modelops/local/impl/engine.h"
#include "modelops/local/settings.h"
#include "modelops/model.h"
#include "net/client.h"

namespace fw::modelops {

/// One llama-server: started until it answers, watched, started again after a crash, stopped. start() first, then
/// watch() in a task of its own, then stop() after that task has ended. status() and process_id() from any thread.
class ServedEngine final {
 public:
  /// `restarts`: after how many crashes it is started again. `log`: may be absent. Of `settings`: the program, how long
  /// it may take, and what is redacted of the words that errors quote.
  ServedEngine(EngineSetup setup, int restarts, std::shared_ptr<EngineLog> log, const LocalSettings& settings,
               io::ProcessLauncher& launcher, net::Client& client);

  /// Returns when it answers under its alias; the error bears its last words. Nothing runs after an error.
  [[nodiscard]] Task<Status> start(Deadline deadline);
  /// Computes the prompt of a chat completion's body in one slot and copies its state to all others, which compute only
  /// what differs from then on.
  [[nodiscard]] Task<Status> share_beginning(std::string request, Deadline deadline);
  /// Returns after the stop or when the engine has failed for good.
  [[nodiscard]] Task<void> watch(std::stop_token stop);
  /// Returns when it has failed for good, with its status(), or with the deadline's error.
  [[nodiscard]] Task<Error> failure(Deadline deadline);
  /// The process is gone on return.
  [[nodiscard]] Task<Status> stop();

  /// Where it answers, under its alias and with its key.
  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] Status status() const;
  [[nodiscard]] int process_id() const;

 private:
  [[nodiscard]] Task<Status> start_on(std::uint16_t port, Deadline deadline);
  [[nodiscard]] Task<Status> wait_ready(io::Process& process, std::uint16_t port, Deadline deadline);
  [[nodiscard]] Task<bool> answers(std::uint16_t port, Deadline deadline);
  [[nodiscard]] net::Request keyed(net::Request request) const;
  [[nodiscard]] Task<Status> post(std::string path, std::string body, Deadline deadline);
  [[nodiscard]] std::shared_ptr<io::Process> process() const;
  void set_process(std::shared_ptr<io::Process> process);
  void follow(const std::shared_ptr<io::Process>& process);
  void finish_log();
  /// The last lines of its process as errors may quote them.
  [[nodiscard]] std::vector<std::string> last_words(const io::Process& process) const;
  void fail(Error error);

  std::filesystem::path program_;
  EngineSetup setup_;
  Duration ready_timeout_;
  int restarts_;
  std::shared_ptr<EngineLog> log_;
  std::function<std::string(std::string)> redact_;
  io::ProcessLauncher& launcher_;
  net::Client& client_;
  std::uint16_t port_ = 0;      ///< fixed once start() has succeeded
  bool is_port_taken_ = false;  ///< the last process ended since somebody else had its port

  mutable std::mutex mutex_;
  std::shared_ptr<io::Process> process_;
  Status status_;
};

/// A folder that is removed at the end of scope unless it is kept.
class FolderGuard final {
 public:
  explicit FolderGuard(std::filesystem::path path) : path_(std::move(path)) {}
  ~FolderGuard();
  FolderGuard(const FolderGuard&) = delete;
  FolderGuard& operator=(const FolderGuard&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void keep() { is_kept_ = true; }

 private:
  std::filesystem::path path_;
  bool is_kept_ = false;
};

}  // namespace fw::modelops
