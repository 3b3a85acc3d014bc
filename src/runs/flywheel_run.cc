#include "runs/impl/flywheel_run.h"

#include <algorithm>

#include "base/log.h"
#include "io/file.h"
#include "runs/impl/candidate_run.h"
#include "runs/impl/dataset_stage.h"
#include "runs/impl/deaths.h"
#include "runs/impl/evaluation_stage.h"
#include "runs/impl/json_fields.h"
#include "runs/impl/report_files.h"
#include "runs/impl/webhook_body.h"

namespace fw::runs {

FlywheelRun::FlywheelRun(RunDependencies& dependencies, const RunOptions& options, std::shared_ptr<JobRecord> record)
    : dependencies_(dependencies),
      options_(options),
      record_(std::move(record)),
      journal_(record_),
      workflow_(journal_),
      context_{dependencies_, options_, record_, workflow_, Deadline::when_stopped(record_->stop().get_token())} {}

Task<Status> FlywheelRun::run() {
  Error error;
  try {
    co_await stages();
    co_return Status{};
  } catch (const workflow::JournalFailure& e) {
    error = e.error();
    if (error.code == ErrorCode::kCancelled) {
      log_warning("runs", "run left to another worker", {{"job", *record_->id()}, {"error", error.message}});
      co_return Status{};
    }
  } catch (const std::exception& e) {
    error = internal(e.what());
  }
  log_error("runs", "run given up", {{"job", *record_->id()}, {"error", error.message}});
  record_->mark_given_up(error);
  if (context_.deadline.is_cancelled() && !record_->cancel_requested()) co_return Status{};
  co_return error;
}

Task<void> FlywheelRun::stages() {
  if (auto loaded = co_await workflow_.load(); !loaded.ok()) throw workflow::JournalFailure(loaded.error());
  if (record_->cancel_requested()) co_return co_await end_with(cancelled("cancelled"));
  if (record_->snapshot().status == JobStatus::kPending) co_await record_->append({record_->event(JobStarted{})});

  const auto datasets = co_await prepare_datasets();
  if (!datasets.ok()) co_return co_await end_with(datasets.error().within("datasets"));
  if (record_->snapshot().datasets_only) co_return co_await finish(JobStatus::kCompleted, std::nullopt);
  if (auto judge = co_await check_judge(); !judge.ok()) co_return co_await end_with(judge.error().within("judge"));
  co_await rate_trivial_text(*datasets);
  co_await ask_production_again(*datasets);
  if (context_.deadline.is_cancelled()) co_return co_await end_with(cancelled("cancelled"));
  for (std::size_t i = 0; i < context_.config().candidates.size(); ++i) {
    const auto status = record_->snapshot().candidates.at(i).status;
    if (status == CandidateStatus::kCompleted || status == CandidateStatus::kFailed) continue;
    CandidateRun candidate(context_, *datasets, i);
    co_await candidate.run();
    if (context_.deadline.is_cancelled()) co_return co_await end_with(cancelled("cancelled"));
  }
  const auto verdict = verdict_of(record_->snapshot());
  co_await finish(verdict.status, verdict.error);
}

Task<Result<DatasetsOutcome>> FlywheelRun::prepare_datasets() {
  // Of all stages the one that takes this process's own memory.
  const auto work = [this]() -> Task<Result<std::string>> {
    const Deaths deaths(context_.folder());
    FW_CO_TRY(co_await run_on(dependencies_.disk, [&] { return deaths.begin(); }));
    auto made = co_await make_datasets(context_);
    co_await run_on(dependencies_.disk, [&] { deaths.end(); });
    if (!made.ok()) co_return made.error();
    co_return dump(to_json(*made));
  };
  auto text = co_await context_.step(StageKind::kDatasets, std::nullopt, work, options_.store_retry);
  if (!text.ok()) co_return text.error();
  co_return datasets_outcome(*text);
}

Task<Status> FlywheelRun::check_judge() {
  const auto& judge = context_.config().judge;
  if (!judge) co_return Status{};
  const auto work = [this, judge]() -> Task<Result<std::string>> {
    const auto status = co_await dependencies_.evaluator.check_judge(*judge, context_.deadline);
    if (!status.ok()) co_return status.error();
    co_return std::string("{}");
  };
  const auto end = co_await context_.step(StageKind::kJudge, std::nullopt, work, options_.judge_retry);
  if (!end.ok()) co_return end.error();
  co_return Status{};
}

/// What the judge makes of the best trivial text, so that candidates' ratings stand beside one of the same scale. A run
/// without it goes on: the two are compared by words then.
Task<void> FlywheelRun::rate_trivial_text(const DatasetsOutcome& datasets) {
  if (!context_.config().judge) co_return;
  const auto work = [this, &datasets]() -> Task<Result<std::string>> {
    modelops::EvaluationJob job{.variant = modelops::VariantId("baseline"), .is_trivial = true};
    job.results = context_.folder() / "baseline.jsonl";
    co_return co_await run_evaluation(context_, datasets.eval, std::move(job), [](const auto&) {});
  };
  const auto end = co_await context_.step(StageKind::kBaseline, std::nullopt, work);
  if (!end.ok() && !context_.deadline.is_cancelled())
    log_warning("runs", "the trivial text is not rated", {{"job", *record_->id()}, {"error", end.error().message}});
}

/// How far production agrees with itself. A run without it goes on: the report says that it is not known.
Task<void> FlywheelRun::ask_production_again(const DatasetsOutcome& datasets) {
  const auto& production = context_.config().production;
  if (!production.endpoint) co_return;
  const auto work = [this, &production, &datasets]() -> Task<Result<std::string>> {
    modelops::EvaluationJob job{.variant = modelops::VariantId("production"), .target = *production.endpoint};
    job.max_rows = production.replay_rows;
    job.results = context_.folder() / "production.jsonl";
    co_return co_await run_evaluation(context_, datasets.eval, std::move(job), [](const auto&) {});
  };
  const auto end = co_await context_.step(StageKind::kProduction, std::nullopt, work);
  if (!end.ok() && !context_.deadline.is_cancelled())
    log_warning("runs", "production not asked again", {{"job", *record_->id()}, {"error", end.error().message}});
}

/// The run stops here: because it was cancelled, because the service stops (nothing is written then), or failed.
Task<void> FlywheelRun::end_with(const Error& error) {
  if (record_->cancel_requested()) {
    co_await finish(JobStatus::kCancelled, std::nullopt);
  } else if (!context_.deadline.is_cancelled()) {
    co_await finish(JobStatus::kFailed, error.message);
  }
}

JobFinished verdict_of(const Job& job) {
  const auto has_result = [](const CandidateState& candidate) {
    return std::ranges::any_of(candidate.evaluations, [](const auto& e) { return e.finished_at && !e.error; });
  };
  if (std::ranges::any_of(job.candidates, has_result)) return {JobStatus::kCompleted, std::nullopt};
  if (job.candidates.empty()) return {JobStatus::kFailed, "the configuration names no candidate (nims)"};
  std::string why = "no candidate could be evaluated";
  for (const auto& candidate : job.candidates) {
    why += "; " + candidate.model_name + ": " + candidate.error.value_or("no evaluation");
  }
  return {JobStatus::kFailed, why};
}

Task<void> FlywheelRun::finish(JobStatus status, std::optional<std::string> error) {
  if (status == JobStatus::kCompleted)
    co_await record_->append({record_->event(StageStarted{StageKind::kReport, std::nullopt})});
  auto event = record_->event(JobFinished{status, error});
  Job ended = record_->snapshot();
  apply(ended, event);
  auto report = co_await write_report(ended);
  if (!report.ok()) {
    log_warning("runs", "report not written", {{"job", *record_->id()}, {"error", report.error().message}});
    if (status == JobStatus::kCompleted) {
      event.what = JobFinished{JobStatus::kFailed, report.error().within("report").message};
      ended = record_->snapshot();
      apply(ended, event);
    }
  }
  std::vector<metastore::Delivery> deliveries;
  if (!ended.datasets_only)
    deliveries = make_deliveries(ended, context_.config(), report.ok() ? *report : "{}", options_.public_url);
  co_await record_->finish({event}, std::move(deliveries));
}

Task<Result<std::string>> FlywheelRun::write_report(Job job) {
  co_return co_await run_on(dependencies_.disk, [&]() -> Result<std::string> {
    FW_ASSIGN(const auto steps, dependencies_.store.steps(*record_->id()));
    FW_ASSIGN(auto text, report_of(job, context_.config(), steps, record_->places(), context_.folder()));
    FW_TRY(io::create_folders(context_.folder()));
    FW_TRY(io::write_file_atomically(report_file(context_.folder()), text));
    return text;
  });
}

}  // namespace fw::runs
