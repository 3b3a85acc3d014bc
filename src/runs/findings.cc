#include <algorithm>

#include "runs/impl/report_parts.h"

namespace fw::runs {
namespace {

using modelops::RowResult;

constexpr std::uint64_t kFewestRepeats = 30;  ///< rows below which repeats in the traffic say nothing of the ceiling

/// Of an evaluation that asked all rows, if one did.
const std::vector<RowResult>* most_rows(const ReportInput& input) {
  const std::vector<RowResult>* most = nullptr;
  for (const auto& [key, evaluation] : input.evaluations) {
    if (evaluation.rows.size() > (most == nullptr ? 0 : most->size())) most = &evaluation.rows;
  }
  return most;
}

Ceiling ceiling_of_replay(const ReportInput& input, const evals::Estimate& e) {
  return {e.mean,
          e.interval.low,
          e.interval.high,
          e.n,
          "replay",
          "production was asked " + std::to_string(e.n) + " of the rows again (" +
              input.config.production.endpoint->model + ")"};
}

/// Of a request that came more than once, another record's answer is production asked again: the share of those that
/// agree with the reference.
std::optional<Ceiling> ceiling_of_repeats(const std::vector<RowResult>& rows, const evals::ScoringSettings& scoring) {
  evals::Sample sample;
  for (const RowResult& row : rows) {
    if (evals::leading_metric(row.traits.kind, scoring).kind != evals::MetricKind::kRate) return std::nullopt;
    if (row.traits.repeats < 2) continue;
    const auto request = static_cast<std::uint32_t>(sample.size());
    const double others = row.traits.repeats - 1;  // a share of them, which Wilson's interval takes as a rate
    sample.add((row.traits.repeats_agreeing - 1) / others, row.traits.weight, request);
  }
  if (sample.size() < kFewestRepeats) return std::nullopt;
  const evals::Estimate e = evals::estimate(sample, true);
  return Ceiling{e.mean, e.interval.low, e.interval.high,
                 e.n,    "repeats",      "equal requests in the traffic and how they were answered"};
}

Ceiling ceiling_of(const ReportInput& input, const evals::ScoringSettings& scoring) {
  if (input.production) {
    const auto e = evals::agreement_over(input.production->rows, scoring, [](const RowResult&) { return true; });
    if (e && e->n >= kFewestRepeats) return ceiling_of_replay(input, *e);
  }
  if (const auto* rows = most_rows(input)) {
    if (const auto ceiling = ceiling_of_repeats(*rows, scoring)) return *ceiling;
  }
  return {.note =
              "too few requests were answered twice, and production was not asked again (production.url): its answers "
              "are taken as the only right ones"};
}

/// Where the baselines are without the judge's ratings, the candidate is compared with them without it too, and the
/// verdict is told.
std::optional<BaselineEvidence> baseline_of(const Findings& findings, const std::vector<RowResult>& rows,
                                            std::uint64_t seed) {
  if (findings.baselines.empty()) return std::nullopt;
  const evals::Baseline& best = findings.baselines.front();
  const auto difference = evals::compare_evaluations(rows, best.rows, findings.of_baselines, seed);
  if (!difference) return std::nullopt;
  BaselineEvidence evidence{best.title, best.agreement.mean, *difference};
  const bool is_judge_missing =
      findings.scoring.has_judge && !findings.of_baselines.has_judge && std::ranges::any_of(rows, [&](const auto& row) {
        return evals::leading_metric(row.traits.kind, findings.scoring).is_judged;
      });
  if (is_judge_missing) evidence.by_words = difference->difference + best.agreement.mean;
  return evidence;
}

bool is_partial(const RunConfig& config, const ReportInput::EvaluationKey& key) {
  const auto variant = modelops::find_variant(*key.second);
  return variant && part_of_rows(config, config.candidates.at(key.first), *variant).has_value();
}

void gather_evidence(const ReportInput& input, Findings& findings) {
  for (const auto& [key, summary] : findings.summaries) {
    const auto& rows = input.evaluations.at(key).rows;
    Evidence one{.rows = summary.rows,
                 .rows_unscored = summary.rows_unscored,
                 .is_partial = is_partial(input.config, key),
                 .agreement = summary.agreement};
    if (summary.agreement && !summary.agreement->is_rate)
      one.at_best = evals::agreement_at_best(rows, findings.scoring);
    one.newest =
        evals::agreement_over(rows, findings.scoring, [](const RowResult& row) { return row.traits.is_newest; });
    one.baseline = baseline_of(findings, rows, input.job.seed);
    one.cost_per_1000 = summary.cost_per_1000;
    one.production_cost_per_1000 = findings.production_cost_per_1000;
    findings.evidence.emplace(key, std::move(one));
  }
}

void rank_all(const ReportInput& input, Findings& findings) {
  std::vector<Evidence> evidence;
  for (const auto& [key, one] : findings.evidence) evidence.push_back(one);
  auto verdicts = decide(evidence, input.config.promising, findings.ceiling);
  std::size_t i = 0;
  for (const auto& [key, summary] : findings.summaries) {
    Verdict& verdict = verdicts[i++];
    const auto variant = modelops::find_variant(*key.second);
    if (!summary.agreement || !variant) continue;
    findings.ranked.push_back(
        {key.first, input.config.candidates.at(key.first).model.name, *variant, &summary, std::move(verdict)});
  }
  rank(findings.ranked);
}

}  // namespace

Findings find(const ReportInput& input) {
  Findings findings;
  findings.scoring = {.has_judge = input.config.judge.has_value(), .text_metric = input.config.evaluation.text_metric};
  for (const auto& [key, evaluation] : input.evaluations) {
    const auto& price = input.config.candidates.at(key.first).model.price;
    findings.summaries.emplace(key, evals::summarize(evaluation.rows, findings.scoring, price));
  }
  findings.of_baselines = {.has_judge = findings.scoring.has_judge && input.baseline,
                           .text_metric = findings.scoring.text_metric};
  const auto* rows = findings.of_baselines.has_judge ? &input.baseline->rows : most_rows(input);
  if (rows != nullptr) findings.baselines = evals::trivial_baselines(*rows, findings.of_baselines);
  findings.ceiling = ceiling_of(input, findings.scoring);
  if (input.usage && input.config.production.price) {
    findings.production_cost_per_1000 = evals::cost_per_1000(
        *input.config.production.price, {.prompt_mean = input.usage->prompt_tokens_mean,
                                         .cached_prompt_mean = input.usage->cached_prompt_tokens_mean,
                                         .completion_mean = input.usage->completion_tokens_mean});
  }
  gather_evidence(input, findings);
  rank_all(input, findings);
  if (findings.ranked.empty()) return findings;
  const Contender& best = findings.ranked.front();
  for (const RowResult& row : input.evaluations.at({best.candidate, best.variant.id()}).rows)
    findings.divergent += is_divergent(row, findings.scoring) ? 1 : 0;
  return findings;
}

}  // namespace fw::runs
