#include "runs/impl/candidate_run.h"

#include "evals/summary.h"
#include "io/file.h"
#include "runs/impl/json_fields.h"

namespace fw::runs {

CandidateRun::CandidateRun(RunContext& context, const DatasetsOutcome& datasets, std::size_t index)
    : context_(context), datasets_(datasets), index_(index) {}

std::filesystem::path CandidateRun::folder() const { return context_.folder() / "candidates" / std::to_string(index_); }

void CandidateRun::note(Stage stage, const Error& error) {
  if (!first_error_ && !is_over()) first_error_ = std::string(to_string(stage)) + ": " + error.message;
}

Task<void> CandidateRun::run() {
  std::exception_ptr failure;
  try {
    co_await stages();
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    if (deployment_) static_cast<void>(co_await context_.dependencies.deployer.undeploy(deployment_->id));
    std::rethrow_exception(failure);
  }
}

Task<void> CandidateRun::stages() {
  const bool is_servable = co_await evaluate_untuned();
  if (is_servable && candidate().customization_enabled && !is_over()) co_await customize();
  if (is_over()) co_return;
  const auto status = first_error_ ? CandidateStatus::kFailed : CandidateStatus::kCompleted;
  co_await context_.record->append({context_.record->event(CandidateFinished{index_, status, first_error_})});
}

Task<bool> CandidateRun::evaluate_untuned() {
  const bool is_needed = !has_ended(Stage::kBaseEval) || !has_ended(Stage::kIclEval);
  if (is_needed && !co_await bring_up(Stage::kDeploy, std::nullopt)) co_return false;
  static_cast<void>(co_await evaluate(Stage::kBaseEval, modelops::EvalType::kBase, datasets_.eval));
  static_cast<void>(co_await evaluate(Stage::kIclEval, modelops::EvalType::kIcl, datasets_.icl));
  co_await take_down();
  co_return true;
}

Task<void> CandidateRun::customize() {
  auto text = co_await context_.step(Stage::kCustomization, index_, [this] { return training_work(); });
  auto outcome = text.ok() ? training_outcome(*text) : Result<TrainingOutcome>(text.error());
  if (!outcome.ok()) {
    note(Stage::kCustomization, outcome.error());
    co_return;
  }
  co_await evaluate_tuned(outcome->trained.adapter);
}

Task<void> CandidateRun::evaluate_tuned(modelops::Adapter adapter) {
  if (!has_ended(Stage::kCustomizedEval) && !co_await bring_up(Stage::kDeployTuned, adapter)) co_return;
  static_cast<void>(co_await evaluate(Stage::kCustomizedEval, modelops::EvalType::kCustomized, datasets_.eval));
  co_await take_down();
}

Task<bool> CandidateRun::bring_up(Stage stage, std::optional<modelops::Adapter> adapter) {
  auto deployed = co_await context_.deploy(
      stage, index_, {candidate().model, std::move(adapter), context_.config().evaluation.parallelism});
  if (deployed.ok()) {
    deployment_ = std::move(deployed).value();
  } else {
    note(stage, deployed.error());
  }
  co_return deployment_.has_value();
}

Task<void> CandidateRun::take_down() {
  if (!deployment_) co_return;
  const auto id = deployment_->id;
  deployment_.reset();
  const Instant begin = context_.dependencies.clock.instant();
  const auto status = co_await context_.dependencies.deployer.undeploy(id);
  StageFinished end{.stage = Stage::kUndeploy, .candidate = index_};
  end.runtime_seconds = to_seconds(context_.dependencies.clock.instant() - begin);
  if (!status.ok()) {
    end.error = status.error().message;
    note(Stage::kUndeploy, status.error());
  }
  if (!is_over()) co_await context_.record->append({context_.record->event(std::move(end))});
}

Task<Result<std::string>> CandidateRun::evaluate(Stage stage, modelops::EvalType type, modelops::DatasetRef rows) {
  auto end = co_await context_.step(stage, index_, [this, type, rows] { return evaluation_work(type, rows); });
  if (!end.ok()) note(stage, end.error());
  co_return end;
}

Task<Result<std::string>> CandidateRun::evaluation_work(modelops::EvalType type, modelops::DatasetRef rows) {
  auto& deps = context_.dependencies;
  const auto& settings = context_.config().evaluation;
  modelops::EvaluationJob job{.variant = std::string(to_string(type)), .target = deployment_->endpoint};
  job.judge = context_.config().judge;
  job.parallelism = settings.parallelism;
  job.request_timeout = settings.request_timeout;
  job.max_retries = settings.max_retries;
  job.max_tokens = settings.max_tokens;
  job.seed = context_.record->snapshot().seed;
  job.before_first = [this, id = deployment_->id](std::string request) {
    return context_.dependencies.deployer.share_beginning(id, std::move(request), context_.deadline);
  };
  job.results = folder() / (std::string(to_string(type)) + ".jsonl");
  auto path = co_await run_on(deps.disk, [&]() -> Result<std::filesystem::path> {
    FW_TRY(io::create_folders(folder()));
    return deps.datasets.local_path(rows, "eval_data.jsonl");
  });
  if (!path.ok()) co_return path.error();
  job.rows = *path;
  const auto results = job.results;
  auto evaluated = co_await deps.evaluator.evaluate(std::move(job), report_rows(type), context_.deadline);
  if (!evaluated.ok()) co_return evaluated.error();
  auto outcome = co_await run_on(deps.cpu, [&] { return outcome_of(*evaluated); });
  outcome.results = results.string();
  co_return dump(to_json(outcome));
}

EvaluationOutcome CandidateRun::outcome_of(const modelops::EvaluationResult& result) const {
  const auto summary = evals::summarize(result.rows, datasets_.workload, context_.config().judge.has_value(),
                                        std::nullopt, context_.record->snapshot().seed);
  EvaluationOutcome outcome{
      .rows = summary.rows, .rows_failed = summary.rows_failed, .wall_seconds = result.wall_seconds};
  for (const auto& score : summary.scores) outcome.scores[score.name] = score.mean;
  return outcome;
}

std::function<void(const modelops::EvaluationProgress&)> CandidateRun::report_rows(modelops::EvalType type) {
  const Instant begin = context_.dependencies.clock.instant();
  return [this, type, begin](const modelops::EvaluationProgress& p) {
    EvaluationProgressed event{index_, type, p.rows_done, p.rows_total, p.rows_failed, std::nullopt};
    if (p.rows_done > 0 && p.rows_done <= p.rows_total) {
      const double per_row =
          to_seconds(context_.dependencies.clock.instant() - begin) / static_cast<double>(p.rows_done);
      event.seconds_left = per_row * static_cast<double>(p.rows_total - p.rows_done);
    }
    context_.record->publish(JobProgress{event});
  };
}

Result<modelops::TrainingJob> CandidateRun::training_job() {
  auto& store = context_.dependencies.datasets;
  modelops::TrainingJob job{.model = candidate().model, .settings = context_.config().training};
  job.seed = context_.record->snapshot().seed;
  job.work_folder = folder() / "training";
  FW_TRY(io::create_folders(job.work_folder));
  FW_ASSIGN(job.train_rows, store.local_path(datasets_.train, "training/train_data.jsonl"));
  if (datasets_.validation_rows > 0) {
    FW_ASSIGN(job.validation_rows, store.local_path(datasets_.train, "validation/val_data.jsonl"));
  }
  return job;
}

Task<Result<std::string>> CandidateRun::training_work() {
  auto& deps = context_.dependencies;
  auto job = co_await run_on(deps.disk, [this] { return training_job(); });
  if (!job.ok()) co_return job.error();
  const auto on_progress = [this](const modelops::TrainingProgress& point) {
    context_.record->publish(JobProgress{TrainingProgressed{index_, point}});
  };
  auto trained = co_await deps.trainer.train(std::move(job).value(), on_progress, context_.deadline);
  if (!trained.ok()) co_return trained.error();
  co_return dump(to_json(TrainingOutcome{std::move(trained).value(), customized_name()}));
}

std::string CandidateRun::customized_name() const {
  const Job job = context_.record->snapshot();
  return candidate().model.name + "-" + *job.workload + "-" + job.id->substr(0, 8);
}

}  // namespace fw::runs
