#include "evals/summary.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "evals/statistics/percentile.h"

namespace fw::evals {
namespace {

using modelops::AnswerKind;
using modelops::RowResult;
using Rows = std::span<const RowResult>;

constexpr std::size_t kMaxReasons = 20;

/// Numbers for conversations, in the order in which they come. A frequent request belongs to many: each of its asks
/// stands alone.
class ClusterNumbers {
 public:
  std::uint32_t of(const RowResult& row) {
    std::string name =
        row.traits.is_frequent ? row.record_id + " ask " + std::to_string(row.ask) : row.traits.conversation;
    return numbers_.emplace(std::move(name), static_cast<std::uint32_t>(numbers_.size())).first->second;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

template <class Contains, class Value>
Sample sample_of(Rows rows, Contains contains, Value value) {
  Sample sample;
  ClusterNumbers clusters;
  std::unordered_set<std::string_view> seen_rows;
  for (const RowResult& row : rows) {
    if (!contains(row)) continue;
    const auto seen = value(row);
    if (!seen) continue;
    sample.add(*seen, row.weight(), clusters.of(row));
    sample.again += seen_rows.insert(row.record_id).second ? 0 : 1;
  }
  return sample;
}

/// Whether the agreement of all these rows is a yes or no.
template <class Contains>
bool is_rate_over(Rows rows, const ScoringSettings& settings, Contains contains) {
  return std::ranges::all_of(rows, [&](const RowResult& row) {
    return !contains(row) || leading_metric(row.traits.kind, settings).kind == MetricKind::kRate;
  });
}

template <class Contains>
std::optional<Estimate> agreement_where(Rows rows, const ScoringSettings& settings, Contains contains) {
  const Sample sample = sample_of(rows, contains, [&](const RowResult& row) { return agreement_of(row, settings); });
  if (sample.size() == 0) return std::nullopt;
  return estimate(sample, is_rate_over(rows, settings, contains));
}

double weight_of(Rows rows) {
  double sum = 0;
  for (const RowResult& row : rows) sum += row.weight();
  return sum;
}

template <class Contains>
std::optional<GroupSummary> group_of(Rows rows, const ScoringSettings& settings, std::string name, std::string title,
                                     Contains contains) {
  const auto agreement = agreement_where(rows, settings, contains);
  if (!agreement) return std::nullopt;
  double weight = 0;
  for (const RowResult& row : rows)
    if (contains(row)) weight += row.weight();
  return GroupSummary{std::move(name), std::move(title), weight / weight_of(rows), *agreement};
}

struct GroupRule {
  const char* name;
  const char* title;
  bool (*contains)(const RowResult&);
};
struct Dimension {
  const char* name;
  const char* title;
  std::vector<GroupRule> groups;
};

const std::vector<GroupRule>& answer_kinds() {
  static const std::vector<GroupRule> kinds{
      {"tool_calls", "production called tools",
       [](const RowResult& r) { return r.traits.kind == AnswerKind::kToolCalls; }},
      {"text", "production answered in text", [](const RowResult& r) { return r.traits.kind == AnswerKind::kText; }},
  };
  return kinds;
}

const std::vector<Dimension>& dimensions() {
  static const std::vector<Dimension> all{
      {"newest",
       "time",
       {{"newest", "newest part", [](const RowResult& r) { return r.traits.is_newest; }},
        {"older", "older part", [](const RowResult& r) { return !r.traits.is_newest; }}}},
      {"template",
       "templates",
       {{"in_training", "template seen in training", [](const RowResult& r) { return r.traits.template_in_training; }},
        {"not_in_training", "template not in training",
         [](const RowResult& r) { return !r.traits.template_in_training; }}}},
      {"turn",
       "turn of the conversation",
       {{"first", "first turn", [](const RowResult& r) { return r.traits.turn <= 1; }},
        {"second_or_third", "turns 2 and 3",
         [](const RowResult& r) { return r.traits.turn == 2 || r.traits.turn == 3; }},
        {"later", "turn 4 and later", [](const RowResult& r) { return r.traits.turn >= 4; }}}},
      {"conversation_length",
       "length of the conversation",
       {{"1", "1 answer", [](const RowResult& r) { return r.traits.conversation_turns <= 1; }},
        {"2_to_5", "2 to 5 answers",
         [](const RowResult& r) { return r.traits.conversation_turns >= 2 && r.traits.conversation_turns <= 5; }},
        {"6_to_15", "6 to 15 answers",
         [](const RowResult& r) { return r.traits.conversation_turns >= 6 && r.traits.conversation_turns <= 15; }},
        {"16_or_more", "16 answers or more", [](const RowResult& r) { return r.traits.conversation_turns >= 16; }}}},
  };
  return all;
}

std::vector<GroupSummary> groups_of(Rows rows, const ScoringSettings& settings, const std::vector<GroupRule>& rules) {
  std::vector<GroupSummary> groups;
  for (const GroupRule& rule : rules)
    if (auto group = group_of(rows, settings, rule.name, rule.title, rule.contains))
      groups.push_back(std::move(*group));
  return groups;
}

void count_mistakes(const RowResult& row, std::map<std::string, std::uint64_t>& counts) {
  auto kinds = row.mistakes;
  std::ranges::sort(kinds);
  kinds.erase(std::ranges::unique(kinds).begin(), kinds.end());
  for (const std::string& kind : kinds) ++counts[kind];
}

std::vector<ClassSummary> classes_of(Rows rows, const ScoringSettings& settings) {
  std::map<std::string, std::vector<RowResult const*>> by_label;
  for (const RowResult& row : rows) by_label[row.traits.label].push_back(&row);
  std::vector<ClassSummary> classes;
  for (const auto& entry : by_label) {
    const std::string& label = entry.first;
    auto group =
        group_of(rows, settings, label, label, [&](const RowResult& row) { return row.traits.label == label; });
    if (!group) continue;
    ClassSummary one{.summary = std::move(*group)};
    for (const RowResult* row : entry.second) count_mistakes(*row, one.mistakes);
    classes.push_back(std::move(one));
  }
  std::ranges::stable_sort(classes, [](const ClassSummary& a, const ClassSummary& b) {
    const Estimate &x = a.summary.agreement, &y = b.summary.agreement;
    return x.mean != y.mean ? x.mean < y.mean : x.n > y.n;
  });
  return classes;
}

/// Every metric that rows of these kinds have, also where no row had a usable answer and all are 0.
std::vector<ScoreSummary> scores_of(Rows rows, const ScoringSettings& settings) {
  std::vector<ScoreSummary> scores;
  for (const Metric* metric : metrics()) {
    if (metric->is_judged && !settings.has_judge) continue;
    const Sample sample = sample_of(
        rows, [](const RowResult&) { return true; }, [&](const RowResult& row) { return value_of(row, *metric); });
    if (sample.size() > 0) scores.push_back({metric, estimate(sample, metric->kind == MetricKind::kRate)});
  }
  return scores;
}

void count_reason(const std::string& reason, std::map<std::string, std::uint64_t>& counts) {
  if (reason.empty()) return;
  ++counts[counts.contains(reason) || counts.size() < kMaxReasons ? reason : "other reasons"];
}

void count_rows(Rows rows, const ScoringSettings& settings, EvaluationSummary& out) {
  out.rows = rows.size();
  std::unordered_set<std::string_view> requests;
  for (const RowResult& row : rows) {
    requests.insert(row.record_id);
    count_mistakes(row, out.mistakes);
    count_reason(row.failure, out.failures);
    out.rows_failed += !row.is_answered();
    if (!row.is_answered()) continue;
    if (agreement_of(row, settings)) continue;
    ++out.rows_unscored;
    count_reason(row.error, out.unscored);
  }
  out.requests = requests.size();
}

FrequentSummary frequent_of(Rows rows, const ScoringSettings& settings) {
  FrequentSummary out;
  std::unordered_map<std::string_view, std::optional<double>> first;
  std::unordered_set<std::string_view> unsteady;
  double weight = 0;
  for (const RowResult& row : rows) {
    if (!row.traits.is_frequent) continue;
    ++out.asks;
    weight += row.weight();
    const auto seen = agreement_of(row, settings);
    const auto [entry, is_first] = first.emplace(row.record_id, seen);
    if (!is_first && entry->second != seen) unsteady.insert(row.record_id);
  }
  out.requests = first.size();
  out.unsteady = unsteady.size();
  if (out.requests > 0) out.share = weight / weight_of(rows);
  return out;
}

/// Of first asks: what is asked again at once is answered out of the server's cache.
std::optional<LatencySummary> latency_of(Rows rows, bool alone) {
  std::vector<double> latencies;
  for (const RowResult& row : rows)
    if (row.ask == 0 && (row.is_answered() || row.latency_seconds > 0) && row.was_alone == alone)
      latencies.push_back(row.latency_seconds);
  if (latencies.empty()) return std::nullopt;
  std::ranges::sort(latencies);
  return LatencySummary{latencies.size(), percentile_of_sorted(latencies, 50), percentile_of_sorted(latencies, 95)};
}

std::uint64_t without_usage(Rows rows) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(rows, [](const RowResult& row) { return row.is_answered() && row.prompt_tokens == 0; }));
}

/// Of the traffic's mix, as the agreement is. Cut answers have been paid for as well. What the server had computed
/// before is counted on first asks: it always has what is asked again at once.
std::optional<TokenSummary> tokens_of(Rows rows) {
  if (static_cast<double>(without_usage(rows)) > kMostMissing * static_cast<double>(rows.size())) return std::nullopt;
  double prompt = 0, completion = 0, weight = 0, cached = 0, cached_weight = 0;
  std::uint64_t total = 0;
  for (const RowResult& row : rows) {
    if (row.prompt_tokens == 0) continue;
    const double w = row.weight();
    prompt += w * static_cast<double>(row.prompt_tokens);
    completion += w * static_cast<double>(row.completion_tokens);
    weight += w;
    total += row.prompt_tokens + row.completion_tokens;
    if (row.ask > 0) continue;
    cached += row.traits.weight * static_cast<double>(std::min(row.cached_prompt_tokens, row.prompt_tokens));
    cached_weight += row.traits.weight;
  }
  if (weight <= 0) return std::nullopt;
  return TokenSummary{prompt / weight, cached_weight > 0 ? cached / cached_weight : 0, completion / weight, total};
}

/// The results of each row by their asks.
std::unordered_map<std::string_view, std::vector<const RowResult*>> by_record(Rows rows) {
  std::unordered_map<std::string_view, std::vector<const RowResult*>> all;
  for (const RowResult& row : rows) {
    auto& asks = all[row.record_id];
    if (asks.size() <= row.ask) asks.resize(row.ask + 1);
    asks[row.ask] = &row;
  }
  return all;
}

}  // namespace

std::optional<double> value_of(const RowResult& row, const Metric& metric) {
  if (!metric.applies_to(row.traits.kind)) return std::nullopt;
  if (!row.is_answered()) return 0.0;
  const auto found = row.scores.find(std::string(metric.name));
  if (found == row.scores.end()) return std::nullopt;
  return found->second;
}

std::optional<double> agreement_of(const RowResult& row, const ScoringSettings& settings) {
  return value_of(row, leading_metric(row.traits.kind, settings));
}

std::optional<Estimate> agreement_over(Rows rows, const ScoringSettings& settings, bool (*contains)(const RowResult&)) {
  return agreement_where(rows, settings, contains);
}

std::optional<Estimate> agreement_at_best(Rows rows, const ScoringSettings& settings) {
  const Sample sample = sample_of(
      rows, [](const RowResult&) { return true; },
      [&](const RowResult& row) -> std::optional<double> {
        const auto seen = agreement_of(row, settings);
        const bool is_graded = leading_metric(row.traits.kind, settings).kind == MetricKind::kGraded;
        // A call where production answered is wrong whatever its words.
        return seen && is_graded && row.is_answered() && row.mistakes.empty() ? 1.0 : seen;
      });
  if (sample.size() == 0) return std::nullopt;
  return estimate(sample, true);
}

double cost_per_1000(const modelops::Price& price, const TokenSummary& tokens) {
  const double cached = price.cached_input_per_million.value_or(price.input_per_million);
  return ((tokens.prompt_mean - tokens.cached_prompt_mean) * price.input_per_million +
          tokens.cached_prompt_mean * cached + tokens.completion_mean * price.output_per_million) /
         1000;
}

EvaluationSummary summarize(Rows rows, const ScoringSettings& settings, const std::optional<modelops::Price>& price) {
  EvaluationSummary out;
  count_rows(rows, settings, out);
  out.frequent = frequent_of(rows, settings);
  out.agreement = agreement_where(rows, settings, [](const RowResult&) { return true; });
  out.by_answer_kind = groups_of(rows, settings, answer_kinds());
  out.scores = scores_of(rows, settings);
  for (const Dimension& dimension : dimensions()) {
    auto groups = groups_of(rows, settings, dimension.groups);
    if (!groups.empty()) out.breakdown.push_back({dimension.name, dimension.title, std::move(groups)});
  }
  out.classes = classes_of(rows, settings);
  out.latency_alone = latency_of(rows, true);
  out.latency_loaded = latency_of(rows, false);
  out.tokens = tokens_of(rows);
  out.rows_without_usage = without_usage(rows);
  if (price && out.tokens) out.cost_per_1000 = cost_per_1000(*price, *out.tokens);
  return out;
}

std::optional<PairedEstimate> compare_evaluations(Rows a, Rows b, const ScoringSettings& settings, std::uint64_t seed) {
  const auto others = by_record(b);
  const bool weigh_as_a = a.size() <= b.size();
  PairedSample sample;
  ClusterNumbers clusters;
  bool is_rate = true;
  for (const RowResult& row : a) {
    const auto found = others.find(row.record_id);
    if (found == others.end() || row.ask >= found->second.size()) continue;
    const RowResult* other = found->second[row.ask];
    if (other == nullptr) continue;
    const auto value_a = agreement_of(row, settings), value_b = agreement_of(*other, settings);
    if (!value_a || !value_b) continue;
    is_rate = is_rate && leading_metric(row.traits.kind, settings).kind == MetricKind::kRate;
    const double weight = (weigh_as_a ? row : *other).traits.weight / std::min(row.asks, other->asks);
    sample.add(*value_a, *value_b, weight, clusters.of(row));
  }
  if (sample.size() == 0) return std::nullopt;
  return compare(sample, is_rate, Random::for_purpose(seed, "evals.compare"));
}

}  // namespace fw::evals
