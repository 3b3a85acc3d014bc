#include "runs/job_event.h"

#include "runs/impl/json_fields.h"
#include "runs/impl/outcomes.h"

namespace fw::runs {

namespace {

using nlohmann::json;

json place_json(const Stage& stage, const std::optional<std::size_t>& candidate) {
  return {{"stage", to_string(stage)}, {"candidate", optional_json(candidate)}};
}

json what_json(const JobCreated& e) {
  json candidates = json::array();
  for (const auto& plan : e.candidates) {
    candidates.push_back({{"model_name", plan.model_name}, {"customization_enabled", plan.customization_enabled}});
  }
  json data{{"event", "job-created"},
            {"workload_id", *e.workload},
            {"client_id", *e.client},
            {"seed", e.seed},
            {"dataset_stamp", e.dataset_stamp},
            {"candidates", std::move(candidates)},
            {"judge_model", optional_json(e.judge_model)}};
  if (e.datasets_only) data["datasets_only"] = true;
  return data;
}

json what_json(const JobStarted&) { return {{"event", "job-started"}}; }

json what_json(const StageStarted& e) {
  json data = place_json(e.stage, e.candidate);
  data["event"] = "stage-started";
  return data;
}

json what_json(const StageFinished& e) {
  json data = place_json(e.stage, e.candidate);
  data["event"] = "stage-finished";
  data["runtime_seconds"] = e.runtime_seconds;
  data["error"] = optional_json(e.error);
  data["outcome"] = json::parse(e.outcome);
  return data;
}

json what_json(const CandidateFinished& e) {
  return {{"event", "candidate-finished"},
          {"candidate", e.candidate},
          {"status", to_string(e.status)},
          {"error", optional_json(e.error)}};
}

json what_json(const JobFinished& e) {
  return {{"event", "job-finished"}, {"status", to_string(e.status)}, {"error", optional_json(e.error)}};
}

JobCreated read_created(const json& data) {
  JobCreated e;
  e.workload = record::WorkloadId::from_stored(data.at("workload_id").get<std::string>());
  e.client = record::ClientId::from_stored(data.at("client_id").get<std::string>());
  e.seed = data.at("seed");
  e.dataset_stamp = data.at("dataset_stamp");
  for (const auto& plan : data.at("candidates")) {
    e.candidates.push_back({plan.at("model_name"), plan.at("customization_enabled")});
  }
  e.judge_model = optional_field<std::string>(data, "judge_model");
  e.datasets_only = data.value("datasets_only", false);
  return e;
}

/// An enumerator of ours by its name; an unknown name is damage, thrown as the JSON library does.
template <class Value>
Value known(std::optional<Value> value, const std::string& name) {
  if (!value) throw json::other_error::create(501, "unknown name " + name, nullptr);
  return *value;
}

Stage read_stage(const json& data) {
  const auto name = data.at("stage").get<std::string>();
  return known(stage_from_string(name), name);
}

JobEvent read_event(const json& data, Timestamp at) {
  const auto event = data.at("event").get<std::string>();
  const auto error = optional_field<std::string>(data, "error");
  if (event == "job-created") return {at, read_created(data)};
  if (event == "job-started") return {at, JobStarted{}};
  if (event == "stage-started")
    return {at, StageStarted{read_stage(data), optional_field<std::size_t>(data, "candidate")}};
  if (event == "stage-finished") {
    return {at, StageFinished{read_stage(data), optional_field<std::size_t>(data, "candidate"),
                              data.at("runtime_seconds"), error, data.at("outcome").dump()}};
  }
  const auto status = data.at("status").get<std::string>();
  if (event == "candidate-finished") {
    return {at, CandidateFinished{data.at("candidate"), known(candidate_status_from_string(status), status), error}};
  }
  if (event == "job-finished") return {at, JobFinished{known(job_status_from_string(status), status), error}};
  throw json::other_error::create(501, "unknown event " + event, nullptr);
}

}  // namespace

std::string_view kind_of(const JobEvent& event) {
  if (std::holds_alternative<StageStarted>(event.what) || std::holds_alternative<StageFinished>(event.what))
    return "stage";
  return std::holds_alternative<CandidateFinished>(event.what) ? "candidate" : "job";
}

json to_json(const JobEvent& event) {
  json data = std::visit([](const auto& what) { return what_json(what); }, event.what);
  data["at"] = to_iso8601(event.at);
  return data;
}

json to_json(const JobProgress& progress) {
  if (const auto* p = std::get_if<DatasetsProgressed>(&progress.what)) {
    return {{"stage", to_string(StageKind::kDatasets)},
            {"candidate", nullptr},
            {"rows_done", p->records_read},
            {"rows_total", p->records_total}};
  }
  if (const auto* p = std::get_if<EvaluationProgressed>(&progress.what)) {
    return {{"stage", *p->variant},          {"candidate", p->candidate},
            {"rows_done", p->rows_done},     {"rows_total", p->rows_total},
            {"rows_failed", p->rows_failed}, {"seconds_left", optional_json(p->seconds_left)}};
  }
  const auto& p = std::get<TrainingProgressed>(progress.what);
  json data = to_json(p.point);
  data["stage"] = to_string(StageKind::kCustomization);
  data["candidate"] = p.candidate;
  return data;
}

Result<JobEvent> event_from_json(std::string_view text, Timestamp at) {
  return read_own_json<JobEvent>(text, "an event", [at](const json& data) { return read_event(data, at); });
}

}  // namespace fw::runs
