#include "runs/impl/candidate_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/log.h"
#include "io/file.h"
#include "runs/impl/engine_log_file.h"
#include "runs/impl/evaluation_stage.h"
#include "runs/impl/json_fields.h"
#include "runs/impl/prompt_rows.h"

namespace fw::runs {

namespace {

constexpr std::uint64_t kMaxRowsBytes = std::uint64_t{2} << 30;

/// Whether a training row offers tools (`"tools":[{`), called or not: a template has to say them.
bool any_row_has_tools(const std::filesystem::path& rows) {
  std::ifstream file(rows);
  for (std::string line; std::getline(file, line);)
    if (line.find("\"tools\":[{") != line.npos || line.find("\"tools\": [{") != line.npos) return true;
  return false;
}

}  // namespace

CandidateRun::CandidateRun(RunContext& context, const DatasetsOutcome& datasets, std::size_t index)
    : context_(context), datasets_(datasets), index_(index) {}

std::filesystem::path CandidateRun::folder() const { return context_.folder() / "candidates" / std::to_string(index_); }

void CandidateRun::note(const Stage& stage, const Error& error) {
  if (!first_error_ && !is_over()) first_error_ = to_string(stage) + ": " + error.message;
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
    co_await keep_log();
    std::rethrow_exception(failure);
  }
}

Task<void> CandidateRun::stages() {
  const bool is_servable = co_await can_train() && co_await evaluate_untuned();
  if (is_servable && candidate().customization_enabled && !is_over()) co_await customize();
  if (is_over()) co_return;
  const auto status = first_error_ ? CandidateStatus::kFailed : CandidateStatus::kCompleted;
  co_await context_.record->append({context_.record->event(CandidateFinished{index_, status, first_error_})});
}

bool CandidateRun::is_evaluated(bool has_adapter) const {
  return std::ranges::all_of(context_.config().evaluation.variants, [&](const modelops::Variant& variant) {
    return variant.has_adapter != has_adapter || has_ended(Stage::evaluation(variant.id()));
  });
}

Task<void> CandidateRun::evaluate_variants(bool has_adapter) {
  for (const auto& variant : context_.config().evaluation.variants) {
    if (variant.has_adapter == has_adapter) co_await evaluate(variant);
  }
}

/// Before hours of evaluations: whether what shall train is there at all.
Task<bool> CandidateRun::can_train() {
  if (!candidate().customization_enabled || has_ended(StageKind::kCustomization)) co_return true;
  const auto status =
      co_await context_.dependencies.trainer.check_device(candidate().model, candidate().training, context_.deadline);
  if (!status.ok()) note(StageKind::kCustomization, status.error());
  co_return status.ok();
}

Task<bool> CandidateRun::evaluate_untuned() {
  if (!is_evaluated(false) && !co_await bring_up(StageKind::kDeploy, std::nullopt)) co_return false;
  co_await evaluate_variants(false);
  co_await take_down();
  co_return true;
}

Task<void> CandidateRun::customize() {
  auto text = co_await context_.step(StageKind::kCustomization, index_, [this] { return training_work(); });
  auto outcome = text.ok() ? training_outcome(*text) : Result<TrainingOutcome>(text.error());
  if (!outcome.ok()) {
    note(StageKind::kCustomization, outcome.error());
    co_return;
  }
  const auto places = context_.record->places();
  modelops::Adapter adapter = outcome->trained.adapter;
  for (auto* path : {&adapter.gguf, &adapter.peft}) *path = places.present(path->string());
  co_await evaluate_tuned(std::move(adapter));
}

Task<void> CandidateRun::evaluate_tuned(modelops::Adapter adapter) {
  if (!is_evaluated(true) && !co_await bring_up(StageKind::kDeployTuned, adapter)) co_return;
  co_await evaluate_variants(true);
  co_await take_down();
}

Task<bool> CandidateRun::bring_up(Stage stage, std::optional<modelops::Adapter> adapter) {
  auto model = co_await run_on(context_.dependencies.disk, [this] { return model_of_job(); });
  if (!model.ok()) {
    note(stage, model.error());
    co_return false;
  }
  modelops::DeploymentRequest request{std::move(model).value(), std::move(adapter),
                                      context_.config().evaluation.parallelism};
  if (request.model.is_local()) {
    request.log = std::make_shared<modelops::EngineLog>();
    context_.record->set_engine(RunningEngine{index_, stage, request.log});
  }
  auto deployed = co_await context_.deploy(stage, index_, std::move(request));
  if (deployed.ok()) {
    deployment_ = std::move(deployed).value();
  } else {
    note(stage, deployed.error());
    co_await keep_log();
  }
  co_return deployment_.has_value();
}

Task<void> CandidateRun::take_down() {
  if (!deployment_) co_return;
  const auto id = deployment_->id;
  deployment_.reset();
  const Instant begin = context_.dependencies.clock.instant();
  const auto status = co_await context_.dependencies.deployer.undeploy(id);
  co_await keep_log();
  StageFinished end{.stage = StageKind::kUndeploy, .candidate = index_};
  end.runtime_seconds = to_seconds(context_.dependencies.clock.instant() - begin);
  if (!status.ok()) {
    end.error = status.error().message;
    note(StageKind::kUndeploy, status.error());
  }
  if (!is_over()) co_await context_.record->append({context_.record->event(std::move(end))});
}

Task<void> CandidateRun::keep_log() {
  const auto engine = context_.record->engine();
  if (!engine) co_return;
  const auto kept = co_await run_on(context_.dependencies.disk, [&] {
    return keep_engine_log(context_.folder(), {engine->candidate, engine->stage, false,
                                               modelops::shown_lines(engine->log->lines(), context_.options.redact)});
  });
  context_.record->set_engine(std::nullopt);
  if (!kept.ok())
    log_warning("runs", "an engine's log is not kept",
                {{"job", *context_.record->id()}, {"error", kept.error().message}});
}

Task<void> CandidateRun::evaluate(modelops::Variant variant) {
  const Stage stage = Stage::evaluation(variant.id());
  const auto end = co_await context_.step(stage, index_, [this, variant] { return evaluation_work(variant); });
  if (!end.ok()) note(stage, end.error());
}

Task<Result<std::string>> CandidateRun::evaluation_work(modelops::Variant variant) {
  // What it measured would be zero-shot under another name.
  if (variant.has_examples && datasets_.rows_with_examples == 0U) {
    const auto& icl = context_.config().icl;
    co_return failed_precondition(fmt::format(
        "no prompt would hold an example: none fits into icl_config.max_context_length ({}) less reserved_tokens ({}), "
        "or there are no training rows to take them from; raise max_context_length, or leave {} out of "
        "evaluation.variants",
        icl.max_context_length, icl.reserved_tokens, *variant.id()));
  }
  modelops::EvaluationJob job{.variant = variant.id(), .target = deployment_->endpoint};
  job.log_probabilities = asks_log_probabilities(context_.config(), candidate());
  job.max_rows = part_of_rows(context_.config(), candidate(), variant);
  job.before_first = [this, id = deployment_->id](std::string request) {
    return context_.dependencies.deployer.share_beginning(id, std::move(request), context_.deadline);
  };
  job.results = folder() / (*variant.id() + ".jsonl");
  if (!variant.prompt.empty()) {
    FW_CO_ASSIGN(job.rows, co_await run_on(context_.dependencies.disk, [&] { return rows_with_prompt(variant); }));
  }
  co_return co_await run_evaluation(context_, variant.has_examples ? datasets_.icl : datasets_.eval, std::move(job),
                                    report_rows(variant.id()));
}

/// The rows of a variant with a system prompt of its own, beside its results.
Result<std::filesystem::path> CandidateRun::rows_with_prompt(const modelops::Variant& variant) {
  auto& store = context_.dependencies.datasets;
  FW_ASSIGN(const auto plain_path, store.local_path(datasets_.eval, "eval_data.jsonl"));
  FW_ASSIGN(const auto path,
            store.local_path(variant.has_examples ? datasets_.icl : datasets_.eval, "eval_data.jsonl"));
  FW_ASSIGN(const std::string plain, io::read_file(plain_path, kMaxRowsBytes));
  FW_ASSIGN(const std::string rows, io::read_file(path, kMaxRowsBytes));
  FW_ASSIGN(const std::string prompted, with_system_prompt(rows, plain, variant.system_prompt));
  const auto file = folder() / (*variant.id() + ".rows.jsonl");
  FW_TRY(io::create_folders(folder()));
  FW_TRY(io::write_file_atomically(file, prompted));
  return file;
}

std::function<void(const modelops::EvaluationProgress&)> CandidateRun::report_rows(modelops::VariantId variant) {
  const Instant begin = context_.dependencies.clock.instant();
  return [this, variant, begin](const modelops::EvaluationProgress& p) {
    EvaluationProgressed event{index_, variant, p.rows_done, p.rows_total, p.rows_failed, std::nullopt};
    if (p.rows_done > 0 && p.rows_done <= p.rows_total) {
      const double per_row =
          to_seconds(context_.dependencies.clock.instant() - begin) / static_cast<double>(p.rows_done);
      event.seconds_left = per_row * static_cast<double>(p.rows_total - p.rows_done);
    }
    context_.record->publish(JobProgress{event});
  };
}

Result<modelops::ModelSpec> CandidateRun::model_of_job() {
  modelops::ModelSpec model = candidate().model;
  if (!model.is_local()) return model;
  constexpr std::size_t kDate = sizeof "2026-11-26" - 1;
  model.chat.date = to_iso8601(context_.record->snapshot().created_at).substr(0, kDate);
  FW_ASSIGN(const auto rows, context_.dependencies.datasets.local_path(datasets_.train, "training/train_data.jsonl"));
  model.chat.has_tools = datasets_.workload == modelops::WorkloadType::kToolCalling || any_row_has_tools(rows);
  return model;
}

Result<modelops::TrainingJob> CandidateRun::training_job() {
  auto& store = context_.dependencies.datasets;
  modelops::TrainingJob job{.settings = candidate().training};
  FW_ASSIGN(job.model, model_of_job());
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
