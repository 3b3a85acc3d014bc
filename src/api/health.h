#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "logstore/log_store.h"
#include "net/router.h"

namespace fw::api {

/// A listener beside the control API, which may be off without the service being so.
struct ListenerState {
  std::string name;
  std::string url;      ///< empty: it is off
  std::string trouble;  ///< why it is off, or what it cannot do; empty: all is well
};

/// `/healthz`: this process answers. `/readyz`: it can do its work, or 503 with what it lacks; either way what each of
/// the other listeners does, what of the log store was found damaged and is kept for a person to look at, what waits
/// for a log store elsewhere, and how much space is left once it runs out.
class HealthResource final {
 public:
  /// How full the disk is when its space runs out.
  using RunningOut = std::function<std::optional<std::filesystem::space_info>()>;

  /// All are called from any thread and must not block; `listeners` and `running_out` may be empty.
  HealthResource(std::function<Status()> readiness, std::function<std::vector<ListenerState>()> listeners,
                 const logstore::LogStore& log, const Clock& clock, RunningOut running_out = {});
  void add_to(net::Router& router);

 private:
  [[nodiscard]] net::Response ready() const;

  std::function<Status()> readiness_;
  std::function<std::vector<ListenerState>()> listeners_;
  const logstore::LogStore& log_;
  const Clock& clock_;
  RunningOut running_out_;
};

}  // namespace fw::api
