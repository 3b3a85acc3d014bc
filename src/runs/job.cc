#include "runs/job.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fw::runs {

namespace {

constexpr std::array<std::pair<StageKind, std::string_view>, 9> kStages{{
    {StageKind::kDatasets, "datasets"},
    {StageKind::kJudge, "judge"},
    {StageKind::kBaseline, "baseline"},
    {StageKind::kProduction, "production"},
    {StageKind::kDeploy, "deploy"},
    {StageKind::kCustomization, "customization"},
    {StageKind::kDeployTuned, "deploy-tuned"},
    {StageKind::kUndeploy, "undeploy"},
    {StageKind::kReport, "report"},
}};

constexpr std::array<std::pair<JobStatus, std::string_view>, 5> kJobStatuses{{
    {JobStatus::kPending, "pending"},
    {JobStatus::kRunning, "running"},
    {JobStatus::kCompleted, "completed"},
    {JobStatus::kCancelled, "cancelled"},
    {JobStatus::kFailed, "failed"},
}};

constexpr std::array<std::pair<CandidateStatus, std::string_view>, 6> kCandidateStatuses{{
    {CandidateStatus::kPending, "pending"},
    {CandidateStatus::kDeploying, "deploying-nim"},
    {CandidateStatus::kRunningEvals, "running-evals"},
    {CandidateStatus::kCancelled, "cancelled"},
    {CandidateStatus::kCompleted, "completed"},
    {CandidateStatus::kFailed, "failed"},
}};

constexpr std::array<std::pair<DeploymentStatus, std::string_view>, 8> kDeploymentStatuses{{
    {DeploymentStatus::kCreated, "created"},
    {DeploymentStatus::kPending, "pending"},
    {DeploymentStatus::kRunning, "running"},
    {DeploymentStatus::kCancelled, "cancelled"},
    {DeploymentStatus::kFailed, "failed"},
    {DeploymentStatus::kCompleted, "completed"},
    {DeploymentStatus::kReady, "ready"},
    {DeploymentStatus::kUnknown, "unknown"},
}};

template <class Table, class Value>
std::string_view name_of(const Table& table, Value value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  return "unknown";
}

template <class Value, std::size_t N>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& table, std::string_view text) {
  for (const auto& [value, name] : table) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace

Result<JobId> parse_job_id(std::string_view text) {
  std::string id(text);
  for (char& c : id) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (id.size() != 24 || !std::ranges::all_of(id, is_digit)) {
    return invalid_argument("\"" + std::string(text.substr(0, 64)) + "\" is no job id: 24 hex digits are");
  }
  return JobId(std::move(id));
}

std::string_view to_string(JobStatus status) { return name_of(kJobStatuses, status); }
std::string_view to_string(CandidateStatus status) { return name_of(kCandidateStatuses, status); }
std::string_view to_string(DeploymentStatus status) { return name_of(kDeploymentStatuses, status); }
std::string to_string(const Stage& stage) {
  return stage.kind == StageKind::kEvaluation ? *stage.variant : std::string(name_of(kStages, stage.kind));
}
std::optional<Stage> stage_from_string(std::string_view name) {
  if (name.ends_with("-eval")) return Stage::evaluation(modelops::VariantId(std::string(name)));
  if (const auto kind = value_of(kStages, name)) return Stage(*kind);
  return std::nullopt;
}
std::optional<JobStatus> job_status_from_string(std::string_view name) { return value_of(kJobStatuses, name); }
std::optional<CandidateStatus> candidate_status_from_string(std::string_view name) {
  return value_of(kCandidateStatuses, name);
}

}  // namespace fw::runs
