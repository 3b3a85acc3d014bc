#pragma once

#include <string>

namespace fw::app {

struct LocalRunOptions {
  std::string file;      ///< traffic: a file or a folder, as `load` takes them; `-` is standard input
  std::string config;    ///< required
  std::string data;      ///< empty: a new folder `flywheel-run-*` below the current one
  std::string workload;  ///< needed only where the file has several
  std::string client;    ///< as above
  std::string html;      ///< empty: `report.html` in the data folder
  bool partial = false;  ///< go on with what could be read of files that could not be read whole
  bool json = false;     ///< print the job's detail in the API's shape instead of the report
};

/// Load, run and report in this process, without a listening service. SIGINT and SIGTERM cancel the run. Exit code 0
/// only when the job completed. What is printed goes to standard output; progress, with `json`, to standard error.
[[nodiscard]] int run_local(const LocalRunOptions& options);

}  // namespace fw::app
