#include "runs/impl/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/percent.h"
#include "evals/statistics/adjusted_p.h"
#include "runs/decidability.h"

namespace fw::runs {
namespace {

constexpr double kAlpha = kVerdictAlpha;
constexpr double kBaselineAlpha = 0.05;  // one-sided
constexpr double kPower = 0.8;

/// One evaluation's place among all of its job's.
struct Tests {
  double p_yes = 1;
  double p_no = 1;
  double adjusted_yes = 1;
  double adjusted_no = 1;
};

struct Thresholds {
  double yes = 0;  ///< to be above it
  double no = 0;   ///< to be below it
  double value = 0;
};

Thresholds thresholds_of(const PromisingRule& rule, const Ceiling& ceiling) {
  // What is not known of the ceiling makes both answers harder, never one easier.
  return {ceiling.high - rule.margin, ceiling.low - rule.margin, ceiling.value - rule.margin};
}

/// Words that differ are no proof of a worse answer: without a measured ceiling only what holds at best says no.
const evals::Estimate& for_no(const Evidence& evidence, const Ceiling& ceiling) {
  return evidence.at_best && !ceiling.is_measured() ? *evidence.at_best : *evidence.agreement;
}

std::vector<Tests> tests_of(std::span<const Evidence> evidence, const Thresholds& thresholds, const Ceiling& ceiling) {
  std::vector<double> yes, no;
  std::vector<Tests> tests(evidence.size());
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    if (evidence[i].agreement) {
      tests[i].p_yes = evals::p_above(*evidence[i].agreement, thresholds.yes);
      tests[i].p_no = evals::p_below(for_no(evidence[i], ceiling), thresholds.no);
    }
    if (!evidence[i].is_partial) yes.push_back(tests[i].p_yes);
    no.push_back(tests[i].p_no);
  }
  const auto adjusted_yes = evals::holm(yes), adjusted_no = evals::holm(no);
  std::size_t next = 0;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (!evidence[i].is_partial) tests[i].adjusted_yes = adjusted_yes[next++];
    tests[i].adjusted_no = adjusted_no[i];
  }
  return tests;
}

std::string times(double ratio) { return fmt::format("{:.{}f}", ratio, ratio < 10 ? 1 : 0); }

class Judgement {
 public:
  /// `all`: evaluations of the job; `full`: those of them that asked all rows.
  Judgement(const Evidence& evidence, const Tests& tests, std::size_t all, std::size_t full, const PromisingRule& rule,
            const Ceiling& ceiling)
      : e_(evidence),
        tests_(tests),
        all_(all),
        rule_(rule),
        ceiling_(ceiling),
        thresholds_(thresholds_of(rule, ceiling)) {
    out_.tests = full;
  }

  Verdict run() {
    if (e_.cost_per_1000 && e_.production_cost_per_1000)
      out_.costs_more = *e_.cost_per_1000 > *e_.production_cost_per_1000;
    if (e_.agreement) {
      const bool points_up = tests_.p_yes <= tests_.p_no;
      out_.p_value = points_up ? tests_.p_yes : tests_.p_no;
      out_.p_adjusted = points_up ? tests_.adjusted_yes : tests_.adjusted_no;
    }
    if (e_.newest) out_.newest = alone(*e_.newest);
    choose();
    if (out_.costs_more.value_or(false)) out_.reason = cost_phrase() + "; " + out_.reason;
    return std::move(out_);
  }

 private:
  void end(Decision decision, std::string reason) {
    out_.decision = decision;
    out_.reason = std::move(reason);
  }

  void choose() {
    if (!e_.agreement) return end(Decision::kNotDecided, "no row has the score that decides");
    const evals::Estimate& seen = *e_.agreement;
    if (seen.rows < rule_.min_rows) {
      need(static_cast<double>(rows_that_can_decide(rule_, out_.tests)));
      return end(Decision::kNotDecided, fmt::format("only {} rows have a score; fewer than {} never decide "
                                                    "(promising.min_rows)",
                                                    seen.rows, rule_.min_rows));
    }
    if (static_cast<double>(e_.rows_unscored) > kMostMissing * static_cast<double>(e_.rows)) {
      return end(Decision::kNotDecided,
                 fmt::format("{} of {} rows lack the score that decides; at most 2 % may", e_.rows_unscored, e_.rows));
    }
    if (out_.costs_more.value_or(false)) return end(Decision::kNo, agreement_phrase());
    if (is_trivial()) return;
    if (tests_.adjusted_no <= kAlpha) {
      return end(Decision::kNo,
                 fmt::format("{}: below the threshold of {}", agreement_phrase(), percent(thresholds_.value)));
    }
    if (knows_no() && out_.newest == Decision::kNo) {
      return end(Decision::kNo, fmt::format("{}, but on the newest part {}: below the threshold of {}",
                                            agreement_phrase(), with_interval(*e_.newest), percent(thresholds_.value)));
    }
    if (e_.is_partial) {
      return end(
          Decision::kNotDecided,
          agreement_phrase() + "; it was asked a part of the rows (evaluation.untuned_rows), which never says yes");
    }
    if (tests_.adjusted_yes > kAlpha) return undecided();
    if (e_.newest && e_.newest->mean < thresholds_.yes) {
      return end(Decision::kNotDecided,
                 fmt::format("{}, but on the newest part only {}, with too few rows ({}) to say whether that is chance",
                             agreement_phrase(), percent(e_.newest->mean), e_.newest->rows));
    }
    end(Decision::kYes, fmt::format("{}: not below the threshold of {}{}", agreement_phrase(),
                                    percent(thresholds_.value), newest_phrase()));
  }

  /// What a yes leaves open about the newest traffic.
  [[nodiscard]] std::string newest_phrase() const {
    if (e_.is_held_set)
      return "; the rows are an earlier job's (data_split_config.holdout_job): traffic since then was not measured";
    if (!e_.newest) return "; the newest part was not measured apart (data_split_config.newest_holdout)";
    if (e_.newest->rows >= rule_.min_rows) return "";
    return fmt::format("; the newest part has {} rows, too few to be measured apart", e_.newest->rows);
  }

  [[nodiscard]] bool knows_no() const { return e_.agreement->is_rate || ceiling_.is_measured(); }

  [[nodiscard]] Decision alone(const evals::Estimate& part) const {
    if (part.rows < rule_.min_rows) return Decision::kNotDecided;
    if (evals::p_above(part, thresholds_.yes) <= kAlpha) return Decision::kYes;
    if (evals::p_below(part, thresholds_.no) * static_cast<double>(all_) <= kAlpha) return Decision::kNo;
    return Decision::kNotDecided;
  }

  bool is_trivial() {
    if (!e_.baseline) return false;
    const auto& [title, mean, difference, by_words, is_judged] = *e_.baseline;
    if (by_words) return is_trivial_by_words();
    if (is_judged && mean >= thresholds_.value) {
      end(Decision::kNotDecided,
          fmt::format("{}, but the judge rates {} at {}: it does not tell a good answer from a trivial one",
                      agreement_phrase(), title, percent(mean)));
      return true;
    }
    const bool is_down = difference.difference <= 0;
    if (is_down && difference.interval.high <= rule_.margin) {
      end(Decision::kNo, fmt::format("{}: no better than {} ({})", agreement_phrase(), title, percent(mean)));
      return true;
    }
    if (tests_.adjusted_no <= kAlpha) return false;  // it is a no for being below the threshold
    if (difference.p_better > kBaselineAlpha) {
      end(Decision::kNotDecided,
          fmt::format("{}: not shown to be better than {} ({})", agreement_phrase(), title, percent(mean)));
      return true;
    }
    return false;
  }

  /// The judge's scale is another than that of words: a no needs both.
  bool is_trivial_by_words() {
    const auto& [title, mean, difference, by_words, is_judged] = *e_.baseline;
    if (difference.difference > 0 && difference.p_better <= kBaselineAlpha) return false;
    const bool is_below = evals::p_below(*e_.agreement, thresholds_.no) * static_cast<double>(all_) <= kAlpha;
    const bool is_no = is_below && difference.difference <= 0;
    end(is_no ? Decision::kNo : Decision::kNotDecided,
        fmt::format("{} by the judge{}, and by its words alone ({}) {} {} ({})", agreement_phrase(),
                    is_below ? ", below the threshold of " + percent(thresholds_.value) : "", percent(*by_words),
                    difference.difference <= 0 ? "no better than" : "not shown to be better than", title,
                    percent(mean)));
    return true;
  }

  void undecided() {
    const evals::Estimate& seen = *e_.agreement;
    if (!knows_no() && seen.mean < thresholds_.yes && for_no(e_, ceiling_).mean >= thresholds_.no) {
      return end(
          Decision::kNotDecided,
          fmt::format("{}: below the threshold of {}, but how far production's own answers to one request differ "
                      "is not known (production.url)",
                      agreement_phrase(), percent(thresholds_.value)));
    }
    const bool is_up = seen.mean > thresholds_.yes, is_down = for_no(e_, ceiling_).mean < thresholds_.no;
    const double alpha = kAlpha / static_cast<double>(std::max<std::uint64_t>(out_.tests, 1));
    if (is_up || is_down) {
      if (const auto rows = evals::rows_to_decide(is_up ? seen : for_no(e_, ceiling_),
                                                  is_up ? thresholds_.yes : thresholds_.no, alpha, kPower))
        need(static_cast<double>(*rows));
    }
    std::string reason = agreement_phrase();
    reason += ": " + why_undecided(is_down);
    if (out_.rows_needed) {
      reason += fmt::format("; if that rate is the true one, {} rows would decide with a chance of {:.0f} %",
                            *out_.rows_needed, *out_.chance * 100);
    }
    end(Decision::kNotDecided, std::move(reason));
  }

  [[nodiscard]] std::string why_undecided(bool is_down) const {
    const double p = is_down ? tests_.p_no : tests_.p_yes;
    const std::string threshold = percent(thresholds_.value);
    if (p <= kAlpha) {
      return fmt::format("{} the threshold of {} alone, but not among the {} evaluations of this job",
                         is_down ? "below" : "above", threshold, is_down ? all_ : out_.tests);
    }
    const evals::Interval& interval = is_down ? for_no(e_, ceiling_).interval : e_.agreement->interval;
    if (interval.low <= thresholds_.value && thresholds_.value <= interval.high)
      return fmt::format("the interval holds the threshold of {}", threshold);
    if (ceiling_.is_measured() && interval.low <= thresholds_.yes && thresholds_.no <= interval.high) {
      return fmt::format(
          "the threshold is {}, but production's agreement with itself is known only to lie between {} and {} ({} "
          "rows), so it has to be shown for {}",
          threshold, percent(ceiling_.low), percent(ceiling_.high), ceiling_.n,
          percent(is_down ? thresholds_.no : thresholds_.yes));
    }
    return fmt::format("{} the threshold of {}, but an exact test does not exclude chance", is_down ? "below" : "above",
                       threshold);
  }

  void need(double rows) {
    out_.rows_needed = static_cast<std::uint64_t>(rows);
    out_.chance = kPower;
  }

  [[nodiscard]] std::string agreement_phrase() const {
    const evals::Estimate& seen = *e_.agreement;
    if (!seen.is_rate) return fmt::format("agreement with production {} on {}", with_interval(seen), rows_of(seen));
    return fmt::format("right on {} of {}: {}", seen.right, rows_of(seen), with_interval(seen));
  }

  [[nodiscard]] std::string cost_phrase() const {
    if (*e_.production_cost_per_1000 == 0) return "costs more than production";
    return fmt::format("costs {} times what production costs", times(*e_.cost_per_1000 / *e_.production_cost_per_1000));
  }

  const Evidence& e_;
  const Tests& tests_;
  std::size_t all_;
  const PromisingRule& rule_;
  const Ceiling& ceiling_;
  const Thresholds thresholds_;
  Verdict out_;
};

}  // namespace

std::string_view to_string(Decision decision) {
  switch (decision) {
    case Decision::kYes: return "yes";
    case Decision::kNotDecided: return "not_decided";
    case Decision::kNo: return "no";
  }
  return "unknown";
}

std::string rows_of(const evals::Estimate& e) {
  if (e.rows == e.n) return fmt::format("{} rows", e.n);
  return fmt::format("{} asks of {} row{}", e.n, e.rows, e.rows == 1 ? "" : "s");
}

std::string with_interval(const evals::Estimate& e) {
  return fmt::format("{} (95 % interval {} to {})", percent(e.mean), percent(e.interval.low), percent(e.interval.high));
}

std::vector<Verdict> decide(std::span<const Evidence> evidence, const PromisingRule& rule, const Ceiling& ceiling) {
  const auto tests = tests_of(evidence, thresholds_of(rule, ceiling), ceiling);
  const auto full = static_cast<std::size_t>(std::ranges::count(evidence, false, &Evidence::is_partial));
  std::vector<Verdict> verdicts;
  for (std::size_t i = 0; i < evidence.size(); ++i)
    verdicts.push_back(Judgement(evidence[i], tests[i], evidence.size(), full, rule, ceiling).run());
  return verdicts;
}

std::string verdict_rule(const PromisingRule& rule, const Ceiling& ceiling) {
  return fmt::format(
      "yes: the agreement is shown to lie at {} or above (ceiling {} less a margin of {}; one-sided test at 2.5 %, "
      "Holm-adjusted over all evaluations that asked all rows), also on the newest part where that has rows, above the "
      "best trivial "
      "baseline, and at no higher cost than "
      "production; no: shown to lie below, or no better than a trivial answer by more than the margin, or costlier; "
      "otherwise not decided. Yes comes first, then not "
      "decided; the cheaper before the dearer among yes, the higher lower bound among the others.",
      percent(ceiling.value - rule.margin), percent(ceiling.value), percent(rule.margin));
}

}  // namespace fw::runs
