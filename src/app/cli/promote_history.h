#pragma once

#include <string>

namespace fw::app {

struct HistoryOptions {
  std::string proposal;  ///< empty: of all
  std::string workload;  ///< empty: of all
  std::string at;        ///< epoch seconds or ISO-8601; empty: all that happened
  bool json = false;
};

/// `flywheel promote history`: what happened to proposals, or with `at`, who answered which workload at that time, who
/// let it and on what evidence. An exit status.
[[nodiscard]] int promote_history(const HistoryOptions& options, const std::string& server);

}  // namespace fw::app
