#include "runs/impl/report_files.h"

#include <nlohmann/json.hpp>

#include "evals/row_result.h"
#include "io/file.h"
#include "runs/impl/dataset_stage.h"
#include "runs/impl/job_journal.h"
#include "runs/impl/outcomes.h"
#include "runs/report.h"

namespace fw::runs {

namespace {

constexpr std::size_t kMostCardBytes = 64U << 20U;

/// The journalled value of a stage that succeeded; null otherwise.
const std::string* value_of(std::span<const metastore::StepRow> steps, const workflow::StepKey& key) {
  for (const auto& step : steps) {
    if (step.key == *key) return step.error ? nullptr : &step.value;
  }
  return nullptr;
}

/// Of datasets that were refused the card is what there is.
void add_refused(ReportInput& input, const std::filesystem::path& job_folder) {
  const auto card = io::read_file(refused_card_file(job_folder), kMostCardBytes);
  if (card.ok() && nlohmann::ordered_json::accept(*card)) input.dataset_card = *card;
}

Status add_datasets(ReportInput& input, std::span<const metastore::StepRow> steps,
                    const std::filesystem::path& job_folder) {
  const auto* value = value_of(steps, step_key(StageKind::kDatasets));
  if (value == nullptr) {
    if (input.job.status == JobStatus::kFailed) add_refused(input, job_folder);
    return {};
  }
  FW_ASSIGN(auto outcome, datasets_outcome(*value));
  input.usage = outcome.usage;
  input.answered_by = outcome.answered_by;
  input.window = outcome.window;
  input.dataset_card = std::move(outcome.card);
  return {};
}

/// The rows of an evaluation's step; absent where it did not happen or failed.
Result<std::optional<EvaluationRows>> rows_of(std::span<const metastore::StepRow> steps, const workflow::StepKey& key,
                                              const io::MovedFolder& places) {
  const auto* value = value_of(steps, key);
  if (value == nullptr) return std::optional<EvaluationRows>();
  FW_ASSIGN(auto outcome, evaluation_outcome(*value));
  const std::string results = places.present(outcome.results);
  FW_ASSIGN(auto rows, evals::read_row_results(results));
  if (rows.size() != outcome.rows) {
    return data_loss(results + " has " + std::to_string(rows.size()) + " rows; the evaluation wrote " +
                     std::to_string(outcome.rows) + ": run the job again");
  }
  return std::optional(EvaluationRows{std::move(rows), std::move(outcome.endpoint_notes)});
}

Status add_evaluations(ReportInput& input, std::span<const metastore::StepRow> steps, std::size_t candidate,
                       const io::MovedFolder& places) {
  for (const auto& variant : input.config.evaluation.variants) {
    FW_ASSIGN(auto rows, rows_of(steps, step_key(Stage::evaluation(variant.id()), candidate), places));
    if (rows) input.evaluations.emplace(ReportInput::EvaluationKey{candidate, variant.id()}, std::move(*rows));
  }
  return {};
}

Status add_training(ReportInput& input, std::span<const metastore::StepRow> steps, std::size_t candidate,
                    const io::MovedFolder& places) {
  const auto* value = value_of(steps, step_key(StageKind::kCustomization, candidate));
  if (value == nullptr) return {};
  FW_ASSIGN(auto outcome, training_outcome(*value));
  auto& adapter = outcome.trained.adapter.gguf;
  adapter = places.present(adapter.string());
  input.trained.emplace(candidate, std::move(outcome.trained));
  return {};
}

}  // namespace

std::filesystem::path report_file(const std::filesystem::path& job_folder) { return job_folder / "report.json"; }

Result<std::string> report_of(const Job& job, const RunConfig& config, std::span<const metastore::StepRow> steps,
                              const io::MovedFolder& places, const std::filesystem::path& job_folder) {
  ReportInput input{.job = job, .config = config};
  FW_TRY(add_datasets(input, steps, job_folder));
  FW_ASSIGN(input.production, rows_of(steps, step_key(StageKind::kProduction), places));
  FW_ASSIGN(input.baseline, rows_of(steps, step_key(StageKind::kBaseline), places));
  for (std::size_t i = 0; i < config.candidates.size(); ++i) {
    FW_TRY(add_evaluations(input, steps, i, places));
    FW_TRY(add_training(input, steps, i, places));
  }
  return build_report(input).dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace fw::runs
