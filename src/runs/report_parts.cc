#include "runs/impl/report_parts.h"

#include <algorithm>

#include "runs/run_config_json.h"

namespace fw::runs {

namespace {

using nlohmann::ordered_json;

const EvaluationRows* rows_of(const ReportInput& input, std::size_t index, std::string_view variant) {
  const auto found = input.evaluations.find({index, modelops::VariantId(std::string(variant))});
  return found == input.evaluations.end() ? nullptr : &found->second;
}

constexpr std::string_view kBase = "base-eval";

ordered_json difference_to_base_json(const ReportInput& input, const Findings& findings, std::size_t index,
                                     const modelops::VariantId& variant) {
  const auto* rows = rows_of(input, index, *variant);
  const auto* base = rows_of(input, index, kBase);
  if (*variant == kBase || rows == nullptr || base == nullptr) return nullptr;
  const auto difference = evals::compare_evaluations(rows->rows, base->rows, findings.scoring, input.job.seed);
  return difference ? evals::to_json(*difference) : ordered_json(nullptr);
}

ordered_json difference_to_baseline_json(const Findings& findings, const ReportInput::EvaluationKey& key) {
  const auto found = findings.evidence.find(key);
  if (found == findings.evidence.end() || !found->second.baseline) return nullptr;
  ordered_json out{{"baseline", findings.baselines.front().name}};
  out.update(evals::to_json(found->second.baseline->difference));
  return out;
}

ordered_json verdict_json(const Findings& findings, std::size_t index, const modelops::VariantId& variant) {
  const auto found = std::ranges::find_if(
      findings.ranked, [&](const Contender& one) { return one.candidate == index && one.variant.id() == variant; });
  if (found == findings.ranked.end()) return nullptr;
  const Verdict& verdict = found->verdict;
  return {{"decision", to_string(verdict.decision)},
          {"reason", verdict.reason},
          {"p_value", or_null(verdict.p_value)},
          {"p_adjusted", or_null(verdict.p_adjusted)},
          {"tests", verdict.tests},
          {"rows_needed", or_null(verdict.rows_needed)},
          {"chance", or_null(verdict.chance)},
          {"newest", verdict.newest ? ordered_json(to_string(*verdict.newest)) : ordered_json(nullptr)},
          {"costs_more", or_null(verdict.costs_more)}};
}

/// An evaluation that failed, or still runs, has the members of one without rows.
ordered_json evaluation_json(const ReportInput& input, const Findings& findings, std::size_t index,
                             const EvaluationState& evaluation) {
  const auto found = findings.summaries.find({index, evaluation.variant});
  const auto* rows = rows_of(input, index, *evaluation.variant);
  ordered_json out{{"variant", *evaluation.variant},
                   {"eval_type", modelops::eval_type(evaluation.variant)},
                   {"started_at", time_json(evaluation.started_at)},
                   {"finished_at", time_json(evaluation.finished_at)},
                   {"runtime_seconds", evaluation.runtime_seconds},
                   {"error", or_null(evaluation.error)}};
  out.update(evals::to_json(found != findings.summaries.end() ? found->second : evals::EvaluationSummary{},
                            input.config.evaluation.parallelism));
  out["difference_to_base"] = difference_to_base_json(input, findings, index, evaluation.variant);
  out["difference_to_best_baseline"] = difference_to_baseline_json(findings, {index, evaluation.variant});
  out["verdict"] = verdict_json(findings, index, evaluation.variant);
  out["endpoint_notes"] = rows ? ordered_json(rows->endpoint_notes) : ordered_json::array();
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
  out["best_step"] = trained.best_step;
  out["validation_loss"] = or_null(trained.validation_loss);
  out["validation_exact"] = or_null(trained.validation_exact);
  out["adapter"] = trained.adapter.gguf.string();
  if (!trained.device.empty()) out["device"] = trained.device;
  out["warnings"] = trained.warnings;
  for (const auto& point : trained.curve) {
    out["curve"].push_back({{"step", point.step},
                            {"epoch", point.epoch},
                            {"loss", or_null(point.loss)},
                            {"validation_loss", or_null(point.validation_loss)},
                            {"learning_rate", point.learning_rate},
                            {"tokens_per_second", point.tokens_per_second}});
  }
}

ordered_json cost_json(const ReportInput& input, const CustomizationState& state) {
  if (!input.config.training_price_per_hour) return nullptr;
  return *input.config.training_price_per_hour * state.runtime_seconds / 3600;
}

ordered_json customization_json(const ReportInput& input, std::size_t index) {
  const auto& customizations = input.job.candidates.at(index).customizations;
  if (customizations.empty()) return nullptr;
  const auto& state = customizations.back();
  ordered_json out{
      {"status", status_of(state)},
      {"error", or_null(state.error)},
      {"runtime_seconds", state.runtime_seconds},
      {"cost", cost_json(input, state)},
      {"rows", nullptr},
      {"rows_left_out", nullptr},
      {"steps", state.steps_completed},
      {"epochs", state.epochs_completed},
      {"best_step", nullptr},
      {"validation_loss", nullptr},
      {"validation_exact", nullptr},
      {"customized_model", state.customized_model.empty() ? ordered_json() : ordered_json(state.customized_model)},
      {"adapter", nullptr},
      {"device", nullptr},
      {"warnings", ordered_json::array()},
      {"settings", ordered_json(to_json(input.config.candidates.at(index).training))},
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
  ordered_json out{{"input_per_million", price->input_per_million}, {"output_per_million", price->output_per_million}};
  if (price->cached_input_per_million) out["cached_input_per_million"] = *price->cached_input_per_million;
  return out;
}

ordered_json time_json(const std::optional<Timestamp>& time) {
  return time ? ordered_json(to_iso8601(*time)) : ordered_json(nullptr);
}

ordered_json metric_json(const evals::Metric& metric, modelops::AnswerKind kind, const Findings& findings) {
  return {{"name", metric.name},
          {"title", metric.title},
          {"meaning", metric.meaning},
          {"kind", metric.kind == evals::MetricKind::kRate ? "rate" : "graded"},
          {"answer_kind", to_string(kind)},
          {"judged", metric.is_judged},
          {"blueprint", metric.is_blueprint_rule},
          {"leading", &evals::leading_metric(kind, findings.scoring) == &metric}};
}

bool has_texts(const ReportInput& input) {
  return std::ranges::any_of(input.evaluations, [](const auto& one) {
    return std::ranges::any_of(one.second.rows,
                               [](const auto& row) { return row.traits.kind == modelops::AnswerKind::kText; });
  });
}

ordered_json scoring_json(const ReportInput& input, const Findings& findings) {
  ordered_json metrics = ordered_json::array();
  for (const auto kind : {modelops::AnswerKind::kToolCalls, modelops::AnswerKind::kText}) {
    for (const evals::Metric* metric : evals::metrics()) {
      if (metric->applies_to(kind) && (!metric->is_judged || input.config.judge))
        metrics.push_back(metric_json(*metric, kind, findings));
    }
  }
  const bool is_rate = !findings.ranked.empty() && findings.ranked.front().agreement().is_rate;
  ordered_json notes = ordered_json::array();
  notes.push_back("a row without a usable answer counts 0");
  notes.push_back("rows are weighed by the records of the traffic that they stand for");
  if (const auto rows = input.config.evaluation.untuned_rows)
    notes.push_back("models that were fine-tuned later were asked at most " + std::to_string(*rows) +
                    " rows as they were, drawn by lot (evaluation.untuned_rows)");
  if (findings.of_baselines.has_judge) notes.push_back("the judge rated the trivial text too, on the same rows");
  if (input.config.judge && !findings.of_baselines.has_judge)
    notes.push_back("the judge did not rate the trivial baselines: these are compared by words alone (" +
                    std::string(evals::leading_metric(modelops::AnswerKind::kText, {.has_judge = false}).title) + ")");
  if (!input.config.judge && has_texts(input))
    notes.push_back("no judge is configured: rows that production answered in text are compared by " +
                    std::string(evals::leading_metric(modelops::AnswerKind::kText, findings.scoring).title));
  ordered_json judge;
  if (input.config.judge) judge = input.config.judge->endpoint.model;
  return {{"leading",
           {{"name", evals::kAgreement},
            {"title", "agreement with production"},
            {"meaning", "where production called tools, the same calls; where it answered in text, as close a text"},
            {"kind", is_rate ? "rate" : "graded"}}},
          {"metrics", std::move(metrics)},
          {"judge", judge},
          {"notes", std::move(notes)}};
}

ordered_json candidate_json(const ReportInput& input, const Findings& findings, std::size_t index) {
  const auto& state = input.job.candidates.at(index);
  const auto& model = input.config.candidates.at(index).model;
  ordered_json out{{"model_name", state.model_name},
                   {"source", source_of(model, to_public_json(input.config).at("candidates").at(index))},
                   {"layers_kept", model.keep_layers.empty() ? ordered_json() : ordered_json(model.keep_layers.size())},
                   {"price", price_json(model.price)},
                   {"status", to_string(state.status)},
                   {"error", or_null(state.error)},
                   {"runtime_seconds", state.runtime_seconds},
                   {"deployment", state.deployment.empty() ? ordered_json() : ordered_json(state.deployment)}};
  out["evaluations"] = ordered_json::array();
  for (const auto& evaluation : state.evaluations) {
    out["evaluations"].push_back(evaluation_json(input, findings, index, evaluation));
  }
  out["customization"] = customization_json(input, index);
  return out;
}

}  // namespace fw::runs
