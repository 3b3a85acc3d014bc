#include "api/job_json.h"

#include <nlohmann/json.hpp>

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }
Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json or_null(const std::optional<Timestamp>& time) { return time ? Json(to_iso8601(*time)) : Json(nullptr); }
template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json datasets_of(const runs::Job& job) {
  Json out = Json::array();
  for (const auto& d : job.datasets) {
    out.push_back({{"name", d.name}, {"num_records", d.num_records}, {"nmp_uri", d.uri}, {"digest", d.digest}});
  }
  return out;
}

Json evaluation(const runs::EvaluationState& e) {
  Json scores = Json::object();
  for (const auto& [name, mean] : e.scores) scores[name] = mean;
  return {{"eval_type", modelops::eval_type(e.variant)},
          {"variant", *e.variant},
          {"scores", std::move(scores)},
          {"started_at", or_null(e.started_at)},
          {"finished_at", or_null(e.finished_at)},
          {"runtime_seconds", e.runtime_seconds},
          {"progress", e.progress},
          {"rows_done", e.rows_done},
          {"rows_total", e.rows_total},
          {"rows_failed", e.rows_failed},
          {"nmp_uri", or_null(e.results_uri)},
          {"mlflow_uri", nullptr},
          {"error", or_null(e.error)}};
}

Json customization(const runs::CustomizationState& c) {
  return {{"started_at", or_null(c.started_at)},
          {"finished_at", or_null(c.finished_at)},
          {"runtime_seconds", c.runtime_seconds},
          {"progress", c.progress},
          {"epochs_completed", static_cast<std::int64_t>(c.epochs_completed)},
          {"steps_completed", c.steps_completed},
          {"steps_total", c.steps_total},
          {"loss", or_null(c.loss)},
          {"seconds_left", c.seconds_left},
          {"nmp_uri", or_null(c.adapter_uri)},
          {"customized_model", or_null(c.customized_model)},
          {"error", or_null(c.error)}};
}

Json candidate(const runs::CandidateState& c) {
  Json evaluations = Json::array();
  for (const auto& e : c.evaluations) evaluations.push_back(evaluation(e));
  Json customizations = Json::array();
  for (const auto& t : c.customizations) customizations.push_back(customization(t));
  return {{"model_name", c.model_name},
          {"status", runs::to_string(c.status)},
          {"deployment_status", runs::to_string(c.deployment_status)},
          {"deployment", or_null(c.deployment)},
          {"runtime_seconds", c.runtime_seconds},
          {"evaluations", std::move(evaluations)},
          {"customizations", std::move(customizations)},
          {"error", or_null(c.error)}};
}

Json judge(const std::optional<runs::JudgeState>& j) {
  if (!j) return nullptr;
  return {{"model_name", j->model_name},
          {"type", j->type},
          {"deployment_status", runs::to_string(j->deployment_status)},
          {"error", or_null(j->error)}};
}

}  // namespace

Json job_summary(const runs::Job& job) {
  return {{"id", *job.id},
          {"workload_id", *job.workload},
          {"client_id", *job.client},
          {"status", runs::to_string(job.status)},
          {"started_at", to_iso8601(job.created_at)},
          {"finished_at", or_null(job.finished_at)},
          {"datasets", datasets_of(job)},
          {"datasets_only", job.datasets_only},
          {"error", or_null(job.error)}};
}

Json job_detail(const runs::Job& job, const std::vector<std::string>& warnings) {
  Json nims = Json::array();
  for (const auto& c : job.candidates) nims.push_back(candidate(c));
  return {{"id", *job.id},
          {"workload_id", *job.workload},
          {"client_id", *job.client},
          {"status", runs::to_string(job.status)},
          {"stage", job.stage ? Json(runs::to_string(*job.stage)) : Json(nullptr)},
          {"started_at", to_iso8601(job.created_at)},
          {"run_started_at", or_null(job.started_at)},
          {"finished_at", or_null(job.finished_at)},
          {"num_records", job.num_records.value_or(0)},
          {"seed", job.seed},
          {"workload_type", job.workload_type ? Json(modelops::to_string(*job.workload_type)) : Json(nullptr)},
          {"llm_judge", judge(job.judge)},
          {"nims", std::move(nims)},
          {"datasets", datasets_of(job)},
          {"datasets_only", job.datasets_only},
          {"warnings", warnings},
          {"error", or_null(job.error)}};
}

}  // namespace fw::api
