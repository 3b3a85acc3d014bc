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

/// The answer of `GET /api/promotions?at=`: which proposals that are asked for were on traffic, when, who let them and
/// how that ended, and who else may have answered.
void print_answerers(const HistoryOptions& options, const nlohmann::ordered_json& answer, Terminal& out);

/// `flywheel promote history`: what happened to proposals, or with `at`, who answered which workload at that time, who
/// let it and on what evidence. An exit status.
[[nodiscard]] int promote_history(const HistoryOptions& options, const std::string& server);

}  // namespace fw::app
