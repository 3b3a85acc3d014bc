#include "dataset/impl/leak_finder.h"

#include <algorithm>
#include <set>
#include <utility>

#include "async/parallel_for.h"
#include "base/percent.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kRowsBetweenChecks = 64;

bool trains(Side side) { return side == Side::kTrain || side == Side::kValidation; }

}  // namespace

LeakFinder::LeakFinder(const BuildRequest& request, const Survey& survey, std::span<const Row> rows)
    : request_(request), survey_(survey), rows_(rows) {
  for (std::size_t i = 0; i < parallel_workers(); ++i) texts_.push_back(std::make_unique<RowTexts>());
}

template <class Visit>
Status LeakFinder::each_text(std::span<const std::size_t> rows, Visit visit) {
  std::vector<record::RecordId> ids;
  for (const std::size_t row : rows) ids.push_back(id_of(row));
  return request_.records.read(ids, [&](std::span<const record::Interaction> page) -> Status {
    FW_TRY(request_.deadline.check("look for near-duplicates"));
    for (const auto& record : page) visit(record.id, texts_.front()->of_exchange(record.request, record.response));
    return {};
  });
}

template <class Words, class Add>
Status LeakFinder::look(std::span<const std::size_t> rows, SuspectFinder& suspects, Words words, Add add) {
  std::vector<record::RecordId> ids;
  for (const std::size_t row : rows) ids.push_back(id_of(row));
  std::size_t seen = 0;
  return request_.records.read(ids, [&](std::span<const record::Interaction> page) -> Status {
    std::vector<RowWords> read(page.size());
    std::vector<TextSketch> sketches(page.size());
    parallel_for(page.size(), [&](std::size_t worker, std::size_t i) {
      const RowText text = texts_[worker]->of_exchange(page[i].request, page[i].response);
      const std::size_t row = rows[seen + i];
      read[i] = words(text);
      sketches[i] = sketch_of(read[i].turns);
      suspects.look(worker, row, rows_[row].template_hash, page[i].request, page[i].response);
    });
    for (std::size_t i = 0; i < page.size(); ++i) {
      if (seen++ % kRowsBetweenChecks == 0) FW_TRY(request_.deadline.check("look for near-duplicates"));
      const auto& prompt = read[i].prompt;
      clusters_.add(std::move(sketches[i]), read[i].prompt_hash,
                    prompt ? std::span(std::as_const(prompt->runs)) : std::span<const std::uint64_t>());
      add(std::move(read[i]));
    }
    return {};
  });
}

Result<std::vector<std::size_t>> LeakFinder::find(std::span<const Side> sides, SuspectFinder& suspects) {
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if (sides[i] == Side::kEval) evaluated_.push_back(i);
    if (trains(sides[i])) training_.push_back(i);
  }
  const double threshold = request_.split.near_duplicate_threshold;
  LeakSearch search(threshold, evaluated_.size() + training_.size());
  FW_TRY(look(
      evaluated_, suspects, [&](const RowText& text) { return search.words_of_evaluation(text); },
      [&](RowWords words) {
        evaluated_answers_.push_back({words.answer, words.turns.all});
        search.add_evaluation(std::move(words));
      }));
  FW_TRY(look(
      training_, suspects, [&](const RowText& text) { return search.words_of_training(text); },
      [&](RowWords words) {
        training_answers_.push_back({words.answer, words.turns.all});
        search.add_training(std::move(words));
      }));
  search.finish();
  found_ = FoundLeaks::of(search);
  const GivenAnswers given = given_answers(sides);
  for (const auto& pair : found_.requests) {
    if (search.is_near(pair)) give_away_.emplace(pair.text, pair.other);
  }
  for (const auto& pair : found_.held_requests) give_away_.emplace(pair.text, pair.other);
  for (const auto& pair : found_.answers) {
    if (!given.is_usual(evaluated_answers_[pair.text].words)) give_away_.emplace(pair.text, pair.other);
  }
  for (const auto& [text, other] : give_away_) giving_away_.insert(training_[other]);
  for (std::size_t i = 0; i < found_.equal_requests.size(); ++i) {
    for (const std::uint32_t text : found_.equal_requests[i].texts) group_of_evaluated_[text] = i;
    for (const std::uint32_t other : found_.equal_requests[i].others) {
      group_of_training_[training_[other]] = i;
      giving_away_.insert(training_[other]);
    }
  }
  std::vector<std::size_t> near;
  for (const std::uint32_t other : found_.leaking_rows(threshold)) near.push_back(training_[other]);
  return near;
}

bool LeakFinder::gives_away(std::size_t evaluated, std::size_t row) const {
  if (!giving_away_.contains(row)) return false;
  const auto place = std::ranges::lower_bound(training_, row) - training_.begin();
  const std::pair pair(static_cast<std::uint32_t>(evaluated), static_cast<std::uint32_t>(place));
  const auto group = group_of_evaluated_.find(pair.first);
  const auto others = group_of_training_.find(row);
  return give_away_.contains(pair) ||
         (group != group_of_evaluated_.end() && others != group_of_training_.end() && group->second == others->second);
}

GivenAnswers LeakFinder::given_answers(std::span<const Side> sides) const {
  GivenAnswers given;
  for (std::size_t i = 0; i < evaluated_.size(); ++i) {
    given.add(evaluated_answers_[i].words, rows_[evaluated_[i]].conversation, evaluated_answers_[i].turns);
  }
  for (std::size_t i = 0; i < training_.size(); ++i) {
    if (!trains(sides[training_[i]])) continue;
    given.add(training_answers_[i].words, rows_[training_[i]].conversation, training_answers_[i].turns);
  }
  return given;
}

Status LeakFinder::measure(std::span<const Side> sides, std::span<const std::vector<std::size_t>> examples,
                           Leak& leak) {
  found_.forget([&](std::uint32_t other) { return !trains(sides[training_[other]]); });
  const GivenAnswers given = given_answers(sides);
  const auto shown = found_.measure(
      request_.split.near_duplicate_threshold,
      [&](std::uint32_t text) { return !given.is_usual(evaluated_answers_[text].words); }, leak);
  leak.eval_rows_near_example = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    leak.eval_rows_near_example +=
        std::ranges::any_of(examples[i], [&](std::size_t row) { return gives_away(i, row); });
  }
  for (const auto& [kind, pair] : shown) {
    const std::vector<std::size_t> rows{evaluated_[pair.text], training_[pair.other]};
    std::vector<LeakText> texts;
    FW_TRY(each_text(rows, [&](const record::RecordId& id, const RowText& text) {
      texts.push_back({*id, beginning_of(shown_text(kind, text.last_user, text.answer))});
    }));
    leak.pairs.push_back({kind, pair.likeness, std::move(texts.at(0)), std::move(texts.at(1))});
  }
  return {};
}

std::vector<std::vector<std::size_t>> LeakFinder::near_groups() const {
  std::vector<std::vector<std::size_t>> groups;
  for (const auto& texts :
       clusters_.find(request_.split.near_duplicate_threshold, [](std::uint32_t) { return true; })) {
    auto& rows = groups.emplace_back();
    for (const std::uint32_t text : texts) rows.push_back(row_of(text));
  }
  return groups;
}

Status LeakFinder::count_clusters(std::span<const Side> sides, NearDuplicateCounts& counts) {
  const auto all = evaluated_.size() + training_.size();
  counts.not_looked_at = all - std::min(all, NearClusters::kMostTexts);
  const auto clusters = clusters_.find(request_.split.near_duplicate_threshold, [&](std::uint32_t text) {
    return text < evaluated_.size() || trains(sides[row_of(text)]);
  });
  counts.clusters = clusters.size();
  for (const auto& texts : clusters) {
    NearDuplicateCounts::Cluster cluster;
    std::vector<std::size_t> shown;
    std::set<std::uint64_t> answers;
    std::set<std::uint32_t> called;
    for (const std::uint32_t text : texts) {
      const Surveyed& record = survey_.records[rows_[row_of(text)].record];
      // Later turns of a conversation are like each other, and another answer is right at each.
      if (record.answers_before == 0) answers.insert(record.answer);
      if (record.answers_before == 0 && record.calls_tool) called.insert(record.label);
      const Side side = sides[row_of(text)];
      ++(side == Side::kTrain ? cluster.train : side == Side::kValidation ? cluster.validation : cluster.evaluation);
      if (shown.size() < kShownOfCluster) shown.push_back(row_of(text));
    }
    counts.rows += cluster.rows();
    cluster.answers = answers.size();
    counts.answered_differently += answers.size() > 1;
    counts.called_differently += called.size() > 1;
    counts.training_and_validation += cluster.train > 0 && cluster.validation > 0;
    if (counts.largest.size() == kShownClusters) continue;
    FW_TRY(each_text(shown, [&](const record::RecordId& id, const RowText& text) {
      cluster.examples.push_back({*id, beginning_of(text.last_user)});
    }));
    counts.largest.push_back(std::move(cluster));
  }
  return {};
}

namespace {

/// The most telling pair of a kind.
std::string worst_of(const Leak& leak, LeakPair::Kind kind) {
  const auto pair = std::ranges::find(leak.pairs, kind, &LeakPair::kind);
  if (pair == leak.pairs.end()) return "";
  return "; the worst pair: records " + pair->evaluation.record_id + " and " + pair->training.record_id;
}

std::string rows_beyond(std::uint64_t rows, std::uint64_t all, const std::string& what, const std::string& key,
                        double most) {
  return std::to_string(rows) + " of " + std::to_string(all) + " evaluation rows (" +
         percent(static_cast<double>(rows) / static_cast<double>(all)) + ") " + what +
         ", more than data_split_config." + key + " (" + percent(most) + ") allows; ";
}

}  // namespace

Status check_leak(const Leak& leak, std::uint64_t eval_rows, const SplitSettings& settings) {
  const auto is_beyond = [&](std::uint64_t rows, double most) {
    return static_cast<double>(rows) > most * static_cast<double>(eval_rows);
  };
  if (is_beyond(leak.eval_rows_near_training, settings.max_leaked_share)) {
    return failed_precondition(rows_beyond(leak.eval_rows_near_training, eval_rows, "are nearly rows of training",
                                           "max_leaked_share", settings.max_leaked_share) +
                               "set keep_near_duplicates_apart, or raise max_leaked_share" +
                               worst_of(leak, LeakPair::Kind::kRequest));
  }
  if (is_beyond(leak.eval_rows_request_in_training, settings.max_leaked_share)) {
    return failed_precondition(rows_beyond(leak.eval_rows_request_in_training, eval_rows,
                                           "have a request that stands whole in a row of training", "max_leaked_share",
                                           settings.max_leaked_share) +
                               "set keep_near_duplicates_apart, or raise max_leaked_share" +
                               worst_of(leak, LeakPair::Kind::kHeldRequest));
  }
  if (is_beyond(leak.eval_rows_own_answer_in_training, settings.max_answered_share)) {
    return failed_precondition(
        rows_beyond(leak.eval_rows_own_answer_in_training, eval_rows,
                    "have an answer of their own that stands in a row of training", "max_answered_share",
                    settings.max_answered_share) +
        "conversations that are captured in parts, or answers that are pasted into requests, look so; give the records "
        "of one conversation one conversation_id, or raise max_answered_share" +
        worst_of(leak, LeakPair::Kind::kAnswer));
  }
  return {};
}

}  // namespace fw::dataset
