#include "runs/impl/report_parts.h"

#include "runs/impl/score_summary.h"
#include "runs/run_config_json.h"

namespace fw::runs {

namespace {

using modelops::RowResult;
using nlohmann::ordered_json;
using Rows = std::vector<RowResult>;

struct Group {
  std::string_view name;
  bool (*holds)(const RowResult&);
};

constexpr std::string_view kNoTool = "no_tool";

constexpr Group kGroups[] = {
    {"rows with a tool", [](const RowResult& row) { return !row.label.empty() && row.label != kNoTool; }},
    {"rows without a tool", [](const RowResult& row) { return row.label == kNoTool; }},
    {"wordings seen in training", [](const RowResult& row) { return !row.novel_wording; }},
    {"wordings training never saw", [](const RowResult& row) { return row.novel_wording; }},
};

ordered_json score_json(const Rows& rows, const std::string& name, std::uint64_t seed) {
  const auto all = estimate(rows, name, seed);
  if (!all) return nullptr;
  ordered_json groups = ordered_json::array();
  for (const auto& group : kGroups) {
    if (const auto part = estimate(rows, name, seed, group.holds)) {
      groups.push_back({{"group", group.name}, {"n", part->n}, {"mean", part->mean}, {"low", part->low}, {"high", part->high}});
    }
  }
  return {{"name", name},
          {"n", all->n},
          {"mean", all->mean},
          {"low", all->low},
          {"high", all->high},
          {"interval", all->is_proportion ? "wilson" : "bootstrap"},
          {"groups", std::move(groups)}};
}

ordered_json difference_json(const std::optional<Difference>& difference, const std::string& leading) {
  if (!difference) return nullptr;
  return {{"score", leading},
          {"n", difference->n},
          {"difference", difference->difference},
          {"low", difference->low},
          {"high", difference->high},
          {"interval", difference->interval},
          {"p_value", difference->p_value},
          {"test", difference->test}};
}

/// What only a finished evaluation has.
void add_measurements(ordered_json& out, const ReportInput& input, const Rows& rows, const Rows* base,
                      const std::optional<modelops::Price>& price, const std::string& leading) {
  const auto usage = usage_of(rows);
  out["errors"] = error_counts(rows);
  out["scores"] = ordered_json::array();
  for (const auto& name : score_names(rows)) {
    if (auto score = score_json(rows, name, input.job.seed); !score.is_null()) out["scores"].push_back(std::move(score));
  }
  out["difference_to_base"] =
      base == nullptr ? ordered_json(nullptr)
                      : difference_json(paired_difference(rows, *base, leading, input.job.seed), leading);
  out["latency_seconds"] = {{"p50", optional_json(usage.latency_p50)}, {"p95", optional_json(usage.latency_p95)}};
  out["tokens"] = {{"prompt_mean", optional_json(usage.prompt_mean)},
                   {"completion_mean", optional_json(usage.completion_mean)},
                   {"total", usage.prompt_mean ? ordered_json(usage.total_tokens) : ordered_json(nullptr)}};
  out["cost_per_1000"] = optional_json(cost_per_1000(price, usage.prompt_mean, usage.completion_mean));
}

ordered_json evaluation_json(const ReportInput& input, std::size_t index, const EvaluationState& evaluation,
                             const std::string& leading) {
  const auto rows_of = [&](modelops::EvalType type) -> const Rows* {
    const auto found = input.rows.find({index, type});
    return found == input.rows.end() ? nullptr : &found->second;
  };
  const auto* rows = rows_of(evaluation.type);
  const auto* base = evaluation.type == modelops::EvalType::kBase ? nullptr : rows_of(modelops::EvalType::kBase);
  ordered_json out{{"eval_type", to_string(evaluation.type)},
                   {"started_at", time_json(evaluation.started_at)},
                   {"finished_at", time_json(evaluation.finished_at)},
                   {"runtime_seconds", evaluation.runtime_seconds},
                   {"error", optional_json(evaluation.error)},
                   {"rows", evaluation.rows_total},
                   {"rows_failed", evaluation.rows_failed}};
  static const Rows kNone;
  add_measurements(out, input, rows != nullptr ? *rows : kNone, base, input.config.candidates.at(index).model.price, leading);
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
  ordered_json out{{"status", status_of(state)},
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

ordered_json candidate_json(const ReportInput& input, std::size_t index, const std::string& leading) {
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
    out["evaluations"].push_back(evaluation_json(input, index, evaluation, leading));
  }
  out["customization"] = customization_json(input, index);
  return out;
}

}  // namespace fw::runs
