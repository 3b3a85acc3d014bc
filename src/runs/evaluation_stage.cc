#include "runs/impl/evaluation_stage.h"

#include "evals/summary.h"
#include "io/file.h"
#include "runs/impl/json_fields.h"

namespace fw::runs {
namespace {

/// Means of all that was measured, as the job's page shows them; the report has their intervals.
EvaluationOutcome outcome_of(const RunConfig& config, const modelops::EvaluationResult& result) {
  const evals::ScoringSettings scoring{.has_judge = config.judge.has_value(),
                                       .text_metric = config.evaluation.text_metric};
  const auto summary = evals::summarize(result.rows, scoring, std::nullopt);
  EvaluationOutcome outcome{.rows = summary.rows,
                            .rows_failed = summary.rows_failed,
                            .wall_seconds = result.wall_seconds,
                            .endpoint_notes = result.endpoint_notes};
  if (summary.agreement) outcome.scores[std::string(evals::kAgreement)] = summary.agreement->mean;
  for (const auto& score : summary.scores) outcome.scores[std::string(score.metric->name)] = score.estimate.mean;
  return outcome;
}

}  // namespace

Task<Result<std::string>> run_evaluation(RunContext& context, const modelops::DatasetRef& rows,
                                         modelops::EvaluationJob job,
                                         std::function<void(const modelops::EvaluationProgress&)> on_progress) {
  auto& deps = context.dependencies;
  const auto& settings = context.config().evaluation;
  job.judge = context.config().judge;
  job.parallelism = settings.parallelism;
  job.request_timeout = settings.request_timeout;
  job.max_retries = settings.max_retries;
  job.max_tokens = settings.max_tokens;
  job.seed = context.record->snapshot().seed;
  const auto results = job.results;
  auto path = co_await run_on(deps.disk, [&]() -> Result<std::filesystem::path> {
    FW_TRY(io::create_folders(results.parent_path()));
    return deps.datasets.local_path(rows, "eval_data.jsonl");
  });
  if (!path.ok()) co_return path.error();
  if (job.rows.empty()) job.rows = *path;
  auto evaluated = co_await deps.evaluator.evaluate(std::move(job), std::move(on_progress), context.deadline);
  if (!evaluated.ok()) co_return evaluated.error();
  auto outcome = co_await run_on(deps.cpu, [&] { return outcome_of(context.config(), *evaluated); });
  outcome.results = results.string();
  co_return dump(to_json(outcome));
}

}  // namespace fw::runs
