#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/percent.h"
#include "evals/metric.h"
#include "evals/statistics/correlation.h"
#include "evals/statistics/kappa.h"
#include "runs/impl/report_parts.h"

namespace fw::runs {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kFewestOfGroup = 30;
constexpr std::size_t kFewestForAgreement = 20;
constexpr std::uint64_t kFewestLike = 100;
constexpr double kLowCeiling = 0.8;  ///< of a rate

class Checks {
 public:
  void add(const char* name, bool ok, std::string text) {
    is_clean_ = is_clean_ && ok;
    list_.push_back({{"name", name}, {"ok", ok}, {"text", std::move(text)}});
  }
  ordered_json take() { return {{"clean", is_clean_}, {"checks", std::move(list_)}}; }

 private:
  bool is_clean_ = true;
  ordered_json list_ = ordered_json::array();
};

ordered_json card_of(const ReportInput& input) {
  return ordered_json::parse(input.dataset_card.empty() ? "{}" : input.dataset_card, nullptr, false);
}

/// What the traffic has that the datasets never saw.
void check_traffic(const ReportInput& input, Checks& checks) {
  const auto card = card_of(input);
  if (!card.is_object()) return;
  if (const auto waiting = card.find("waiting"); waiting != card.end()) {
    checks.add("waiting records", false,
               fmt::format("about {} acknowledged records were not in the log store yet when the datasets were made, "
                           "which lack what waited: {}",
                           waiting->value("records", std::uint64_t{0}), waiting->value("why", "")));
  }
  if (const auto left_out = card.find("left_out"); left_out != card.end()) {
    std::uint64_t all = 0;
    std::string reasons;
    for (const auto& [reason, count] : left_out->items()) {
      all += count.get<std::uint64_t>();
      reasons += fmt::format("; {}: {}", reason, count.get<std::uint64_t>());
    }
    checks.add("documents left out", false,
               fmt::format("{} documents of the workload in the log store are no records{}", all, reasons));
  }
}

void check_leaks(const ReportInput& input, Checks& checks) {
  const auto card = card_of(input);
  if (!card.is_object() || !card.contains("leak")) return;
  const auto count = [&](const char* name) { return card["leak"].value(name, std::uint64_t{0}); };
  const auto conversations = count("conversations_on_two_sides"), requests = count("requests_on_two_sides");
  checks.add("leaks", conversations + requests == 0,
             conversations + requests == 0
                 ? "no conversation and no request stands on two sides"
                 : fmt::format("{} conversations and {} requests stand on two sides", conversations, requests));
  const auto near = count("eval_rows_near_training");
  if (near > 0)
    checks.add("near-duplicates", false, fmt::format("{} evaluation rows are nearly rows of training", near));
  const auto held = count("eval_rows_request_in_training");
  if (held > 0)
    checks.add("requests in training", false,
               fmt::format("the requests of {} evaluation rows stand whole in training rows", held));
  const auto own = count("eval_rows_own_answer_in_training");
  if (own > 0)
    checks.add(
        "answers in training", false,
        fmt::format("the answers of {} evaluation rows, which hardly another row gives, stand in training rows", own));
  const auto said = count("eval_rows_said_in_training");
  if (said > 0)
    checks.add("repeated words", false,
               fmt::format("the last user message of {} evaluation rows stands word for word in "
                           "training, within another request",
                           said));
}

/// Labels that are noisy: whatever learns from them, or is measured against them, learns and is measured by chance.
void check_like_requests(const ReportInput& input, Checks& checks) {
  const auto card = card_of(input);
  if (!card.is_object() || !card.contains("like_requests")) return;
  const auto& like = card["like_requests"];
  if (like.value("rows", std::uint64_t{0}) < kFewestLike) return;
  const bool is_noisy = like.value("noisy", false);
  checks.add(
      "like requests", !is_noisy,
      fmt::format("requests whose last messages read alike are answered with the same call in {} (others: {}; {} "
                  "rows of training){}",
                  percent(like.value("agreeing_share", 0.0)), percent(like.value("chance_share", 0.0)),
                  like.value("rows", std::uint64_t{0}),
                  is_noisy ? ": production's answers are noisy, or what decides them is not in the last message" : ""));
}

const evals::Breakdown* breakdown_of(const evals::EvaluationSummary& summary, std::string_view dimension) {
  const auto found = std::ranges::find(summary.breakdown, dimension, &evals::Breakdown::dimension);
  return found == summary.breakdown.end() ? nullptr : &*found;
}

void check_templates(const evals::EvaluationSummary& summary, Checks& checks) {
  const auto* templates = breakdown_of(summary, "template");
  if (templates == nullptr) return;
  const auto unseen = std::ranges::find(templates->groups, "not_in_training", &evals::GroupSummary::group);
  const std::uint64_t n = unseen == templates->groups.end() ? 0 : unseen->agreement.rows;
  checks.add("templates", n >= kFewestOfGroup,
             fmt::format("{} of {} rows have a template that training does not have{}", n, summary.requests,
                         n >= kFewestOfGroup ? "" : ": too few to say how the model does on new ones"));
}

void check_newest(const evals::EvaluationSummary& summary, const dataset::SplitSettings& split, Checks& checks) {
  if (!split.holdout_job.empty()) {
    checks.add(
        "newest traffic", false,
        fmt::format("the rows are those of job {} (data_split_config.holdout_job): how the model does on traffic "
                    "that came since is not known",
                    split.holdout_job));
    return;
  }
  const auto* parts = breakdown_of(summary, "newest");
  if (parts == nullptr) return;
  const auto newest = std::ranges::find(parts->groups, "newest", &evals::GroupSummary::group);
  const std::uint64_t n = newest == parts->groups.end() ? 0 : newest->agreement.rows;
  std::string text =
      fmt::format("{} of {} rows are of the newest traffic, which training never saw", n, summary.requests);
  if (n < kFewestOfGroup) {
    text += split.newest_holdout > 0
                ? ": too few to say how the model does on what comes next"
                : ": how the model does on what comes next is not known (data_split_config.newest_holdout is 0)";
  }
  checks.add("newest traffic", n >= kFewestOfGroup, std::move(text));
}

void check_rows(const evals::EvaluationSummary& summary, Checks& checks) {
  const auto share = [&](std::uint64_t n) {
    return static_cast<double>(n) / static_cast<double>(std::max<std::uint64_t>(summary.rows, 1));
  };
  std::string failed =
      fmt::format("{} of {} rows of the best evaluation had no usable answer", summary.rows_failed, summary.rows);
  for (const auto& [reason, count] : summary.failures) failed += fmt::format("; {}: {}", reason, count);
  checks.add("answers", share(summary.rows_failed) <= kMostMissing, std::move(failed));
  std::string unscored = fmt::format("{} of {} rows lack the score that decides", summary.rows_unscored, summary.rows);
  for (const auto& [reason, count] : summary.unscored) unscored += fmt::format("; {}: {}", reason, count);
  checks.add("coverage", share(summary.rows_unscored) <= kMostMissing, std::move(unscored));
}

/// Where both have prices, a yes says that the candidate costs no more: of that nothing is known without usage.
void check_cost(const ReportInput& input, const Findings& findings, Checks& checks) {
  const Contender& best = findings.ranked.front();
  const bool has_price = input.config.candidates.at(best.candidate).model.price.has_value();
  if (!has_price || !input.config.production.price) return;
  if (!findings.production_cost_per_1000) {
    checks.add(
        "cost", false,
        fmt::format("what production costs is not known: {} of {} answers of the traffic carry a usage, and at "
                    "least 98 % must",
                    input.usage ? input.usage->rows : 0, input.usage ? input.usage->of_rows : best.summary->rows));
  }
  if (!best.summary->cost_per_1000) {
    checks.add(
        "cost", false,
        fmt::format("what {} costs is not known: {} of its {} answers carry no usage, and at most 2 % may",
                    best.model_name, best.summary->rows_without_usage, best.summary->rows - best.summary->rows_failed));
  }
}

/// Results of before requests were asked again have one answer to each.
void check_frequent(const evals::EvaluationSummary& summary, Checks& checks) {
  const evals::FrequentSummary& seen = summary.frequent;
  if (seen.requests == 0) return;
  const bool is_one = seen.requests == 1;
  std::string text = fmt::format(
      "{} {} of the traffic and {} asked {}", is_one ? "one request is" : fmt::format("{} requests are", seen.requests),
      percent(seen.share), is_one ? "was" : "were", seen.asks == 1 ? "once" : fmt::format("{} times", seen.asks));
  if (seen.unsteady > 0) {
    text += is_one ? ": not every answer agrees as much with production"
                   : fmt::format(": of {} not every answer agrees as much with production", seen.unsteady);
  }
  const bool was_asked_again = seen.asks > seen.requests;
  if (!was_asked_again && seen.share > 0.5)
    text += ": a model that answers the same request now so, now otherwise is not seen by that";
  checks.add("frequent requests", was_asked_again || seen.share <= 0.5, std::move(text));
}

void check_evaluations(const ReportInput& input, Checks& checks) {
  for (const auto& candidate : input.job.candidates) {
    for (const auto& evaluation : candidate.evaluations) {
      if (evaluation.error)
        checks.add("evaluations", false, candidate.model_name + ", " + *evaluation.variant + ": " + *evaluation.error);
    }
    if (candidate.error && candidate.evaluations.empty())
      checks.add("evaluations", false, candidate.model_name + ": " + *candidate.error);
  }
}

void check_training(const ReportInput& input, Checks& checks) {
  for (const auto& [index, trained] : input.trained) {
    if (trained.rows_left_out == 0) continue;
    checks.add(
        "training rows", trained.rows_left_out * 50 <= trained.rows,
        fmt::format("{}: {} of {} training rows were left out (longer than the context, or refused by the template)",
                    input.config.candidates.at(index).model.name, trained.rows_left_out,
                    trained.rows + trained.rows_left_out));
  }
}

void check_ceiling(const Findings& findings, Checks& checks) {
  const Ceiling& ceiling = findings.ceiling;
  if (!ceiling.problem.empty()) checks.add("production asked again", false, ceiling.problem);
  const bool is_rate = findings.ranked.front().summary->agreement->is_rate;
  if (!is_rate) {
    checks.add("ceiling", ceiling.is_measured(),
               ceiling.is_measured() ? ceiling.note : "texts can differ and be as good: " + ceiling.note);
  } else if (ceiling.is_measured() && ceiling.value < kLowCeiling) {
    checks.add("ceiling", false,
               fmt::format("production agrees with itself on {} only, and no candidate is asked for more: {}",
                           percent(ceiling.value), ceiling.note));
  }
}

/// Ratings that are all alike say nothing, unless what they rate is all alike.
template <class T>
bool is_constant(const std::vector<T>& values) {
  return std::ranges::adjacent_find(values, std::not_equal_to<>()) == values.end();
}

/// The scores of a judge and of a rule that needs none, of the same rows.
struct ScorePairs {
  std::vector<double> judged, ruled;
};

ScorePairs scored_by_both(const ReportInput& input, const evals::Metric& judge, const evals::Metric& rule) {
  ScorePairs pairs;
  const std::string judged(judge.name), ruled(rule.name);
  for (const auto& [key, evaluation] : input.evaluations) {
    for (const auto& row : evaluation.rows) {
      const auto by_judge = row.scores.find(judged), by_rule = row.scores.find(ruled);
      if (by_judge == row.scores.end() || by_rule == row.scores.end()) continue;
      pairs.judged.push_back(by_judge->second);
      pairs.ruled.push_back(by_rule->second);
    }
  }
  return pairs;
}

void check_rate(const char* name, const ScorePairs& pairs, std::string_view rule, Checks& checks) {
  const auto passed = [](const std::vector<double>& scores) {
    std::vector<int> labels;
    for (const double score : scores) labels.push_back(score >= 0.5 ? 1 : 0);
    return labels;
  };
  const auto judged = passed(pairs.judged), ruled = passed(pairs.ruled);
  const double agreement = evals::agreement(judged, ruled), kappa = evals::cohen_kappa(judged, ruled);
  const bool is_defined = !std::isnan(kappa);  // not where both say the same of all answers
  checks.add(name, is_defined ? kappa >= 0.4 : agreement == 1,
             fmt::format("the judge and {} agree on {} of {} answers ({})", rule, percent(agreement), judged.size(),
                         is_defined ? fmt::format("kappa {:.2f}", kappa) : "all are alike"));
}

void check_graded(const char* name, const ScorePairs& pairs, std::string_view rule, Checks& checks) {
  const auto& [judged, ruled] = pairs;
  if (is_constant(judged)) {
    checks.add(name, is_constant(ruled),
               fmt::format("the judge rates all of {} answers alike{}", judged.size(),
                           is_constant(ruled) ? fmt::format(", and so does {}", rule) : ", whatever their words"));
  } else if (!is_constant(ruled)) {
    const auto correlation = evals::spearman(judged, ruled);
    checks.add(name, correlation.coefficient >= 0,
               fmt::format("the judge's ratings and {} go together with {:.2f} (Spearman, {} answers)", rule,
                           correlation.coefficient, judged.size()));
  }
}

/// The judge beside the rule that would lead without it, where a row has both.
void check_judge(const ReportInput& input, Checks& checks) {
  if (!input.config.judge) return;
  const evals::ScoringSettings without{.has_judge = false, .text_metric = input.config.evaluation.text_metric};
  for (const auto& [kind, name] : {std::pair{modelops::AnswerKind::kToolCalls, "judge on tool calls"},
                                   std::pair{modelops::AnswerKind::kText, "judge on texts"}}) {
    const evals::Metric* judge = evals::judged_metric(kind);
    if (judge == nullptr) continue;
    const evals::Metric& rule = evals::leading_metric(kind, without);
    const ScorePairs pairs = scored_by_both(input, *judge, rule);
    if (pairs.judged.size() < kFewestForAgreement) continue;
    if (judge->kind == evals::MetricKind::kRate && rule.kind == evals::MetricKind::kRate) {
      check_rate(name, pairs, rule.title, checks);
    } else {
      check_graded(name, pairs, rule.title, checks);
    }
  }
}

/// A judge that passes an answer which looks at no request is no measure.
void check_trivial(const ReportInput& input, const Findings& findings, Checks& checks) {
  const Contender& best = findings.ranked.front();
  const auto& baseline = findings.evidence.at({best.candidate, best.variant.id()}).baseline;
  if (!baseline || !baseline->is_judged) return;
  const bool passes = baseline->mean >= findings.ceiling.value - input.config.promising.margin;
  checks.add("judge on a trivial answer", !passes,
             fmt::format("the judge rates {} at {}", baseline->title, percent(baseline->mean)));
}

}  // namespace

ordered_json trust_json(const ReportInput& input, const Findings& findings) {
  Checks checks;
  check_leaks(input, checks);
  check_traffic(input, checks);
  check_like_requests(input, checks);
  if (findings.ranked.empty() && !findings.summaries.empty()) check_rows(findings.summaries.begin()->second, checks);
  if (!findings.ranked.empty()) {
    const auto& best = *findings.ranked.front().summary;
    check_templates(best, checks);
    check_newest(best, input.config.split, checks);
    check_rows(best, checks);
    check_frequent(best, checks);
    check_cost(input, findings, checks);
    check_ceiling(findings, checks);
    check_trivial(input, findings, checks);
  }
  check_evaluations(input, checks);
  check_training(input, checks);
  check_judge(input, checks);
  return checks.take();
}

}  // namespace fw::runs
