#include <algorithm>
#include <unordered_map>

#include "runs/impl/report_parts.h"

namespace fw::runs {

namespace {

using modelops::RowResult;
using nlohmann::ordered_json;

constexpr std::size_t kMostRows = 5'000;

/// A part of captured or received JSON; null where it has none.
ordered_json part(const std::string& text, const ordered_json::json_pointer& where) {
  const auto value = ordered_json::parse(text, nullptr, false);
  if (value.is_discarded() || !value.contains(where)) return nullptr;
  return value.at(where);
}

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

bool is_divergent(const RowResult& row, const evals::ScoringSettings& scoring) {
  const auto agreement = evals::agreement_of(row, scoring);
  return agreement && *agreement < 1;
}

/// What a model said in a row: of several asks the first one that agrees least with production.
struct Said {
  const RowResult* row = nullptr;
  std::uint64_t asks = 0;
  std::uint64_t divergent = 0;  ///< of them
  double weight_divergent = 0;  ///< of those

  void add(const RowResult& other, const evals::ScoringSettings& scoring) {
    ++asks;
    if (is_divergent(other, scoring)) {
      ++divergent;
      weight_divergent += other.weight();
    }
    // Without a score it shows nothing.
    const auto value = [&](const RowResult& of) { return evals::agreement_of(of, scoring).value_or(2); };
    if (row == nullptr || value(other) < value(*row)) row = &other;
  }
};

ordered_json answer_json(const Contender& contender, const Said& said, double all_weight,
                         const evals::ScoringSettings& scoring) {
  const RowResult& row = *said.row;
  return {{"model_name", contender.model_name},
          {"variant", *contender.variant.id()},
          {"message", part(row.response, ordered_json::json_pointer("/choices/0/message"))},
          {"agreement", or_null(evals::agreement_of(row, scoring))},
          {"scores", row.scores},
          {"mistakes", row.mistakes},
          {"failure", text_or_null(row.failure)},
          {"error", text_or_null(row.error)},
          {"confidence", row.confidence ? ordered_json(*row.confidence) : ordered_json()},
          {"asks", said.asks},
          {"asks_divergent", said.divergent},
          {"share_divergent", all_weight > 0 ? said.weight_divergent / all_weight : 0}};
}

using RowIndex = std::unordered_map<std::string_view, Said>;

double weight_of(const std::vector<RowResult>& rows) {
  double sum = 0;
  for (const auto& row : rows) sum += row.weight();
  return sum;
}

RowIndex index_of(const std::vector<RowResult>& rows, const evals::ScoringSettings& scoring) {
  RowIndex index;
  for (const auto& row : rows) index[row.record_id].add(row, scoring);
  return index;
}

/// The rows of an evaluation whose prompts are as production saw them, without examples in front; others where there is
/// none.
const std::vector<RowResult>& rows_as_asked(const ReportInput& input, const Contender& best) {
  for (const auto& [key, evaluation] : input.evaluations) {
    const auto variant = modelops::find_variant(*key.second);
    if (variant && !variant->has_examples) return evaluation.rows;
  }
  return input.evaluations.at({best.candidate, best.variant.id()}).rows;
}

ordered_json row_json(const RowResult& row, const RowResult& asked) {
  const auto& traits = row.traits;
  return {{"record_id", row.record_id},
          {"label", traits.label},
          {"answer_kind", to_string(traits.kind)},
          {"conversation", traits.conversation},
          {"turn", traits.turn},
          {"template_in_training", traits.template_in_training},
          {"newest", traits.is_newest},
          {"messages", part(asked.request, ordered_json::json_pointer("/messages"))},
          {"reference", part(row.reference, ordered_json::json_pointer(""))},
          {"answers", ordered_json::array()}};
}

}  // namespace

std::uint64_t count_divergent(const std::vector<RowResult>& rows, const evals::ScoringSettings& scoring) {
  const RowIndex index = index_of(rows, scoring);
  return static_cast<std::uint64_t>(
      std::ranges::count_if(index, [](const auto& one) { return one.second.divergent > 0; }));
}

ordered_json divergent_rows_json(const ReportInput& input, const Findings& findings) {
  const std::uint64_t total = findings.divergent;
  ordered_json out{{"total", total}, {"left_out", 0}, {"rows", ordered_json::array()}};
  if (total == 0) return out;
  const auto best = best_of_each(findings.ranked);
  std::vector<RowIndex> rows;
  std::vector<double> weights;
  for (const auto* one : best) {
    const auto& results = input.evaluations.at({one->candidate, one->variant.id()}).rows;
    rows.push_back(index_of(results, findings.scoring));
    weights.push_back(weight_of(results));
  }
  const Contender& first = findings.ranked.front();
  const auto& first_rows = input.evaluations.at({first.candidate, first.variant.id()}).rows;
  const RowIndex of_first = index_of(first_rows, findings.scoring);
  const RowIndex asked = index_of(rows_as_asked(input, first), findings.scoring);
  for (const auto& row : first_rows) {
    if (row.ask > 0 || of_first.at(row.record_id).divergent == 0) continue;
    if (out["rows"].size() == kMostRows) break;
    const auto as_asked = asked.find(row.record_id);
    ordered_json one = row_json(row, as_asked == asked.end() ? row : *as_asked->second.row);
    for (std::size_t i = 0; i < best.size(); ++i) {
      if (const auto found = rows[i].find(row.record_id); found != rows[i].end())
        one["answers"].push_back(answer_json(*best[i], found->second, weights[i], findings.scoring));
    }
    out["rows"].push_back(std::move(one));
  }
  out["left_out"] = total - out["rows"].size();
  return out;
}

}  // namespace fw::runs
