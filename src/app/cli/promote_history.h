#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fw::app {

class Terminal;

struct HistoryOptions {
  std::string proposal;  ///< empty: of all
  std::string workload;  ///< empty: of all
  std::string at;        ///< epoch seconds or ISO-8601; empty: all that happened
  bool json = false;
};

/// A proposal of `GET /api/promotions?at=`: when it was on traffic, who let it, and how that ended.
void print_answerer(const nlohmann::ordered_json& proposal, Terminal& out);

/// `flywheel promote history`: what happened to proposals, or with `at`, who answered which workload at that time, who
/// let it and on what evidence. An exit status.
[[nodiscard]] int promote_history(const HistoryOptions& options, const std::string& server);

}  // namespace fw::app
