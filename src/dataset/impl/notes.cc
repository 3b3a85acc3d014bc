#include "dataset/impl/notes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/percent.h"
#include "dataset/reasons.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kShownRetired = 5;
constexpr std::size_t kShownClasses = 10;
constexpr std::size_t kShownLike = 3;  // classes

bool is_written(Side side) { return side == Side::kTrain || side == Side::kValidation || side == Side::kEval; }

std::string amount(std::uint64_t n, const std::string& one, const std::string& many) {
  return std::to_string(n) + ' ' + (n == 1 ? one : many);
}

std::string_view reason_of(Side side) {
  switch (side) {
    case Side::kConversationOfEvaluation: return reasons::kConversationOfEvaluation;
    case Side::kTemplateOfEvaluation: return reasons::kTemplateOfEvaluation;
    case Side::kNearEvaluation: return reasons::kNearEvaluation;
    case Side::kSuspicious: return reasons::kSuspiciousAnswer;
    case Side::kConversationOfValidation: return reasons::kConversationOfValidation;
    case Side::kNewestSurplus: return reasons::kNewestSurplus;
    default: return "";
  }
}

template <class KeyOf>
std::uint64_t on_two_sides(const std::vector<Row>& rows, const std::vector<Side>& sides, KeyOf key_of) {
  std::unordered_map<std::uint64_t, Side> seen;
  std::unordered_set<std::uint64_t> twice;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!is_written(sides[i])) continue;
    const auto [it, fresh] = seen.try_emplace(key_of(rows[i]), sides[i]);
    if (it->second != sides[i]) twice.insert(it->first);
  }
  return twice.size();
}

std::string conversations_note(const Selected& selected, const Split& split, const Leak& leak) {
  std::unordered_map<std::uint32_t, std::uint64_t> sizes;
  for (const Row& row : selected.rows) ++sizes[row.conversation];
  std::uint64_t several = 0;
  std::uint64_t rows = 0;
  for (const auto& [conversation, size] : sizes) {
    several += size > 1;
    rows += size > 1 ? size : 0;
  }
  const auto left_out = std::ranges::count_if(split.sides, [](Side side) {
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
  notes.push_back(amount(stage.rows, what + " row was", what + " rows were") + " drawn from " +
                  std::to_string(stage.of) + " in proportion to their classes and lengths of conversation.");
}

void add_repeats(const Selected& selected, std::vector<std::string>& notes) {
  const SelfAgreement& repeats = selected.self_agreement;
  if (repeats.requests == 0) return;
  notes.push_back(amount(repeats.requests, "request", "requests") + " came more than once, " +
                  std::to_string(selected.conflicting_requests) +
                  " of them with answers that differ: the answer of most records was kept, of equals the newest. " +
                  percent(static_cast<double>(repeats.agreeing) / static_cast<double>(repeats.records)) + " of the " +
                  std::to_string(repeats.records) + " records agree with it.");
}

void add_frequent(const Selected& selected, const Split& split, std::vector<std::string>& notes) {
  std::uint64_t rows = 0, records = 0, all = 0;
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    const std::uint64_t repeats = selected.rows[i].repeats;
    all += repeats;
    rows += split.is_frequent[i] ? 1 : 0;
    records += split.is_frequent[i] ? repeats : 0;
  }
  if (rows == 0) return;
  notes.push_back(amount(rows, "request came", "requests came") + " so often (" +
                  percent(static_cast<double>(records) / static_cast<double>(all)) +
                  " of the records) that an evaluation row each was not left to the lot.");
}

void add_repairs(const Step& validate, std::vector<std::string>& notes) {
  for (const auto& [what, count] : validate.repaired) {
    notes.push_back(amount(count, "record was", "records were") + " repaired: " + what + '.');
  }
}

void add_strays(const Selected& selected, std::vector<std::string>& notes) {
  if (selected.strays == 0) return;
  notes.push_back(amount(selected.strays, "record bears a time", "records bear times") +
                  " far from all others; the time span is that of the others.");
  if (selected.ahead == 0) return;
  notes.push_back("Of these, " + amount(selected.ahead, "record bears a time", "records bear times") +
                  " more than a day after these datasets were made (are clocks wrong?): such records are not of the "
                  "newest part.");
}

void add_apart(const BuildRequest& request, const Selected& selected, std::vector<std::string>& notes) {
  if (request.split.newest_holdout <= 0 || !selected.apart_between) return;
  notes.push_back(amount(selected.apart, "record bears a time", "records bear times") + " far from all others' (" +
                  to_iso8601(selected.apart_between->first) + " to " + to_iso8601(selected.apart_between->second) +
                  "), too many to be left aside: the newest part is told from them too (are clocks wrong?).");
}

void add_newest(const BuildRequest& request, const Selected& selected, const Split& split, const Card& card,
                std::vector<std::string>& notes) {
  if (request.split.newest_holdout <= 0) return;
  if (!selected.newest_from) {
    notes.push_back("All records bear the same time: there is no newest part to keep out of training.");
    return;
  }
  const auto surplus = std::ranges::count(split.sides, Side::kNewestSurplus);
  if (card.holdout) {
    notes.push_back("The newest " + percent_as_set(request.split.newest_holdout) + " of the time span (from " +
                    to_iso8601(*selected.newest_from) + " on) was kept out of training, " +
                    amount(static_cast<std::uint64_t>(surplus), "row", "rows") +
                    ", and is not measured: the evaluation rows are fixed (data_split_config.holdout_job).");
    return;
  }
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < split.sides.size(); ++i)
    rows += split.in_newest[i] && split.sides[i] == Side::kEval ? 1 : 0;
  notes.push_back("The newest " + percent_as_set(request.split.newest_holdout) + " of the time span (from " +
                  to_iso8601(*selected.newest_from) + " on) was kept out of training: " +
                  amount(rows, "row of it is an evaluation row", "rows of it are evaluation rows") + ", " +
                  amount(static_cast<std::uint64_t>(surplus), "row is", "rows are") + " not used.");
}

void add_templates(const BuildRequest& request, const Card& card, std::vector<std::string>& notes) {
  const TemplateCounts& t = card.templates;
  std::string note = std::to_string(t.rows_unseen) + " of " +
                     amount(t.rows_seen + t.rows_unseen, "evaluation row has", "evaluation rows have") +
                     " a last user message whose template no training row has";
  if (t.rows_left_out > 0) {
    note += "; " + amount(t.rows_left_out, "row was", "rows were") +
            " kept out of training to keep templates and cases on one side";
  }
  if (t.rows_seen > 0 && request.split.keep_templates_together) {
    note += "; the " + std::to_string(t.rows_seen) +
            " others share one with training: short messages, the newest part, "
            "or templates that are too much of the traffic to be kept apart";
  }
  notes.push_back(note + '.');
  notes.push_back(amount(card.leak.eval_rows_said_in_training, "evaluation row has", "evaluation rows have") +
                  " a last user message that a training row has word for word (in another request); " +
                  amount(card.leak.eval_rows_near_training, "has", "have") +
                  " a near-duplicate in training (likeness " + percent(card.leak.near_duplicate_threshold) +
                  " and more), the request of " + std::to_string(card.leak.eval_rows_request_in_training) +
                  " stands whole in another training row, the answers of " +
                  std::to_string(card.leak.eval_rows_answered_in_training) + " stand in a training row, of " +
                  std::to_string(card.leak.eval_rows_own_answer_in_training) +
                  " of them ones that fewer than three conversations give.");
  if (t.newest_known_share >= 0) {
    notes.push_back("Of the newest part's rows, " + percent(t.newest_known_share) +
                    " have a template that the older part has.");
  }
}

void add_clusters(const NearDuplicateCounts& counts, std::vector<std::string>& notes) {
  if (counts.clusters == 0) return;
  notes.push_back(amount(counts.rows, "row is", "rows are") + " in " + amount(counts.clusters, "cluster", "clusters") +
                  " of near-duplicates, the largest of " + amount(counts.largest.front().rows(), "row", "rows") + "; " +
                  amount(counts.training_and_validation, "cluster has", "clusters have") +
                  " rows in training and in validation.");
  if (counts.called_differently == 0) return;
  notes.push_back("In " + amount(counts.called_differently, "cluster", "clusters") +
                  " of near-duplicates production calls different tools for nearly equal requests.");
}

/// Those that are too rare for the draw.
void add_unmeasured(const std::vector<ClassCounts>& classes, std::vector<std::string>& notes) {
  std::string names;
  std::size_t count = 0;
  for (const ClassCounts& one : classes) {
    if (one.eval > 0 || one.train + one.validation == 0) continue;
    if (count++ >= kShownClasses) continue;
    names +=
        (names.empty() ? "\"" : ", \"") + one.label + "\" (" + amount(one.train + one.validation, "row", "rows") + ')';
  }
  if (count == 0) return;
  notes.push_back(amount(count, "class has", "classes have") + " no evaluation row, and how a model does on " +
                  (count == 1 ? "it" : "them") + " is not measured: " + names +
                  (count > kShownClasses ? ", ..." : "."));
}

void add_examples(const BuildRequest& request, std::uint64_t eval_rows, const RowFigures& figures,
                  std::vector<std::string>& notes) {
  if (request.icl.selection == ExampleSelection::kSimilar && figures.example_rows > 0) {
    notes.push_back(
        "Examples of an in-context row are the training rows whose last user message is the most like its own, by " +
        (request.icl.embedding ? "the vectors of " + request.icl.embedding->name +
                                     (request.embedder.empty() ? "" : " (" + request.embedder + ")")
                               : std::string("the words that they share (BM25)")) +
        ".");
  }
  if (figures.cut_texts > 0) {
    notes.push_back("Of " + amount(figures.cut_texts, "text", "texts") + " that examples are chosen by, " +
                    request.icl.embedding->name + " has seen only the beginning: more is not taken.");
  }
  if (figures.rows_short_of_examples == 0) return;
  notes.push_back(std::to_string(figures.rows_short_of_examples) + " of " +
                  amount(eval_rows, "in-context row has", "in-context rows have") + " fewer than " +
                  amount(request.icl.min_examples, "example", "examples") + " (icl_config.min_examples): " +
                  (figures.example_rows == 0
                       ? "there are no training rows to take them from."
                       : "more do not fit into icl_config.max_context_length less reserved_tokens."));
}

/// The estimate without its reserve (tokens.h).
std::uint64_t expected(std::uint64_t estimated) { return estimated * 5 / 6; }

std::optional<std::string> too_long_note(const ContextLimit& limit, const std::vector<std::uint64_t>& tokens,
                                         const std::string& kind) {
  const auto beyond = static_cast<std::uint64_t>(std::ranges::count_if(
      tokens, [&](std::uint64_t count) { return expected(count) + limit.answer_tokens > limit.context_length; }));
  if (beyond == 0) return std::nullopt;
  constexpr std::uint64_t kStep = 1024;
  const std::uint64_t enough = (std::ranges::max(tokens) + limit.answer_tokens + kStep - 1) / kStep * kStep;
  return std::to_string(beyond) + " of " + amount(tokens.size(), kind + " row is", kind + " rows are") +
         " about as long as the context of \"" + limit.model + "\" or longer (" + std::to_string(limit.context_length) +
         " tokens, " + std::to_string(limit.answer_tokens) +
         " of them for the answer) and may get no answer, which counts as wrong; context_length: " +
         std::to_string(enough) + " holds them, if the model has as much.";
}

void add_corrections(const std::optional<CorrectionCounts>& counts, std::vector<std::string>& notes) {
  if (!counts) return;
  std::string note = amount(counts->train + counts->validation, "row of training and validation has",
                            "rows of training and validation have") +
                     " the answer that people gave instead of production's, of " +
                     amount(counts->given, "corrected answer", "corrected answers");
  if (counts->evaluation > 0) {
    note += "; " +
            amount(counts->evaluation, "other was drawn for evaluation and keeps",
                   "others were drawn for evaluation and keep") +
            " production's answer there, so that every row is measured alike (another random_seed draws others)";
  }
  notes.push_back(note + '.');
}

void add_holdout(const HoldoutCounts& set, std::vector<std::string>& notes) {
  std::string note = "The evaluation rows are those of job " + set.job +
                     " (data_split_config.holdout_job): " + std::to_string(set.evaluated) + " of " +
                     std::to_string(set.rows) + ", with the weights that they were drawn with. ";
  if (set.records_since > 0) {
    note += "The newest of their records is of " + to_iso8601(from_epoch_seconds(set.newest_record)) + "; " +
            std::to_string(set.records_since) + " of " + amount(set.records, "record", "records") +
            " came since and are not in them: how a model does on that traffic is not measured.";
  } else {
    note += "No record came since.";
  }
  notes.push_back(std::move(note));
  if (set.answered_otherwise > 0) {
    notes.push_back(amount(set.answered_otherwise, "evaluation row keeps the answer that it was",
                           "evaluation rows keep the answers that they were") +
                    " drawn with, although most records of the request give another by now.");
  }
}

/// With the first records of each.
std::string reasons_of(const std::vector<HoldoutCounts::Retired>& retired) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const auto& one : retired) by_reason[one.why].push_back(one.record_id);
  std::string out;
  for (const auto& [reason, records] : by_reason) {
    out += (out.empty() ? "" : "; ") + reason + ": " + std::to_string(records.size()) + " (";
    for (std::size_t i = 0; i < std::min(records.size(), kShownRetired); ++i) out += (i > 0 ? ", " : "") + records[i];
    out += records.size() > kShownRetired ? ", ...)" : ")";
  }
  return out;
}

void add_suspicious(const SuspiciousCounts& counts, std::vector<std::string>& notes) {
  std::uint64_t training = 0;
  std::uint64_t evaluation = 0;
  std::string reasons;
  for (const auto& reason : counts.reasons) {
    training += reason.training;
    evaluation += reason.evaluation;
    reasons += (reasons.empty() ? "" : "; ") + reason.why + ": " + std::to_string(reason.training + reason.evaluation);
  }
  if (training + evaluation == 0) return;
  notes.push_back(std::to_string(training) + " of " +
                  amount(counts.training_rows, "row that may train has", "rows that may train have") +
                  " an answer that looks wrong and " +
                  (counts.left_out ? "were left out" : "train all the same (data_split_config.suspicious_answers)") +
                  ", " + std::to_string(evaluation) + " of " +
                  amount(counts.evaluation_rows, "evaluation row", "evaluation rows") + ", which are kept (" + reasons +
                  ").");
}

std::string said_alike(const LikeRequests& like) {
  std::string text = "Of " + amount(like.rows, "row of training that calls", "rows of training that call") +
                     " a tool the five whose last messages are most like theirs call the same in " +
                     percent(like.agreeing_share) +
                     " (any others at the same point of the conversation: " + percent(like.chance_share) + ')';
  for (std::size_t i = 0; i < std::min(like.classes.size(), kShownLike); ++i) {
    const auto& one = like.classes[i];
    text += (i == 0 ? "; the least " : ", ") + one.label + ' ' + percent(one.agreeing_share);
  }
  return text;
}

void add_like_requests(const LikeRequests& like, std::vector<std::string>& notes) {
  if (like.classes.size() > 1 && !like.is_noisy()) notes.push_back(said_alike(like) + '.');
}

}  // namespace

void warn_of_noise(const LikeRequests& like, std::vector<std::string>& warnings) {
  if (!like.is_noisy()) return;
  warnings.push_back(said_alike(like) +
                     ": production's answers are noisy, or what decides them is not in the last message; look at "
                     "these rows before a model learns from them.");
}

void warn_of_changes(const HoldoutCounts& set, std::vector<std::string>& warnings) {
  if (!set.retired.empty()) {
    warnings.push_back(std::to_string(set.retired.size()) + " of " +
                       amount(set.rows, "evaluation row", "evaluation rows") + " of job " + set.job + ", with " +
                       percent(set.retired_weight_share) +
                       " of their weight, are retired and not replaced, so that figures on the others do not quite "
                       "compare with that job's: " +
                       reasons_of(set.retired) + '.');
  }
  if (set.rewritten > 0) {
    warnings.push_back(
        amount(set.rewritten, "evaluation row reads", "evaluation rows read") +
        " otherwise than in the dataset of job " + set.job +
        " (the log store has other texts by now, or rows are made in another way): figures on such rows do "
        "not compare with that job's.");
  }
}

void warn_of_not_read(const NotRead& not_read, std::vector<std::string>& warnings) {
  if (not_read.waiting > 0) {
    warnings.push_back("About " +
                       amount(not_read.waiting, "record was acknowledged but not in the log store yet",
                              "records were acknowledged but not in the log store yet") +
                       " when the window was read, and these datasets lack what waited: " + not_read.why + '.');
  }
  std::uint64_t all = 0;
  std::string reasons;
  for (const auto& [reason, count] : not_read.left_out) {
    all += count;
    reasons += (reasons.empty() ? "" : "; ") + reason + ": " + std::to_string(count);
  }
  if (all > 0) {
    warnings.push_back(amount(all, "document of the workload in the log store is no record and is",
                              "documents of the workload in the log store are no records and are") +
                       " in no window (" + reasons + ").");
  }
}

std::vector<std::string> too_long_for(const std::vector<ContextLimit>& contexts, const RowFigures& figures) {
  std::vector<std::string> out;
  for (const ContextLimit& limit : contexts) {
    if (auto note = too_long_note(limit, figures.request_tokens, "evaluation")) {
      out.push_back(*note);
    } else if (auto with = too_long_note(limit, figures.request_tokens_with_examples, "in-context")) {
      out.push_back(*with + " Or lower icl_config.max_context_length.");
    }
  }
  return out;
}

Step split_step(const Selected& selected, const Split& split) {
  Step step{"split", selected.rows.size(), 0, {}, {}};
  for (const Side side : split.sides) {
    const auto reason = reason_of(side);
    reason.empty() ? ++step.out : ++step.reasons[std::string(reason)];
  }
  return step;
}

Leak measure_leak(const Selected& selected, const Survey& survey, const std::vector<Side>& sides) {
  Leak leak;
  leak.conversations_on_two_sides =
      on_two_sides(selected.rows, sides, [](const Row& row) { return std::uint64_t{row.conversation}; });
  leak.requests_on_two_sides =
      on_two_sides(selected.rows, sides, [&](const Row& row) { return survey.records[row.record].request; });
  return leak;
}

TemplateCounts count_templates(const Selected& selected, const Split& split) {
  TemplateCounts counts;
  std::unordered_set<std::uint64_t> all;
  std::unordered_set<std::uint64_t> older;
  std::uint64_t newest = 0;
  std::uint64_t known = 0;
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    all.insert(selected.rows[i].template_hash);
    if (!split.in_newest[i] || (split.is_frequent[i] && !selected.rows[i].is_newest))
      older.insert(selected.rows[i].template_hash);
    counts.rows_left_out += split.sides[i] == Side::kTemplateOfEvaluation;
  }
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    if (!split.in_newest[i]) continue;
    ++newest;
    known += older.contains(selected.rows[i].template_hash);
  }
  counts.templates = all.size();
  if (newest > 0) counts.newest_known_share = static_cast<double>(known) / static_cast<double>(newest);
  return counts;
}

std::vector<std::string> write_notes(const BuildRequest& request, const Selected& selected, const Split& split,
                                     const Card& card, const RowFigures& figures) {
  std::vector<std::string> notes;
  add_repairs(selected.steps[1], notes);
  add_repeats(selected, notes);
  notes.push_back(conversations_note(selected, split, card.leak));
  add_strays(selected, notes);
  add_apart(request, selected, notes);
  if (card.holdout) add_holdout(*card.holdout, notes);
  add_newest(request, selected, split, card, notes);
  add_stage(selected.newest_from ? "older evaluation" : "evaluation", split.eval, notes);
  add_stage("newest evaluation", split.newest_eval, notes);
  add_stage("validation", split.validation, notes);
  add_frequent(selected, split, notes);
  if (figures.example_rows == 0) notes.push_back("Evaluation takes all rows: none are left for training and examples.");
  add_templates(request, card, notes);
  add_corrections(card.corrections, notes);
  add_suspicious(card.suspicious, notes);
  add_like_requests(card.like_requests, notes);
  add_clusters(card.near_duplicates, notes);
  add_unmeasured(card.classes, notes);
  add_examples(request, card.templates.rows_seen + card.templates.rows_unseen, figures, notes);
  return notes;
}

}  // namespace fw::dataset
