#include "review/quality.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "auth/person.h"
#include "base/random.h"
#include "evals/statistics/kappa.h"
#include "evals/statistics/proportion.h"

namespace fw::review {
namespace {

constexpr int kDraws = 2000;

/// 1 where the candidate is no worse, 0 where it is; nothing where the person could not tell.
std::optional<double> value_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kProductionBetter: return 0.0;
    case Verdict::kCannotTell: return std::nullopt;
    case Verdict::kCandidateBetter:
    case Verdict::kBothFine:
    case Verdict::kBothWrong: return 1.0;
  }
  return std::nullopt;
}

/// The mean of what people say of each row.
std::map<std::string, double> values_by_row(const std::vector<Label>& labels) {
  std::map<std::string, std::pair<double, int>> sums;
  for (const auto& label : labels) {
    if (const auto value = value_of(label.verdict)) {
      auto& [sum, n] = sums[label.record_id];
      sum += *value;
      ++n;
    }
  }
  std::map<std::string, double> out;
  for (const auto& [row, sum] : sums) out[row] = sum.first / sum.second;
  return out;
}

double square(double x) { return x * x; }

/// A row on which the two differ: what it stands for of the traffic, and what people say of it.
struct Divergent {
  double share = 0;
  double asks = 1;
  std::optional<double> value;  ///< nothing where nobody could tell
};

/// The rows of one class that people were asked about, or all of them.
struct Asked {
  std::vector<Divergent> rows;
  double share = 0;        ///< of those with a value
  double good = 0;         ///< of it, the part on which the candidate is no worse
  double squares = 0;      ///< of their shares
  std::uint64_t told = 0;  ///< rows with a value

  void add(const Divergent& row) {
    rows.push_back(row);
    if (!row.value) return;
    share += row.share;
    good += row.share * *row.value;
    squares += square(row.share);
    ++told;
  }
  [[nodiscard]] double mean() const { return share > 0 ? good / share : 0; }
  /// Rows of one share that would say as much.
  [[nodiscard]] double effective() const { return squares > 0 ? square(share) / squares : 0; }
};

/// What one class adds: its part of the traffic with good answers, and how uncertain that is.
struct Part {
  double good = 0;
  double variance = 0;
};

/// What one evaluated ask of the class stands for, as far as the report does not say.
double share_of_ask(const Stratum& stratum) {
  return stratum.share / static_cast<double>(std::max<std::uint64_t>(stratum.rows, 1));
}

double divergent_share_of(const Stratum& stratum) {
  return stratum.divergent_share > 0 ? stratum.divergent_share
                                     : share_of_ask(stratum) * static_cast<double>(stratum.divergent);
}

double share_of(const Item& item, const Subject& subject) {
  if (item.share > 0) return item.share;
  const auto stratum = std::ranges::find(subject.classes, item.label, &Stratum::label);
  return stratum == subject.classes.end() ? 0 : share_of_ask(*stratum) * static_cast<double>(item.asks);
}

/// The divergences of a class that nobody judged.
struct Unjudged {
  double share = 0;
  double asks = 0;
  double squares = 0;  ///< of the rows' shares
};

Unjudged unjudged_of(const Stratum& stratum, double divergent_share, const Asked& own) {
  Unjudged out{divergent_share, static_cast<double>(stratum.divergent), 0};
  double unseen = divergent_share, unseen_asks = out.asks;  // of rows that are not in the queue
  for (const auto& row : own.rows) {
    unseen -= row.share;
    unseen_asks -= row.asks;
    if (row.value) {
      out.share -= row.share;
      out.asks -= row.asks;
    } else {
      out.squares += square(row.share);
    }
  }
  if (unseen > 0) out.squares += square(unseen) / std::max(unseen_asks, 1.0);
  out.share = std::max(out.share, 0.0);
  out.asks = std::max(out.asks, 1.0);
  return out;
}

Part part_of(const Stratum& stratum, const Asked& own, const Asked& all) {
  if (stratum.share <= 0) return {};
  const auto rows = static_cast<double>(std::max<std::uint64_t>(stratum.rows, 1));
  const auto divergent = static_cast<double>(stratum.divergent);
  const double divergent_share = divergent_share_of(stratum);
  const double agreeing_share = std::max(stratum.share - divergent_share, 0.0);
  const double mean = own.told > 0 ? own.mean() : all.mean();
  const Unjudged unjudged = unjudged_of(stratum, divergent_share, own);
  Part part{agreeing_share + own.good + unjudged.share * mean, 0};
  // What the evaluation drew: asks that are independent, each with its share.
  const double p = std::min(part.good / stratum.share, 1.0);
  part.variance += square(agreeing_share * (1 - p)) / std::max(rows - divergent, 1.0);
  for (const auto& row : own.rows)
    if (row.value) part.variance += square(row.share * (*row.value - p)) / row.asks;
  part.variance += square(unjudged.share) / unjudged.asks * (mean * square(1 - p) + (1 - mean) * square(p));
  // What of the divergences was judged. A verdict more and one less keep few equal verdicts from looking certain.
  const double n = own.effective(), guarded = (own.mean() * n + 1) / (n + 2);
  part.variance += own.told > 0 ? guarded * (1 - guarded) * (square(unjudged.share) / n + unjudged.squares)
                                : 0.25 * square(unjudged.share);
  return part;
}

using Verdicts = std::map<std::string, Verdict>;  // by row

std::map<std::string, Verdicts> by_person(const std::vector<Label>& labels) {
  std::map<std::string, Verdicts> out;
  for (const auto& label : labels) out[auth::person_key(label.person)][label.record_id] = label.verdict;
  return out;
}

evals::Interval drawn_again(const std::vector<int>& a, const std::vector<int>& b) {
  Random random(20'260'101);
  std::vector<double> kappas;
  std::vector<int> x(a.size()), y(b.size());
  for (int draw = 0; draw < kDraws; ++draw) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto row = random.below(a.size());
      x[i] = a[row];
      y[i] = b[row];
    }
    const double kappa = evals::cohen_kappa(x, y);
    // Equal answers of one kind throughout: as much agreement as there can be.
    kappas.push_back(std::isnan(kappa) ? 1.0 : kappa);
  }
  std::ranges::sort(kappas);
  return {kappas[static_cast<std::size_t>(0.025 * kDraws)], kappas[static_cast<std::size_t>(0.975 * kDraws)]};
}

std::optional<Agreement> agreement_of(const std::string& first, const Verdicts& a, const std::string& second,
                                      const Verdicts& b) {
  std::vector<int> x, y;
  for (const auto& [row, verdict] : a) {
    const auto other = b.find(row);
    if (other == b.end()) continue;
    x.push_back(static_cast<int>(verdict));
    y.push_back(static_cast<int>(other->second));
  }
  if (x.empty()) return std::nullopt;
  Agreement out{.first = first, .second = second, .rows = x.size()};
  for (std::size_t i = 0; i < x.size(); ++i) out.equal += x[i] == y[i] ? 1 : 0;
  const double kappa = evals::cohen_kappa(x, y);
  if (std::isnan(kappa)) return out;
  out.kappa = kappa;
  if (x.size() > 1) out.interval = drawn_again(x, y);
  return out;
}

}  // namespace

std::optional<Quality> quality(const Subject& subject, const std::vector<Item>& items,
                               const std::vector<Label>& labels) {
  const auto values = values_by_row(labels);
  std::map<std::string, Asked> by_class;
  Asked all;
  for (const auto& item : items) {
    if (item.source != Source::kEvaluation) continue;
    const auto value = values.find(item.record_id);
    const Divergent row{share_of(item, subject), static_cast<double>(item.asks),
                        value == values.end() ? std::nullopt : std::optional(value->second)};
    by_class[item.label].add(row);
    all.add(row);
  }
  if (all.told == 0) return std::nullopt;
  Quality out{.rows = subject.rows, .divergent = subject.divergent, .judged = all.told};
  double shares = 0, variance = 0, rows = 0;
  for (const auto& stratum : subject.classes) {
    const Part part = part_of(stratum, by_class[stratum.label], all);
    out.as_good += part.good;
    variance += part.variance;
    shares += stratum.share;
    rows += static_cast<double>(stratum.rows);
  }
  if (shares <= 0) return std::nullopt;
  out.as_good = std::clamp(out.as_good / shares, 0.0, 1.0);
  variance /= shares * shares;
  // A rate of 0 or 1 has no spread, and what was not judged is uncertain all the same.
  const double guarded = (out.as_good * rows + 1) / (rows + 2), spread = guarded * (1 - guarded);
  const double effective = variance > 0 ? std::min(spread / variance, rows) : rows;
  out.interval = evals::wilson_interval_of_rate(out.as_good, std::max(effective, 1.0));
  return out;
}

std::optional<ShadowQuality> shadow_quality(const std::vector<Item>& items, const std::vector<Label>& labels) {
  const auto values = values_by_row(labels);
  std::set<std::string> judged;
  for (const auto& label : labels) judged.insert(label.record_id);
  ShadowQuality out;
  double good = 0;
  for (const auto& item : items) {
    if (item.source != Source::kShadow) continue;
    ++out.rows;
    out.judged += judged.contains(item.record_id) ? 1 : 0;
    const auto value = values.find(item.record_id);
    if (value == values.end()) continue;
    ++out.told;
    good += value->second;
  }
  if (out.rows == 0) return std::nullopt;
  if (out.told == 0) return out;
  out.as_good = good / static_cast<double>(out.told);
  out.interval = evals::wilson_interval_of_rate(out.as_good, static_cast<double>(out.told));
  return out;
}

std::vector<Agreement> agreements(const std::vector<Label>& labels) {
  const auto people = by_person(labels);
  std::vector<Agreement> out;
  for (auto first = people.begin(); first != people.end(); ++first) {
    for (auto second = std::next(first); second != people.end(); ++second) {
      if (auto found = agreement_of(first->first, first->second, second->first, second->second))
        out.push_back(std::move(*found));
    }
  }
  std::ranges::stable_sort(out, std::greater<>(), &Agreement::rows);
  return out;
}

std::optional<JudgeCheck> check_judge(const std::vector<Item>& items, const std::vector<Label>& labels) {
  const auto values = values_by_row(labels);
  JudgeCheck out;
  for (const auto& item : items) {
    const auto value = values.find(item.record_id);
    if (item.source != Source::kEvaluation || !item.judge || value == values.end() || value->second == 0.5) continue;
    const bool finds_good = *item.judge >= 0.5;
    if (value->second > 0.5) {
      ++out.good;
      out.found_good += finds_good ? 1 : 0;
    } else {
      ++out.bad;
      out.found_bad += finds_good ? 0 : 1;
    }
  }
  if (out.good + out.bad == 0) return std::nullopt;
  const auto interval = [](std::uint64_t k, std::uint64_t n) {
    return n == 0 ? evals::Interval{0, 1}
                  : evals::wilson_interval(static_cast<std::int64_t>(k), static_cast<std::int64_t>(n));
  };
  out.sensitivity = interval(out.found_good, out.good);
  out.specificity = interval(out.found_bad, out.bad);
  return out;
}

}  // namespace fw::review
