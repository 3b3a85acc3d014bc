#include "dataset/impl/notes.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace fw::dataset {
namespace {

bool is_written(Side side) { return side == Side::kTrain || side == Side::kValidation || side == Side::kEval; }

std::string amount(std::uint64_t n, const std::string& one, const std::string& many) {
  return std::to_string(n) + ' ' + (n == 1 ? one : many);
}

std::string percent(double share) {
  const auto tenths = std::llround(share * 1000);
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : '.' + std::to_string(tenths % 10)) + " %";
}

template <class Key>
std::uint64_t on_two_sides(const std::vector<Row>& rows, const std::vector<Side>& sides, Key key_of) {
  std::map<decltype(key_of(rows.front())), std::pair<Side, bool>> seen;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!is_written(sides[i])) continue;
    const auto [it, fresh] = seen.try_emplace(key_of(rows[i]), sides[i], false);
    if (it->second.first != sides[i]) it->second.second = true;
  }
  return static_cast<std::uint64_t>(
      std::count_if(seen.begin(), seen.end(), [](const auto& entry) { return entry.second.second; }));
}

std::string conversations_note(const Selected& selected, const Split& split, const Leak& leak) {
  std::map<std::uint32_t, std::uint64_t> sizes;
  for (const Row& row : selected.rows) ++sizes[row.conversation];
  std::uint64_t several = 0;
  std::uint64_t rows = 0;
  for (const auto& [conversation, size] : sizes) {
    several += size > 1;
    rows += size > 1 ? size : 0;
  }
  const auto left_out = std::count_if(split.sides.begin(), split.sides.end(), [](Side side) {
    return side == Side::kConversationOfEvaluation || side == Side::kConversationOfValidation;
  });
  return std::to_string(rows) + " of " + amount(selected.rows.size(), "row belongs", "rows belong") + " to " +
         amount(several, "conversation", "conversations") + " of more than one row; " +
         amount(leak.conversations_on_two_sides, "conversation stands", "conversations stand") +
         " on two sides of the split, and " + amount(static_cast<std::uint64_t>(left_out), "row was", "rows were") +
         " left out to keep it so.";
}

void add_stage(const std::string& what, const Stage& stage, std::vector<std::string>& notes) {
  if (stage.rows == 0) return;
  const std::string drawn =
      amount(stage.rows, what + " row was", what + " rows were") + " drawn from " + std::to_string(stage.of) + ' ';
  notes.push_back(stage.not_stratified.empty()
                      ? drawn + "in proportion to their classes."
                      : drawn + "at random without regard to class (" + stage.not_stratified + ").");
}

void add_duplicates(const Selected& selected, std::vector<std::string>& notes) {
  if (selected.repeated_requests == 0) return;
  notes.push_back(amount(selected.repeated_requests, "request", "requests") + " came more than once, " +
                  std::to_string(selected.conflicting_requests) +
                  " of them with answers that differ; the earliest record of each was kept.");
}

void add_newest(const BuildRequest& request, const Selected& selected, const Split& split,
                std::vector<std::string>& notes) {
  if (request.split.newest_holdout <= 0) return;
  if (!selected.newest_from) {
    notes.push_back("All records bear the same time: there is no newest part to keep out of training.");
    return;
  }
  const auto surplus = std::count(split.sides.begin(), split.sides.end(), Side::kNewestSurplus);
  notes.push_back("The newest " + percent(request.split.newest_holdout) + " of the time span (from " +
                  to_iso8601(*selected.newest_from) + " on) was kept out of training: " +
                  amount(split.newest_eval.rows, "row of it is an evaluation row", "rows of it are evaluation rows") +
                  ", " + amount(static_cast<std::uint64_t>(surplus), "row is", "rows are") + " not used.");
}

void add_wordings(std::uint64_t eval_rows, const Leak& leak, const RowFigures& figures,
                  std::vector<std::string>& notes) {
  notes.push_back(std::to_string(figures.novel_wordings) + " of " +
                  amount(eval_rows, "evaluation row is", "evaluation rows are") + " worded as no training row is; " +
                  std::to_string(leak.eval_rows_said_in_training) +
                  (leak.eval_rows_said_in_training == 1 ? " has" : " have") +
                  " a last user message that a training row has word for word (in another request).");
}

void add_examples(const BuildRequest& request, std::uint64_t eval_rows, const RowFigures& figures,
                  std::vector<std::string>& notes) {
  if (figures.rows_short_of_examples == 0) return;
  notes.push_back(std::to_string(figures.rows_short_of_examples) + " of " +
                  amount(eval_rows, "in-context row has", "in-context rows have") + " fewer than " +
                  amount(request.icl.min_examples, "example", "examples") + " (icl_config.min_examples): " +
                  (figures.example_rows == 0
                       ? "there are no training rows to take them from."
                       : "more do not fit into icl_config.max_context_length less reserved_tokens."));
}

}  // namespace

Leak measure_leak(const std::vector<Row>& rows, const std::vector<Side>& sides) {
  return {.conversations_on_two_sides = on_two_sides(rows, sides, [](const Row& row) { return row.conversation; }),
          .requests_on_two_sides = on_two_sides(rows, sides, [](const Row& row) { return row.request_key; })};
}

std::vector<std::string> write_notes(const BuildRequest& request, const Selected& selected, const Split& split,
                                     const Leak& leak, const RowFigures& figures) {
  std::vector<std::string> notes;
  const auto eval_rows = static_cast<std::uint64_t>(std::count(split.sides.begin(), split.sides.end(), Side::kEval));
  add_duplicates(selected, notes);
  notes.push_back(conversations_note(selected, split, leak));
  add_newest(request, selected, split, notes);
  add_stage(selected.newest_from ? "older evaluation" : "evaluation", split.eval, notes);
  add_stage("newest evaluation", split.newest_eval, notes);
  add_stage("validation", split.validation, notes);
  if (figures.example_rows == 0) notes.push_back("Evaluation takes all rows: none are left for training and examples.");
  add_wordings(eval_rows, leak, figures, notes);
  add_examples(request, eval_rows, figures, notes);
  return notes;
}

}  // namespace fw::dataset
