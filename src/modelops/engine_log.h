#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace fw::modelops {

inline constexpr std::size_t kLongestLogLine = 1000;  ///< bytes; what a line has beyond is not shown

/// What is shown of lines that an engine wrote: redacted first, so that no cut hides a value from its rule; each of at
/// most kLongestLogLine bytes. `redact` may be absent.
[[nodiscard]] std::vector<std::string> shown_lines(std::vector<std::string> lines,
                                                   const std::function<std::string(std::string)>& redact);

/// The last lines that the engine of one deployment wrote, from its start on, over its restarts, until it was taken
/// down. Who deploys makes it and reads it; the deployer says whose lines they are. Engines may quote requests and
/// answers: redact before lines are shown or kept. All members may be called from any thread.
class EngineLog final {
 public:
  static constexpr std::size_t kMostLines = 200;
  using Lines = std::function<std::vector<std::string>()>;

  /// Another process: `lines` gives its last lines whenever it is asked, until finish() or the next follow(), which
  /// keep what they are by then. It must not call the log.
  void follow(Lines lines);
  /// The process has ended.
  void finish();

  /// Oldest first, at most kMostLines.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  [[nodiscard]] std::vector<std::string> all() const;  // with the mutex held

  mutable std::mutex mutex_;
  std::vector<std::string> earlier_;  ///< of processes that have ended
  Lines current_;
};

}  // namespace fw::modelops
