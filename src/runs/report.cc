#include "runs/report.h"

#include <nlohmann/json.hpp>

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
          {"num_records", or_null(job.num_records)},
          {"seed", job.seed},
          {"error", or_null(job.error)}};
}

ordered_json ceiling_json(const Ceiling& ceiling) {
  return {{"value", ceiling.value}, {"low", ceiling.low},       {"high", ceiling.high},
          {"n", ceiling.n},         {"source", ceiling.source}, {"note", ceiling.note}};
}

ordered_json production_json(const ReportInput& input, const Findings& findings) {
  const auto& production = input.config.production;
  ordered_json out{{"name", production.name},
                   {"price", price_json(production.price)},
                   {"prompt_tokens_mean", nullptr},
                   {"cached_prompt_tokens_mean", nullptr},
                   {"completion_tokens_mean", nullptr},
                   {"cost_per_1000", or_null(findings.production_cost_per_1000)},
                   {"ceiling", ceiling_json(findings.ceiling)}};
  if (!input.usage || !input.usage->is_whole()) return out;
  out["prompt_tokens_mean"] = input.usage->prompt_tokens_mean;
  out["cached_prompt_tokens_mean"] = input.usage->cached_prompt_tokens_mean;
  out["completion_tokens_mean"] = input.usage->completion_tokens_mean;
  return out;
}

ordered_json baselines_json(const Findings& findings) {
  ordered_json list = ordered_json::array();
  for (const auto& baseline : findings.baselines) {
    ordered_json one{{"name", baseline.name}, {"title", baseline.title}};
    one.update(evals::to_json(baseline.agreement));
    list.push_back(std::move(one));
  }
  return list;
}

ordered_json ranking_json(const ReportInput& input, const Findings& findings) {
  ordered_json entries = ordered_json::array();
  for (const Contender& one : findings.ranked) {
    const auto& summary = *one.summary;
    const auto latency = summary.latency_alone ? summary.latency_alone : summary.latency_loaded;
    entries.push_back({{"rank", entries.size() + 1},
                       {"candidate", one.candidate},
                       {"model_name", one.model_name},
                       {"variant", *one.variant.id()},
                       {"eval_type", modelops::eval_type(one.variant.id())},
                       {"n", one.agreement().n},
                       {"score", one.agreement().mean},
                       {"low", one.agreement().interval.low},
                       {"high", one.agreement().interval.high},
                       {"cost_per_1000", or_null(summary.cost_per_1000)},
                       {"latency_p50_seconds", latency ? ordered_json(latency->p50) : ordered_json(nullptr)},
                       {"decision", to_string(one.verdict.decision)},
                       {"promising", one.is_promising()},
                       {"reason", one.verdict.reason}});
  }
  return {{"rule", verdict_rule(input.config.promising, findings.ceiling)}, {"entries", std::move(entries)}};
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
  const Findings findings = find(input);
  ordered_json report{{"version", 2}, {"software", {{"name", "flywheel"}, {"version", FW_VERSION}}}};
  report["job"] = job_json(input.job);
  report["summary"] = summary_json(input, findings);
  report["production"] = production_json(input, findings);
  report["scoring"] = scoring_json(input, findings);
  report["baselines"] = baselines_json(findings);
  report["candidates"] = ordered_json::array();
  for (std::size_t i = 0; i < input.job.candidates.size(); ++i)
    report["candidates"].push_back(candidate_json(input, findings, i));
  report["ranking"] = ranking_json(input, findings);
  report["head_to_head"] = head_to_head_json(input, findings);
  report["divergent_rows"] = divergent_rows_json(input, findings);
  report["trust"] = trust_json(input, findings);
  report["serve"] = serve_json(input, findings);
  report["reproduce"] = reproduce_json(input);
  report["dataset"] = dataset_json(input);
  report["config"] = ordered_json(to_public_json(input.config));
  return report;
}

}  // namespace fw::runs
