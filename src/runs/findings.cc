#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/percent.h"
#include "runs/impl/report_parts.h"

namespace fw::runs {
namespace {

using modelops::RowResult;
using nlohmann::ordered_json;

constexpr std::uint64_t kFewestRepeats = 30;  ///< rows below which repeats in the traffic say nothing of the ceiling

/// Of an evaluation that asked all rows, if one did.
const std::vector<RowResult>* most_rows(const ReportInput& input) {
  const std::vector<RowResult>* most = nullptr;
  for (const auto& [key, evaluation] : input.evaluations) {
    if (evaluation.rows.size() > (most == nullptr ? 0 : most->size())) most = &evaluation.rows;
  }
  return most;
}

/// Whether the score that leads on a row is right or wrong, with nothing between.
bool is_rate(const RowResult& row, const evals::ScoringSettings& scoring) {
  return evals::leading_metric(row.traits.kind, scoring).kind == evals::MetricKind::kRate;
}

/// Production asked again. A row that got no answer says nothing of how far production agrees with itself, and would
/// lower what a candidate is asked for.
struct Replay {
  std::optional<evals::Estimate> agreement;
  std::string problem;
};

/// Length of a date or snapshot number with its sign at the end: `-2024-08-06`, `@20240806`, `-0613`; 0: there is none.
std::size_t snapshot_at_end(std::string_view name) {
  const auto are_digits = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  };
  constexpr std::string_view kDay = "-YYYY-MM-DD";
  if (name.size() > kDay.size()) {
    const std::string_view end = name.substr(name.size() - kDay.size());
    if (end[5] == '-' && end[8] == '-' && are_digits(end.substr(1, 4)) && are_digits(end.substr(6, 2)) &&
        are_digits(end.substr(9)))
      return kDay.size();
  }
  const auto sign = name.find_last_of("-@:");
  if (sign == name.npos || sign == 0) return 0;
  const std::string_view end = name.substr(sign + 1);
  return end == "latest" || (are_digits(end) && end.size() >= 4) ? end.size() + 1 : 0;
}

/// Without what stands before it and its snapshot: `openai/GPT-4o-2024-08-06` and `gpt-4o` are one model, `gpt-4o-mini`
/// and `gpt-4` are others.
std::string bare_name(std::string name) {
  if (const auto slash = name.rfind('/'); slash != name.npos) name.erase(0, slash + 1);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  name.resize(name.size() - snapshot_at_end(name));
  return name;
}

/// The model that most of these answers name, where the traffic names none like it and the configuration neither.
std::string foreign_model(const ReportInput& input, const std::vector<RowResult>& rows) {
  std::map<std::string, std::uint64_t> names;
  for (const RowResult& row : rows) {
    const auto answer = ordered_json::parse(row.response, nullptr, false);
    if (!answer.is_object() || !answer.contains("model") || !answer["model"].is_string()) continue;
    ++names[answer["model"].get<std::string>()];
  }
  if (names.empty() || input.answered_by.empty()) return {};
  const std::string& most = std::ranges::max_element(names, {}, [](const auto& one) { return one.second; })->first;
  const auto is_it = [&](const std::string& name) { return bare_name(name) == bare_name(most); };
  const bool is_known = std::ranges::any_of(input.answered_by, is_it) || is_it(input.config.production.name);
  return is_known ? "" : most;
}

Replay replay_of(const ReportInput& input, const Findings& findings, const std::vector<RowResult>& rows) {
  if (const std::string model = foreign_model(input, rows); !model.empty()) {
    return {std::nullopt,
            fmt::format("its answers are of the model {}, those of the traffic of {}: where the two are one, name it "
                        "so (production.model_name)",
                        model, fmt::join(input.answered_by, ", "))};
  }
  std::map<std::string, std::uint64_t> reasons;
  std::uint64_t unusable = 0;
  for (const RowResult& row : rows) {
    if (row.is_answered() && evals::agreement_of(row, findings.scoring)) continue;
    ++unusable;
    ++reasons[row.is_answered() ? row.error : row.failure];
  }
  if (static_cast<double>(unusable) > kMostMissing * static_cast<double>(rows.size())) {
    const auto& [reason, count] = *std::ranges::max_element(reasons, {}, [](const auto& one) { return one.second; });
    return {std::nullopt, fmt::format("{} of {} rows got no usable answer ({}: {}); at most 2 % may", unusable,
                                      rows.size(), reason, count)};
  }
  const auto e = evals::agreement_over(rows, findings.scoring, [](const RowResult& row) { return row.is_answered(); });
  if (!e || e->rows < kFewestRepeats) return {};
  const bool is_comparable = findings.of_baselines.has_judge == findings.scoring.has_judge;
  if (is_comparable && !findings.baselines.empty() && e->mean <= findings.baselines.front().agreement.mean) {
    const auto& best = findings.baselines.front();
    return {std::nullopt,
            fmt::format("its answers agree with those of the traffic on {}, no more than {} ({}): what answers at "
                        "production.url is not what made the traffic",
                        percent(e->mean), best.title, percent(best.agreement.mean))};
  }
  return {e, ""};
}

/// Of a request that came more than once, another record's answer is production asked again: the share of those that
/// agree with the reference. Of requests that came once nothing is known, nor of graded texts, which are not compared
/// with each other: 1 is assumed of both.
std::optional<Ceiling> ceiling_of_repeats(const std::vector<RowResult>& rows, const evals::ScoringSettings& scoring) {
  evals::Sample sample;
  double weight = 0, graded = 0, once = 0;
  for (const RowResult& row : rows) {
    if (row.ask > 0) continue;
    weight += row.traits.weight;
    if (!is_rate(row, scoring)) {
      graded += row.traits.weight;
      continue;
    }
    if (row.traits.repeats < 2) {
      once += row.traits.weight;
      continue;
    }
    const auto request = static_cast<std::uint32_t>(sample.size());
    const double others = row.traits.repeats - 1;  // a share of them, which Wilson's interval takes as a rate
    sample.add((row.traits.repeats_agreeing - 1) / others, row.traits.weight, request);
  }
  if (sample.size() < kFewestRepeats) return std::nullopt;
  const evals::Estimate e = evals::estimate(sample, true);
  const double assumed = (graded + once) / weight;
  const auto of_all = [assumed](double value) { return assumed + (1 - assumed) * value; };
  std::string note = "equal requests in the traffic and how they were answered";
  if (once > 0) {
    note += fmt::format("; of those that came once ({} of the traffic) nothing is known without production.url",
                        percent(once / weight));
  }
  if (graded > 0) note += "; of texts, which can differ and be as good, nothing is known without production.url";
  return Ceiling{.value = of_all(e.mean),
                 .low = of_all(e.interval.low),
                 .high = of_all(e.interval.high),
                 .n = e.n,
                 .source = "repeats",
                 .note = std::move(note),
                 .is_in_part = graded > 0};
}

std::string why_assumed(const std::vector<RowResult>* rows, const evals::ScoringSettings& scoring) {
  const auto repeated = [&](const RowResult& row) {
    return row.ask == 0 && row.traits.repeats >= 2 && !is_rate(row, scoring);
  };
  const bool has_texts =
      rows != nullptr && std::ranges::count_if(*rows, repeated) >= static_cast<std::ptrdiff_t>(kFewestRepeats);
  return std::string(has_texts ? "requests were answered more than once, but how far production's own texts differ is "
                                 "not measured without asking it again (production.url)"
                               : "too few requests were answered twice, and production was not asked again "
                                 "(production.url)") +
         ": its answers are taken as the only right ones";
}

Ceiling ceiling_of(const ReportInput& input, const Findings& findings) {
  std::string problem;
  if (input.production) {
    const auto [e, what] = replay_of(input, findings, input.production->rows);
    if (e) {
      return {.value = e->mean,
              .low = e->interval.low,
              .high = e->interval.high,
              .n = e->n,
              .source = "replay",
              .note = fmt::format("production was asked {} of the rows again ({})", e->n,
                                  input.config.production.endpoint->model)};
    }
    problem = what;
  }
  const auto* rows = most_rows(input);
  auto repeats = rows == nullptr ? std::nullopt : ceiling_of_repeats(*rows, findings.scoring);
  Ceiling ceiling = repeats ? *std::move(repeats) : Ceiling{.note = why_assumed(rows, findings.scoring)};
  if (problem.empty()) return ceiling;
  ceiling.problem = "production was asked again, but " + problem;
  ceiling.note = ceiling.problem + "; " +
                 (ceiling.source == "repeats" ? ceiling.note : "its answers are taken as the only right ones");
  return ceiling;
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
  const bool is_judged = findings.scoring.has_judge && std::ranges::any_of(rows, [&](const auto& row) {
                           return evals::leading_metric(row.traits.kind, findings.scoring).is_judged;
                         });
  evidence.is_judged = is_judged && findings.of_baselines.has_judge;
  if (is_judged && !evidence.is_judged) evidence.by_words = difference->difference + best.agreement.mean;
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
    one.is_held_set = !input.config.split.holdout_job.empty();
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
  if (findings.baselines.empty() && findings.of_baselines.has_judge && most_rows(input) != nullptr) {
    // The judge rated no trivial text: they are compared by words.
    findings.of_baselines.has_judge = false;
    findings.baselines = evals::trivial_baselines(*most_rows(input), findings.of_baselines);
  }
  findings.ceiling = ceiling_of(input, findings);
  if (input.usage && input.usage->is_whole() && input.config.production.price) {
    findings.production_cost_per_1000 = evals::cost_per_1000(
        *input.config.production.price, {.prompt_mean = input.usage->prompt_tokens_mean,
                                         .cached_prompt_mean = input.usage->cached_prompt_tokens_mean,
                                         .completion_mean = input.usage->completion_tokens_mean});
  }
  gather_evidence(input, findings);
  rank_all(input, findings);
  if (findings.ranked.empty()) return findings;
  const Contender& best = findings.ranked.front();
  findings.divergent =
      count_divergent(input.evaluations.at({best.candidate, best.variant.id()}).rows, findings.scoring);
  return findings;
}

}  // namespace fw::runs
