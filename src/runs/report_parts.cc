#include "runs/impl/report_parts.h"

#include "runs/run_config_json.h"

namespace fw::runs {

namespace {

using nlohmann::ordered_json;

ordered_json difference_json(const ReportInput& input, std::size_t index, modelops::EvalType type,
                             const std::string& leading) {
  const auto rows = input.rows.find({index, type});
  const auto base = input.rows.find({index, modelops::EvalType::kBase});
  if (type == modelops::EvalType::kBase || rows == input.rows.end() || base == input.rows.end()) return nullptr;
  const auto difference = evals::difference_to_base(rows->second, base->second, leading, input.job.seed);
  return difference ? evals::to_json(*difference) : ordered_json(nullptr);
}

/// An evaluation that failed, or still runs, has the members of one without rows.
ordered_json evaluation_json(const ReportInput& input, const Summaries& summaries, std::size_t index,
                             const EvaluationState& evaluation, const std::string& leading) {
  const auto found = summaries.find({index, evaluation.type});
  ordered_json out{{"eval_type", to_string(evaluation.type)},
                   {"started_at", time_json(evaluation.started_at)},
                   {"finished_at", time_json(evaluation.finished_at)},
                   {"runtime_seconds", evaluation.runtime_seconds},
                   {"error", optional_json(evaluation.error)}};
  out.update(evals::to_json(found != summaries.end() ? found->second : evals::EvaluationSummary{}));
  out["difference_to_base"] = difference_json(input, index, evaluation.type, leading);
  return out;
}

std::string_view status_of(const CustomizationState& customization) {
  if (!customization.finished_at) return "running";
  return customization.error ? "failed" : "completed";
}

void add_training(ordered_json& out, const modelops::TrainedModel& trained) {
  out["rows"] = trained.rows;
  out["rows_left_out"] = trained.rows_left_out;
  out["steps"] = trained.steps;
  out["epochs"] = trained.epochs;
  out["validation_loss"] = optional_json(trained.validation_loss);
  out["validation_exact"] = optional_json(trained.validation_exact);
  out["adapter"] = trained.adapter.gguf.string();
  out["warnings"] = trained.warnings;
  for (const auto& point : trained.curve) {
    out["curve"].push_back({{"step", point.step},
                            {"epoch", point.epoch},
                            {"loss", optional_json(point.loss)},
                            {"validation_loss", optional_json(point.validation_loss)},
                            {"learning_rate", point.learning_rate},
                            {"tokens_per_second", point.tokens_per_second}});
  }
}

ordered_json customization_json(const ReportInput& input, std::size_t index) {
  const auto& customizations = input.job.candidates.at(index).customizations;
  if (customizations.empty()) return nullptr;
  const auto& state = customizations.back();
  ordered_json out{
      {"status", status_of(state)},
      {"error", optional_json(state.error)},
      {"runtime_seconds", state.runtime_seconds},
      {"rows", nullptr},
      {"rows_left_out", nullptr},
      {"steps", state.steps_completed},
      {"epochs", state.epochs_completed},
      {"validation_loss", nullptr},
      {"validation_exact", nullptr},
      {"customized_model", state.customized_model.empty() ? ordered_json() : ordered_json(state.customized_model)},
      {"adapter", nullptr},
      {"warnings", ordered_json::array()},
      {"settings", ordered_json(to_json(input.config.training))},
      {"curve", ordered_json::array()}};
  if (const auto found = input.trained.find(index); found != input.trained.end()) add_training(out, found->second);
  return out;
}

std::string source_of(const modelops::ModelSpec& model, const nlohmann::json& shown) {
  if (model.is_local()) return model.path.string();
  return model.endpoint ? shown.at("endpoint").at("url").get<std::string>() : std::string();
}

}  // namespace

ordered_json price_json(const std::optional<modelops::Price>& price) {
  if (!price) return nullptr;
  return {{"input_per_million", price->input_per_million}, {"output_per_million", price->output_per_million}};
}

ordered_json time_json(const std::optional<Timestamp>& time) {
  return time ? ordered_json(to_iso8601(*time)) : ordered_json(nullptr);
}

ordered_json candidate_json(const ReportInput& input, const Summaries& summaries, std::size_t index,
                            const std::string& leading) {
  const auto& state = input.job.candidates.at(index);
  const auto& model = input.config.candidates.at(index).model;
  ordered_json out{{"model_name", state.model_name},
                   {"source", source_of(model, to_public_json(input.config).at("candidates").at(index))},
                   {"layers_kept", model.keep_layers.empty() ? ordered_json() : ordered_json(model.keep_layers.size())},
                   {"price", price_json(model.price)},
                   {"status", to_string(state.status)},
                   {"error", optional_json(state.error)},
                   {"runtime_seconds", state.runtime_seconds},
                   {"deployment", state.deployment.empty() ? ordered_json() : ordered_json(state.deployment)}};
  out["evaluations"] = ordered_json::array();
  for (const auto& evaluation : state.evaluations) {
    out["evaluations"].push_back(evaluation_json(input, summaries, index, evaluation, leading));
  }
  out["customization"] = customization_json(input, index);
  return out;
}

}  // namespace fw::runs
