#pragma once

#include <optional>
#include <string>

namespace fw::app {

struct WatchOptions {
  bool json = false;                    ///< events as JSON lines `{"event", "data"}` instead of a view
  bool is_known = false;                ///< the job was made just now: the service need not answer at once
  std::optional<double> give_up_after;  ///< seconds without an answer of the service; absent: wait for it
};

struct WatchOutcome {
  int code = 1;                  ///< 0 only when the job completed, or when nobody reads on
  bool has_told_errors = false;  ///< what went wrong with the job has been printed
};

/// Follows a job of a running service until it ends, through restarts of the service.
[[nodiscard]] WatchOutcome watch_job(const std::string& job_id, const WatchOptions& options, const std::string& server);

}  // namespace fw::app
