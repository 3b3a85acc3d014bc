#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/percent.h"
#include "runs/impl/report_parts.h"

namespace fw::runs {
namespace {

using nlohmann::ordered_json;

constexpr double kDaySeconds = 86'400;
constexpr double kShortestWindow = 3'600;  ///< seconds; below that a month is guessed, not measured
constexpr double kMonthDays = 30;
constexpr double kWideCeiling = 0.04;  ///< of its interval: as much as most margins

std::string headline_of(const ReportInput& input, const Findings& findings, const Contender* best) {
  const std::string& workload = *input.job.workload;
  if (input.job.datasets_only) return fmt::format("Datasets of {} alone: no candidate was to be evaluated.", workload);
  if (best == nullptr && !findings.summaries.empty())
    return fmt::format("Not yet: candidates of {} answered, but no answer has the score that decides.", workload);
  if (best == nullptr) return fmt::format("No candidate of {} was evaluated.", workload);
  const std::string margin = percent(input.config.promising.margin);
  switch (best->verdict.decision) {
    case Decision::kYes:
      return fmt::format("Yes: {}, can take over {}: as good as production, within a margin of {}.", words_of(*best),
                         workload, margin);
    case Decision::kNo: return fmt::format("No: no candidate can take over {}.", workload);
    case Decision::kNotDecided: break;
  }
  return fmt::format("Not yet: whether {}, can take over {} is not decided.", words_of(*best), workload);
}

void add_failures(const evals::EvaluationSummary& summary, std::vector<std::string>& steps) {
  const auto cut = summary.failures.find("cut at the token limit");
  if (cut != summary.failures.end() && cut->second * 20 > summary.rows) {
    steps.push_back(
        fmt::format("{} of {} answers were cut at the token limit: raise evaluation.max_tokens, or the "
                    "application's max_tokens",
                    cut->second, summary.rows));
  }
}

void add_newest(const ReportInput& input, std::vector<std::string>& steps) {
  if (!input.config.split.holdout_job.empty()) {
    steps.push_back(
        "run once on rows that are drawn anew (without data_split_config.holdout_job): how a model does on what came "
        "after the fixed rows is not measured");
    return;
  }
  if (input.config.split.newest_holdout > 0) return;
  steps.push_back(
      "keep the newest traffic out of training and evaluate on it (data_split_config.newest_holdout: 0.1): how a model "
      "does on what comes next is not measured");
}

/// Different requests of the workload: what more rows can be drawn from. All records where the card is not known.
std::uint64_t different_requests(const ReportInput& input) {
  const std::uint64_t records = input.window ? input.window->records : input.job.num_records.value_or(0);
  const auto card = ordered_json::parse(input.dataset_card, nullptr, false);
  if (!card.is_object() || !card.contains("steps")) return records;
  for (const auto& step : card["steps"])
    if (step.value("step", "") == "deduplicate") return step.value("out", records);
  return records;
}

std::string more_rows(const ReportInput& input, std::uint64_t needed) {
  const std::uint64_t different = different_requests(input);
  if (needed > different)
    return fmt::format("collect more traffic: {} rows are needed to decide, and the workload has {} different requests",
                       needed, different);
  if (!input.config.split.holdout_job.empty())
    return fmt::format(
        "evaluate on {} rows: draw a larger set (data_split_config.eval_size, without holdout_job; the workload has {} "
        "different requests)",
        needed, different);
  return fmt::format(
      "evaluate on {} rows (data_split_config.eval_size; the workload has {} different requests, and "
      "what is evaluated is not trained on)",
      needed, different);
}

std::vector<std::string> next_steps(const ReportInput& input, const Findings& findings, const Contender* best) {
  if (input.job.datasets_only && input.job.datasets.empty()) {
    return {"mend what the error names, and build the datasets again"};
  }
  if (input.job.datasets_only) {
    return {fmt::format("look at the rows: flywheel dataset show {}", *input.job.id),
            fmt::format("run candidates on rows like these: flywheel run {} --client-id {}", *input.job.workload,
                        *input.job.client)};
  }
  if (best == nullptr) return {"read the errors of the candidates below, mend their configuration, and run again"};
  std::vector<std::string> steps;
  const Verdict& verdict = best->verdict;
  if (verdict.decision == Decision::kYes) {
    if (findings.divergent > 0)
      steps.push_back(findings.divergent == 1
                          ? std::string("review the row on which it differs from production")
                          : fmt::format("review the {} rows on which it differs from production", findings.divergent));
    add_newest(input, steps);
    steps.push_back("serve it as shown below, send a small share of the traffic to it, and compare");
    return steps;
  }
  add_failures(*best->summary, steps);
  add_newest(input, steps);
  if (verdict.decision == Decision::kNotDecided && verdict.rows_needed) {
    steps.push_back(more_rows(input, *verdict.rows_needed));
  }
  if (const Ceiling& ceiling = findings.ceiling; verdict.decision == Decision::kNotDecided &&
                                                 ceiling.source == "replay" &&
                                                 ceiling.high - ceiling.low > kWideCeiling) {
    steps.push_back(
        fmt::format("ask production again on more rows (production.replay_rows, now {}): how far it agrees "
                    "with itself is known to {} only",
                    ceiling.n, percent(ceiling.high - ceiling.low)));
  }
  if (!best->summary->agreement->is_rate && !input.config.judge)
    steps.push_back("configure a judge (llm_judge_config): texts are compared by their words alone");
  if (!input.config.production.endpoint)
    steps.push_back(
        "configure production.url: production's agreement with itself is then measured, and no candidate is "
        "asked for more");
  const auto& candidate = input.config.candidates.at(best->candidate);
  if (verdict.decision == Decision::kNo && !candidate.customization_enabled && candidate.model.is_local())
    steps.push_back(fmt::format("fine-tune {} (customization_enabled)", best->model_name));
  if (verdict.decision == Decision::kNo) {
    steps.push_back(
        "look at the classes below, worst first: more training rows for them (data_split_config.limit), or a "
        "larger model");
  }
  return steps;
}

ordered_json threshold_json(const ReportInput& input, const Findings& findings) {
  const PromisingRule& rule = input.config.promising;
  return {{"value", findings.ceiling.value - rule.margin},
          {"margin", rule.margin},
          {"ceiling", findings.ceiling.value},
          {"set_by", rule.margin == PromisingRule{}.margin ? "promising.margin, as it is by default"
                                                           : "configuration (promising.margin)"}};
}

ordered_json monthly_json(const ReportInput& input, const Findings& findings, const Contender* best) {
  if (!input.window) return nullptr;
  const double seconds = static_cast<double>(input.window->last - input.window->first);
  if (seconds < kShortestWindow) return nullptr;
  const double requests = static_cast<double>(input.window->records) / seconds * kDaySeconds * kMonthDays;
  const auto month = [requests](const std::optional<double>& cost) -> std::optional<double> {
    if (!cost) return std::nullopt;
    return *cost * requests / 1000;
  };
  const auto production = month(findings.production_cost_per_1000);
  const auto candidate = best ? month(best->summary->cost_per_1000) : std::nullopt;
  std::optional<double> saving;
  if (production && candidate) saving = *production - *candidate;
  return {{"requests", requests},
          {"window_days", seconds / kDaySeconds},
          {"production_cost", or_null(production)},
          {"candidate_cost", or_null(candidate)},
          {"saving", or_null(saving)}};
}

/// Both have prices, and what they are of is not known.
bool lacks_cost(const ReportInput& input, const Findings& findings, const Contender& best) {
  const bool are_priced = input.config.production.price && input.config.candidates.at(best.candidate).model.price;
  return are_priced && !(findings.production_cost_per_1000 && best.summary->cost_per_1000);
}

std::vector<std::string> reasons_of(const Findings& findings, const Contender& best,
                                    const std::optional<evals::Estimate>& newest) {
  std::vector<std::string> reasons{best.verdict.reason};
  if (newest) {
    reasons.push_back(newest->is_rate
                          ? fmt::format("on the newest traffic right on {} of {}: {}", newest->right, rows_of(*newest),
                                        with_interval(*newest))
                          : fmt::format("on the newest traffic {} on {}", with_interval(*newest), rows_of(*newest)));
  }
  if (const evals::FrequentSummary& seen = best.summary->frequent; seen.share > 0.5) {
    reasons.push_back(fmt::format("{} of the traffic {}, which count{} by that", percent(seen.share),
                                  seen.requests == 1 ? "is one request" : fmt::format("are {} requests", seen.requests),
                                  seen.requests == 1 ? "s" : ""));
  }
  if (best.summary->rows_failed > 0)
    reasons.push_back(fmt::format("{} of {} rows had no usable answer", best.summary->rows_failed, best.summary->rows));
  if (!findings.baselines.empty()) {
    reasons.push_back(fmt::format("{} reaches {}", findings.baselines.front().title,
                                  percent(findings.baselines.front().agreement.mean)));
  }
  return reasons;
}

}  // namespace

ordered_json summary_json(const ReportInput& input, const Findings& findings) {
  const Contender* best = findings.ranked.empty() ? nullptr : &findings.ranked.front();
  ordered_json out{{"decision", to_string(best ? best->verdict.decision : Decision::kNotDecided)},
                   {"model_name", nullptr},
                   {"variant", nullptr},
                   {"eval_type", nullptr},
                   {"headline", headline_of(input, findings, best)},
                   {"reasons", ordered_json::array()},
                   {"next_steps", next_steps(input, findings, best)},
                   {"score", nullptr},
                   {"newest", nullptr},
                   {"threshold", threshold_json(input, findings)},
                   {"wrong_per_1000", nullptr},
                   {"monthly", monthly_json(input, findings, best)}};
  if (input.job.error) out["reasons"].push_back(*input.job.error);
  if (best == nullptr) return out;
  const auto& newest = findings.evidence.at({best->candidate, best->variant.id()}).newest;
  const evals::Estimate& seen = best->agreement();
  out["model_name"] = best->model_name;
  out["variant"] = *best->variant.id();
  out["eval_type"] = modelops::eval_type(best->variant.id());
  for (auto& reason : reasons_of(findings, *best, newest)) out["reasons"].push_back(std::move(reason));
  if (lacks_cost(input, findings, *best))
    out["reasons"].push_back("what it costs beside production is not known: too few answers carry a usage");
  out["score"] = evals::to_json(seen);
  if (newest) out["newest"] = evals::to_json(*newest);
  out["wrong_per_1000"] = {{"mean", 1000 * (1 - seen.mean)},
                           {"low", 1000 * (1 - seen.interval.high)},
                           {"high", 1000 * (1 - seen.interval.low)}};
  return out;
}

}  // namespace fw::runs
