#include <algorithm>

#include "io/file_uri.h"
#include "runs/impl/outcomes.h"
#include "runs/job_event.h"

namespace fw::runs {

namespace {

EvaluationState& evaluation_of(CandidateState& candidate, const modelops::VariantId& variant) {
  const auto found = std::ranges::find(candidate.evaluations, variant, &EvaluationState::variant);
  if (found != candidate.evaluations.end()) return *found;
  candidate.evaluations.push_back({.variant = variant});
  return candidate.evaluations.back();
}

CustomizationState& customization_of(CandidateState& candidate) {
  if (candidate.customizations.empty()) candidate.customizations.emplace_back();
  return candidate.customizations.back();
}

void start_candidate_stage(CandidateState& candidate, const Stage& stage, Timestamp at) {
  if (stage == StageKind::kDeploy) candidate.status = CandidateStatus::kDeploying;
  if (stage == StageKind::kDeploy || stage == StageKind::kDeployTuned)
    candidate.deployment_status = DeploymentStatus::kPending;
  if (stage.kind == StageKind::kEvaluation) {
    candidate.status = CandidateStatus::kRunningEvals;
    evaluation_of(candidate, stage.variant) = {.variant = stage.variant, .started_at = at};
  }
  if (stage == StageKind::kCustomization) {
    candidate.status = CandidateStatus::kRunningEvals;
    customization_of(candidate) = {.started_at = at};
  }
}

std::string uri_of(const std::string& path) { return path.empty() ? "" : io::file_uri(path); }

void finish_evaluation(EvaluationState& evaluation, const StageFinished& e, Timestamp at) {
  evaluation.finished_at = at;
  evaluation.runtime_seconds = e.runtime_seconds;
  evaluation.error = e.error;
  const auto outcome = evaluation_outcome(e.outcome);
  if (e.error || !outcome.ok()) return;
  evaluation.progress = 100;
  evaluation.scores = outcome->scores;
  evaluation.rows_done = evaluation.rows_total = outcome->rows;
  evaluation.rows_failed = outcome->rows_failed;
  evaluation.results_uri = uri_of(outcome->results);
}

void finish_customization(CustomizationState& customization, const StageFinished& e, Timestamp at) {
  customization.finished_at = at;
  customization.runtime_seconds = e.runtime_seconds;
  customization.seconds_left = 0;
  customization.error = e.error;
  const auto outcome = training_outcome(e.outcome);
  if (e.error || !outcome.ok()) return;
  customization.progress = 100;
  customization.epochs_completed = outcome->trained.epochs;
  customization.steps_completed = customization.steps_total = outcome->trained.steps;
  customization.customized_model = outcome->customized_model;
  customization.adapter_uri = uri_of(outcome->trained.adapter.gguf.string());
  for (const auto& point : outcome->trained.curve) {
    if (point.loss) customization.loss = point.loss;
  }
}

void finish_candidate_stage(CandidateState& candidate, const StageFinished& e, Timestamp at) {
  candidate.runtime_seconds += e.runtime_seconds;
  if (e.stage == StageKind::kDeploy || e.stage == StageKind::kDeployTuned) {
    candidate.deployment_status = e.error ? DeploymentStatus::kFailed : DeploymentStatus::kReady;
    if (const auto description = deployment_outcome(e.outcome)) candidate.deployment = *description;
  }
  if (e.stage == StageKind::kUndeploy) candidate.deployment_status = DeploymentStatus::kCompleted;
  if (e.stage.kind == StageKind::kEvaluation) finish_evaluation(evaluation_of(candidate, e.stage.variant), e, at);
  if (e.stage == StageKind::kCustomization) finish_customization(customization_of(candidate), e, at);
}

void finish_datasets(Job& job, const StageFinished& e) {
  const auto outcome = datasets_outcome(e.outcome);
  if (e.error || !outcome.ok()) return;
  job.workload_type = outcome->workload;
  job.num_records = outcome->num_records;
  job.datasets.clear();
  for (const auto* ref : {&outcome->eval, &outcome->icl, &outcome->train}) {
    job.datasets.push_back({ref->name, ref->uri, ref->digest, ref->num_records});
  }
}

/// What was going on when the candidate ended will not go on.
void end_candidate(CandidateState& candidate, CandidateStatus status, const std::optional<std::string>& error,
                   Timestamp at) {
  candidate.status = status;
  candidate.error = error;
  const std::string reason = error.value_or(std::string(to_string(status)));
  for (auto& evaluation : candidate.evaluations) {
    if (evaluation.finished_at) continue;
    evaluation.finished_at = at;
    evaluation.error = reason;
  }
  for (auto& customization : candidate.customizations) {
    if (customization.finished_at) continue;
    customization.finished_at = at;
    customization.error = reason;
    customization.seconds_left = 0;
  }
  const bool is_up = candidate.deployment_status == DeploymentStatus::kPending ||
                     candidate.deployment_status == DeploymentStatus::kReady;
  if (is_up && status == CandidateStatus::kCancelled) candidate.deployment_status = DeploymentStatus::kCancelled;
}

struct Apply {
  Job& job;
  Timestamp at;

  CandidateState* candidate(const std::optional<std::size_t>& index) const {
    return index && *index < job.candidates.size() ? &job.candidates[*index] : nullptr;
  }

  void operator()(const JobCreated& e) const {
    job.workload = e.workload;
    job.client = e.client;
    job.seed = e.seed;
    job.dataset_stamp = e.dataset_stamp;
    job.created_at = at;
    job.datasets_only = e.datasets_only;
    if (e.judge_model) job.judge = JudgeState{.model_name = *e.judge_model};
    for (const auto& plan : e.candidates) {
      job.candidates.push_back({.model_name = plan.model_name, .customization_enabled = plan.customization_enabled});
    }
  }

  void operator()(const JobStarted&) const {
    job.status = JobStatus::kRunning;
    job.started_at = at;
  }

  void operator()(const StageStarted& e) const {
    job.stage = e.stage;
    if (e.stage == StageKind::kJudge && job.judge) job.judge->deployment_status = DeploymentStatus::kPending;
    if (auto* one = candidate(e.candidate)) start_candidate_stage(*one, e.stage, at);
  }

  void operator()(const StageFinished& e) const {
    if (e.stage == StageKind::kDatasets) finish_datasets(job, e);
    if (e.stage == StageKind::kJudge && job.judge) {
      job.judge->deployment_status = e.error ? DeploymentStatus::kFailed : DeploymentStatus::kReady;
      job.judge->error = e.error;
    }
    if (auto* one = candidate(e.candidate)) finish_candidate_stage(*one, e, at);
  }

  void operator()(const CandidateFinished& e) const {
    if (auto* one = candidate(e.candidate)) end_candidate(*one, e.status, e.error, at);
  }

  void operator()(const JobFinished& e) const {
    job.status = e.status;
    job.finished_at = at;
    job.error = e.error;
    job.stage.reset();
    const auto status = e.status == JobStatus::kCancelled ? CandidateStatus::kCancelled : CandidateStatus::kFailed;
    for (auto& one : job.candidates) {
      const bool has_ended = one.status == CandidateStatus::kCompleted || one.status == CandidateStatus::kFailed ||
                             one.status == CandidateStatus::kCancelled;
      if (!has_ended) end_candidate(one, status, e.error, at);
    }
  }
};

}  // namespace

void apply(Job& job, const JobEvent& event) { std::visit(Apply{job, event.at}, event.what); }

void apply(Job& job, const JobProgress& progress) {
  if (std::holds_alternative<DatasetsProgressed>(progress.what)) return;  // told to readers alone
  if (const auto* p = std::get_if<EvaluationProgressed>(&progress.what)) {
    if (p->candidate >= job.candidates.size()) return;
    auto& evaluation = evaluation_of(job.candidates[p->candidate], p->variant);
    evaluation.rows_done = p->rows_done;
    evaluation.rows_total = p->rows_total;
    evaluation.rows_failed = p->rows_failed;
    if (p->rows_total > 0) {
      evaluation.progress = 100.0 * static_cast<double>(p->rows_done) / static_cast<double>(p->rows_total);
    }
    return;
  }
  const auto& p = std::get<TrainingProgressed>(progress.what);
  if (p.candidate >= job.candidates.size()) return;
  auto& customization = customization_of(job.candidates[p.candidate]);
  customization.steps_completed = p.point.step;
  customization.steps_total = p.point.total_steps;
  customization.epochs_completed = p.point.epoch;
  if (p.point.loss) customization.loss = p.point.loss;
  customization.seconds_left = p.point.seconds_left;
  if (p.point.total_steps > 0) {
    customization.progress = 100.0 * static_cast<double>(p.point.step) / static_cast<double>(p.point.total_steps);
  }
}

}  // namespace fw::runs
