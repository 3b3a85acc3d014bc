#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "dataset/compare.h"
#include "dataset/verify.h"

namespace fw::app {

/// The datasets of a run, or of a folder with files of that kind.
struct RunDatasets {
  std::string name;               ///< the job's id, or the folder as it was named
  dataset::RowFiles files;        ///< empty where rows were not asked for
  std::string lineage;            ///< lineage.jsonl; empty where there is none
  nlohmann::ordered_json report;  ///< of a job; null of a folder

  [[nodiscard]] bool is_job() const { return !report.is_null(); }
  [[nodiscard]] dataset::SideFiles sides() const {
    return {{files.evaluation, files.training, files.validation}, lineage};
  }
  [[nodiscard]] std::string_view rows(dataset::Side side) const { return sides().rows[static_cast<std::size_t>(side)]; }
};

/// Of a folder that is there, else of a job of the service at `server`, whose rows are read where they lie: on this
/// machine. `with_rows`: false leaves the files of a job alone.
[[nodiscard]] Result<RunDatasets> read_datasets(const std::string& job_or_folder, const std::string& server,
                                                bool with_rows);

/// `evaluation`, `train`, `training`, `validation`.
[[nodiscard]] Result<dataset::Side> parse_side(const std::string& name);

}  // namespace fw::app
