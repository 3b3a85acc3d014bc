#pragma once

#include "runs/impl/outcomes.h"
#include "runs/impl/run_context.h"

namespace fw::runs {

/// Reads the workload's records, makes the datasets and stores them. Doing it again over the same records stores the
/// same names with the same bytes. Datasets of a stage that does not end well are removed again.
[[nodiscard]] Task<Result<DatasetsOutcome>> make_datasets(RunContext& context);

/// In the job's folder: the card of datasets that leak more than the job allows, as JSON. They themselves are not kept.
[[nodiscard]] std::filesystem::path refused_card_file(const std::filesystem::path& job_folder);

/// The names of all datasets that the job may have stored, finished or not.
[[nodiscard]] std::vector<std::string> noted_dataset_names(const std::filesystem::path& job_folder);

/// The mean of the `usage` of logged responses, of evaluation rows as JSON lines; absent when none says it.
[[nodiscard]] std::optional<ProductionUsage> production_usage(const std::string& evaluation_rows);

}  // namespace fw::runs
