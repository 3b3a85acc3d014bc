#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace fw::app {

/// What records have to be, as `GET /api/traffic` filters: the options of a command that lists or takes some of them.
class RecordFilters final {
 public:
  RecordFilters();
  RecordFilters(const RecordFilters&) = delete;  // options point into it
  RecordFilters& operator=(const RecordFilters&) = delete;

  /// Adds the options to a command, which the filters outlive.
  void add_to(CLI::App& command);
  /// `&workload_id=router&is_error=1`; empty where all are meant.
  [[nodiscard]] std::string query() const;

 private:
  std::vector<std::pair<const char*, std::string>> values_;  // by the parameter's name
  bool only_errors_ = false;
};

}  // namespace fw::app
