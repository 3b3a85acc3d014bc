#include "runs/impl/outcomes.h"

#include "runs/impl/json_fields.h"

namespace fw::runs {

namespace {

using nlohmann::json;

json ref_json(const modelops::DatasetRef& ref) {
  return {{"name", ref.name}, {"digest", ref.digest}, {"uri", ref.uri}, {"num_records", ref.num_records}};
}

modelops::DatasetRef read_ref(const json& object) {
  return {object.at("name"), object.at("digest"), object.at("uri"), object.at("num_records")};
}

modelops::TrainingProgress read_point(const json& object) {
  modelops::TrainingProgress point;
  point.step = object.at("step");
  point.total_steps = object.at("total_steps");
  point.epoch = object.at("epoch");
  point.loss = optional_field<double>(object, "loss");
  point.validation_loss = optional_field<double>(object, "validation_loss");
  point.learning_rate = object.at("learning_rate");
  point.tokens_per_second = object.at("tokens_per_second");
  point.memory_bytes = object.at("memory_bytes");
  point.seconds_left = object.at("seconds_left");
  return point;
}

DatasetsOutcome read_datasets(const json& object) {
  DatasetsOutcome outcome;
  outcome.workload = object.at("workload_type") == to_string(modelops::WorkloadType::kToolCalling)
                         ? modelops::WorkloadType::kToolCalling
                         : modelops::WorkloadType::kGeneric;
  outcome.num_records = object.at("num_records");
  outcome.eval = read_ref(object.at("eval"));
  outcome.icl = read_ref(object.at("icl"));
  outcome.train = read_ref(object.at("train"));
  outcome.train_rows = object.at("train_rows");
  outcome.validation_rows = object.at("validation_rows");
  outcome.rows_with_examples = optional_field<std::uint64_t>(object, "rows_with_examples");
  if (const auto& usage = object.at("usage"); !usage.is_null()) {
    outcome.usage = ProductionUsage{usage.at("prompt_tokens_mean"), usage.at("completion_tokens_mean"),
                                    usage.value("cached_prompt_tokens_mean", 0.0), usage.at("rows"),
                                    usage.value("of_rows", usage.at("rows").get<std::uint64_t>())};
  }
  outcome.answered_by = object.value("answered_by", outcome.answered_by);
  if (const auto window = object.find("window"); window != object.end() && !window->is_null())
    outcome.window = TrafficWindow{window->at("records"), window->at("first"), window->at("last")};
  outcome.card = object.at("card").dump();
  outcome.warnings = object.value("warnings", outcome.warnings);
  return outcome;
}

EvaluationOutcome read_evaluation(const json& object) {
  EvaluationOutcome outcome;
  outcome.results = object.at("results");
  outcome.rows = object.at("rows");
  outcome.rows_failed = object.at("rows_failed");
  outcome.scores = object.at("scores").get<std::map<std::string, double>>();
  outcome.wall_seconds = object.at("wall_seconds");
  outcome.endpoint_notes = object.value("endpoint_notes", outcome.endpoint_notes);
  return outcome;
}

TrainingOutcome read_training(const json& object) {
  TrainingOutcome outcome;
  auto& trained = outcome.trained;
  outcome.customized_model = object.at("customized_model");
  trained.adapter.gguf = object.at("adapter_gguf").get<std::string>();
  trained.adapter.peft = object.at("adapter_peft").get<std::string>();
  for (const auto& point : object.at("curve")) trained.curve.push_back(read_point(point));
  trained.steps = object.at("steps");
  trained.epochs = object.at("epochs");
  trained.rows = object.at("rows");
  trained.rows_left_out = object.at("rows_left_out");
  trained.best_step = object.value("best_step", trained.steps);
  trained.validation_loss = optional_field<double>(object, "validation_loss");
  trained.validation_exact = optional_field<double>(object, "validation_exact");
  trained.device = object.value("device", trained.device);
  trained.warnings = object.at("warnings").get<std::vector<std::string>>();
  return outcome;
}

}  // namespace

json to_json(const DatasetsOutcome& outcome) {
  json usage;
  if (outcome.usage) {
    usage = {{"prompt_tokens_mean", outcome.usage->prompt_tokens_mean},
             {"completion_tokens_mean", outcome.usage->completion_tokens_mean},
             {"cached_prompt_tokens_mean", outcome.usage->cached_prompt_tokens_mean},
             {"rows", outcome.usage->rows},
             {"of_rows", outcome.usage->of_rows}};
  }
  json window;
  if (outcome.window) {
    window = {{"records", outcome.window->records}, {"first", outcome.window->first}, {"last", outcome.window->last}};
  }
  return {{"workload_type", to_string(outcome.workload)},
          {"num_records", outcome.num_records},
          {"eval", ref_json(outcome.eval)},
          {"icl", ref_json(outcome.icl)},
          {"train", ref_json(outcome.train)},
          {"train_rows", outcome.train_rows},
          {"validation_rows", outcome.validation_rows},
          {"rows_with_examples", outcome.rows_with_examples ? json(*outcome.rows_with_examples) : json()},
          {"usage", usage},
          {"answered_by", outcome.answered_by},
          {"window", window},
          {"card", json::parse(outcome.card)},
          {"warnings", outcome.warnings}};
}

json to_json(const EvaluationOutcome& outcome) {
  return {{"results", outcome.results},           {"rows", outcome.rows},
          {"rows_failed", outcome.rows_failed},   {"scores", outcome.scores},
          {"wall_seconds", outcome.wall_seconds}, {"endpoint_notes", outcome.endpoint_notes}};
}

json to_json(const modelops::TrainingProgress& point) {
  return {{"step", point.step},
          {"total_steps", point.total_steps},
          {"epoch", point.epoch},
          {"loss", optional_json(point.loss)},
          {"validation_loss", optional_json(point.validation_loss)},
          {"learning_rate", point.learning_rate},
          {"tokens_per_second", point.tokens_per_second},
          {"memory_bytes", point.memory_bytes},
          {"seconds_left", point.seconds_left}};
}

json to_json(const TrainingOutcome& outcome) {
  const auto& trained = outcome.trained;
  json curve = json::array();
  for (const auto& point : trained.curve) curve.push_back(to_json(point));
  return {{"customized_model", outcome.customized_model},
          {"adapter_gguf", trained.adapter.gguf.string()},
          {"adapter_peft", trained.adapter.peft.string()},
          {"curve", std::move(curve)},
          {"steps", trained.steps},
          {"epochs", trained.epochs},
          {"rows", trained.rows},
          {"rows_left_out", trained.rows_left_out},
          {"best_step", trained.best_step},
          {"validation_loss", optional_json(trained.validation_loss)},
          {"validation_exact", optional_json(trained.validation_exact)},
          {"device", trained.device},
          {"warnings", trained.warnings}};
}

Result<DatasetsOutcome> datasets_outcome(const std::string& text) {
  return read_own_json<DatasetsOutcome>(text, "the datasets' outcome", read_datasets);
}

Result<EvaluationOutcome> evaluation_outcome(const std::string& text) {
  return read_own_json<EvaluationOutcome>(text, "an evaluation's outcome", read_evaluation);
}

Result<TrainingOutcome> training_outcome(const std::string& text) {
  return read_own_json<TrainingOutcome>(text, "a training's outcome", read_training);
}

json deployment_json(const std::string& description) { return {{"deployment", description}}; }

std::optional<std::string> deployment_outcome(const std::string& text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || !object.contains("deployment")) return std::nullopt;
  return object["deployment"].get<std::string>();
}

std::string without_curve(const std::string& outcome) {
  json object = json::parse(outcome, nullptr, false);
  if (!object.is_object() || !object.contains("curve")) return outcome;
  auto& curve = object["curve"];
  if (curve.size() > 1) curve = json::array({curve.back()});
  return dump(object);
}

}  // namespace fw::runs
