#pragma once

#include <string>

namespace fw::app {

/// Follows a job of a running service until it ends; exit code 0 only when it completed. With `as_json` the events are
/// printed as JSON lines `{"event", "data"}` instead of a view, and at the end nothing else.
[[nodiscard]] int watch_job(const std::string& job_id, bool as_json, const std::string& server);

}  // namespace fw::app
