#include "runs/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "evals/summary.h"
#include "runs/impl/divergent_rows.h"
#include "runs/impl/ranking.h"
#include "runs/impl/report_parts.h"
#include "runs/run_config_json.h"

namespace fw::runs {

namespace {

using nlohmann::ordered_json;

ordered_json job_json(const Job& job) {
  ordered_json runtime;
  if (job.started_at && job.finished_at) runtime = to_seconds(*job.finished_at - *job.started_at);
  return {{"id", *job.id},
          {"workload_id", *job.workload},
          {"client_id", *job.client},
          {"status", to_string(job.status)},
          {"workload_type", job.workload_type ? ordered_json(to_string(*job.workload_type)) : ordered_json(nullptr)},
          {"created_at", to_iso8601(job.created_at)},
          {"started_at", time_json(job.started_at)},
          {"finished_at", time_json(job.finished_at)},
          {"runtime_seconds", runtime},
          {"num_records", optional_json(job.num_records)},
          {"seed", job.seed},
          {"error", optional_json(job.error)}};
}

ordered_json production_json(const ReportInput& input) {
  const auto& production = input.config.production;
  ordered_json out{{"name", production.name},
                   {"price", price_json(production.price)},
                   {"prompt_tokens_mean", nullptr},
                   {"completion_tokens_mean", nullptr},
                   {"cost_per_1000", nullptr}};
  if (!input.usage) return out;
  const double prompt = input.usage->prompt_tokens_mean;
  const double completion = input.usage->completion_tokens_mean;
  out["prompt_tokens_mean"] = prompt;
  out["completion_tokens_mean"] = completion;
  if (production.price) out["cost_per_1000"] = evals::cost_per_1000(*production.price, prompt, completion);
  return out;
}

ordered_json scoring_json(const ReportInput& input, modelops::WorkloadType workload) {
  std::string note = "rows that a model gave no answer to count 0";
  if (!input.config.judge && workload == modelops::WorkloadType::kGeneric) {
    note = "no judge is configured: answers are compared by ROUGE-L with the production answers; " + note;
  } else if (!input.config.judge) {
    note = "no judge is configured: tool_calling_correctness is not measured; " + note;
  }
  ordered_json judge;
  if (input.config.judge) judge = input.config.judge->endpoint.model;
  return {{"judge", judge}, {"note", note}};
}

Summaries summarize_all(const ReportInput& input, modelops::WorkloadType workload) {
  Summaries summaries;
  for (const auto& [key, rows] : input.rows) {
    const auto& price = input.config.candidates.at(key.first).model.price;
    summaries.emplace(key, evals::summarize(rows, workload, input.config.judge.has_value(), price, input.job.seed));
  }
  return summaries;
}

/// Every finished evaluation that has the leading score, ranked.
std::vector<Contender> contenders_of(const ReportInput& input, const Summaries& summaries, const std::string& leading) {
  std::vector<Contender> contenders;
  for (const auto& [key, summary] : summaries) {
    const auto score = std::ranges::find(summary.scores, leading, &evals::ScoreSummary::name);
    if (score == summary.scores.end()) continue;
    Contender one{.candidate = key.first, .type = key.second, .score = *score};
    one.cost_per_1000 = summary.cost_per_1000;
    one.latency_p50 = summary.latency_p50;
    judge_contender(one, input.config.promising, leading);
    contenders.push_back(std::move(one));
  }
  rank(contenders);
  return contenders;
}

ordered_json ranking_json(const ReportInput& input, const std::vector<Contender>& contenders,
                          const std::string& leading) {
  ordered_json entries = ordered_json::array();
  for (const auto& one : contenders) {
    entries.push_back({{"rank", entries.size() + 1},
                       {"model_name", input.config.candidates.at(one.candidate).model.name},
                       {"eval_type", to_string(one.type)},
                       {"score", one.score.mean},
                       {"low", one.score.interval.low},
                       {"high", one.score.interval.high},
                       {"cost_per_1000", optional_json(one.cost_per_1000)},
                       {"latency_p50_seconds", optional_json(one.latency_p50)},
                       {"promising", one.is_promising},
                       {"reason", one.reason}});
  }
  return {{"rule", ranking_rule(input.config.promising, leading)}, {"entries", std::move(entries)}};
}

ordered_json dataset_json(const ReportInput& input) {
  ordered_json datasets = ordered_json::array();
  for (const auto& one : input.job.datasets) {
    datasets.push_back(
        {{"name", one.name}, {"uri", one.uri}, {"digest", one.digest}, {"num_records", one.num_records}});
  }
  auto out = ordered_json::parse(input.dataset_card.empty() ? "{}" : input.dataset_card);
  for (const auto* list : {"steps", "classes", "notes"}) {
    if (!out.contains(list)) out[list] = ordered_json::array();
  }
  out["datasets"] = std::move(datasets);
  return out;
}

}  // namespace

ordered_json build_report(const ReportInput& input) {
  const auto workload = input.job.workload_type.value_or(modelops::WorkloadType::kGeneric);
  const std::string leading = evals::leading_score(workload, input.config.judge.has_value());
  const Summaries summaries = summarize_all(input, workload);
  const auto contenders = contenders_of(input, summaries, leading);
  ordered_json report{{"version", 1}, {"software", {{"name", "flywheel"}, {"version", FW_VERSION}}}};
  report["job"] = job_json(input.job);
  report["production"] = production_json(input);
  report["leading_score"] = input.job.workload_type ? ordered_json(leading) : ordered_json(nullptr);
  report["scoring"] = scoring_json(input, workload);
  report["candidates"] = ordered_json::array();
  for (std::size_t i = 0; i < input.job.candidates.size(); ++i) {
    report["candidates"].push_back(candidate_json(input, summaries, i, leading));
  }
  report["ranking"] = ranking_json(input, contenders, leading);
  report["divergent_rows"] = divergent_rows(input, contenders, leading);
  report["dataset"] = dataset_json(input);
  report["config"] = ordered_json(to_public_json(input.config));
  return report;
}

}  // namespace fw::runs
