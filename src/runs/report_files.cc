#include "runs/impl/report_files.h"

#include <nlohmann/json.hpp>

#include "evals/row_result.h"
#include "runs/impl/job_journal.h"
#include "runs/impl/outcomes.h"
#include "runs/report.h"

namespace fw::runs {

namespace {

/// The journalled value of a stage that succeeded; null otherwise.
const std::string* value_of(std::span<const metastore::StepRow> steps, const workflow::StepKey& key) {
  for (const auto& step : steps) {
    if (step.key == *key) return step.error ? nullptr : &step.value;
  }
  return nullptr;
}

Status add_datasets(ReportInput& input, std::span<const metastore::StepRow> steps) {
  const auto* value = value_of(steps, step_key(Stage::kDatasets));
  if (value == nullptr) return {};
  FW_ASSIGN(auto outcome, datasets_outcome(*value));
  input.usage = outcome.usage;
  input.dataset_card = std::move(outcome.card);
  return {};
}

Status add_evaluation(ReportInput& input, std::span<const metastore::StepRow> steps, std::size_t candidate, Stage stage,
                      modelops::EvalType type) {
  const auto* value = value_of(steps, step_key(stage, candidate));
  if (value == nullptr) return {};
  FW_ASSIGN(const auto outcome, evaluation_outcome(*value));
  FW_ASSIGN(auto rows, evals::read_row_results(outcome.results));
  if (rows.size() != outcome.rows) {
    return data_loss(outcome.results + " has " + std::to_string(rows.size()) + " rows; the evaluation wrote " +
                     std::to_string(outcome.rows) + ": run the job again");
  }
  input.rows.emplace(ReportInput::EvaluationKey{candidate, type}, std::move(rows));
  return {};
}

Status add_training(ReportInput& input, std::span<const metastore::StepRow> steps, std::size_t candidate) {
  const auto* value = value_of(steps, step_key(Stage::kCustomization, candidate));
  if (value == nullptr) return {};
  FW_ASSIGN(auto outcome, training_outcome(*value));
  input.trained.emplace(candidate, std::move(outcome.trained));
  return {};
}

}  // namespace

std::filesystem::path report_file(const std::filesystem::path& job_folder) { return job_folder / "report.json"; }

Result<std::string> report_of(const Job& job, const RunConfig& config, std::span<const metastore::StepRow> steps) {
  ReportInput input{.job = job, .config = config};
  FW_TRY(add_datasets(input, steps));
  for (std::size_t i = 0; i < config.candidates.size(); ++i) {
    FW_TRY(add_evaluation(input, steps, i, Stage::kBaseEval, modelops::EvalType::kBase));
    FW_TRY(add_evaluation(input, steps, i, Stage::kIclEval, modelops::EvalType::kIcl));
    FW_TRY(add_training(input, steps, i));
    FW_TRY(add_evaluation(input, steps, i, Stage::kCustomizedEval, modelops::EvalType::kCustomized));
  }
  return build_report(input).dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace fw::runs
