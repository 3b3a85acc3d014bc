#include "runs/impl/divergent_rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace fw::runs {

namespace {

using modelops::RowResult;
using nlohmann::ordered_json;

constexpr std::size_t kMostRows = 20;
constexpr double kGradedAgreement = 0.5;

/// A part of captured or received JSON; null where it has none.
ordered_json part(const std::string& text, const ordered_json::json_pointer& where) {
  const auto value = ordered_json::parse(text, nullptr, false);
  if (value.is_discarded() || !value.contains(where)) return nullptr;
  return value.at(where);
}

/// The best evaluation of each candidate, best first.
std::vector<const Contender*> best_of_each(const std::vector<Contender>& ranked) {
  std::vector<const Contender*> best;
  for (const auto& one : ranked) {
    const bool is_known = std::ranges::any_of(best, [&](const auto* b) { return b->candidate == one.candidate; });
    if (!is_known) best.push_back(&one);
  }
  return best;
}

ordered_json answer_json(const ReportInput& input, const Contender& contender, const RowResult& row) {
  return {{"model_name", input.config.candidates.at(contender.candidate).model.name},
          {"eval_type", to_string(contender.type)},
          {"message", part(row.response, ordered_json::json_pointer("/choices/0/message"))},
          {"scores", row.scores},
          {"error", row.failure.empty() && row.error.empty() ? ordered_json() : ordered_json(row.failure + row.error)}};
}

using RowIndex = std::unordered_map<std::string_view, const RowResult*>;

RowIndex index_of(const std::vector<RowResult>& rows) {
  RowIndex index;
  for (const auto& row : rows) index.emplace(row.record_id, &row);
  return index;
}

/// The request as production saw it: an in-context evaluation's own has examples in front.
const RowResult& row_as_asked(const ReportInput& input, std::size_t candidate, const RowResult& row) {
  const auto base = input.rows.find({candidate, modelops::EvalType::kBase});
  if (base == input.rows.end()) return row;
  const auto found = std::ranges::find(base->second, row.record_id, &RowResult::record_id);
  return found == base->second.end() ? row : *found;
}

}  // namespace

ordered_json divergent_rows(const ReportInput& input, const std::vector<Contender>& ranked,
                            const std::string& leading) {
  ordered_json list = ordered_json::array();
  if (ranked.empty()) return list;
  const auto best = best_of_each(ranked);
  std::vector<RowIndex> rows;
  for (const auto* one : best) rows.push_back(index_of(input.rows.at({one->candidate, one->type})));
  const double agreement = ranked.front().score.interval_kind == "wilson" ? 1.0 : kGradedAgreement;
  for (const auto& row : input.rows.at({ranked.front().candidate, ranked.front().type})) {
    const auto score = evals::score_of(row, leading);
    if (!score || *score >= agreement) continue;
    ordered_json answers = ordered_json::array();
    for (std::size_t i = 0; i < best.size(); ++i) {
      if (const auto found = rows[i].find(row.record_id); found != rows[i].end()) {
        answers.push_back(answer_json(input, *best[i], *found->second));
      }
    }
    const auto& asked = row_as_asked(input, ranked.front().candidate, row);
    list.push_back({{"record_id", row.record_id},
                    {"label", row.traits.label},
                    {"template_in_training", row.traits.template_in_training},
                    {"messages", part(asked.request, ordered_json::json_pointer("/messages"))},
                    {"reference", part(row.reference, ordered_json::json_pointer(""))},
                    {"answers", std::move(answers)}});
    if (list.size() == kMostRows) break;
  }
  return list;
}

}  // namespace fw::runs
