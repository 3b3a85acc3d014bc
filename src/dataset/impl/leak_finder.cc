#include "dataset/impl/leak_finder.h"

#include <algorithm>
#include <set>

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
Status LeakFinder::each_text(std::span<const std::size_t> rows, Visit visit, SuspectFinder* suspects) {
  std::vector<record::RecordId> ids;
  for (const std::size_t row : rows) ids.push_back(id_of(row));
  std::size_t seen = 0;
  return request_.records.read(ids, [&](std::span<const record::Interaction> page) -> Status {
    std::vector<RowText> texts(page.size());
    std::vector<TextSketch> sketches(suspects == nullptr ? 0 : page.size());
    parallel_for(page.size(), [&](std::size_t worker, std::size_t i) {
      texts[i] = texts_[worker]->of_exchange(page[i].request, page[i].response);
      const std::size_t row = rows[seen + i];
      if (suspects == nullptr) return;
      sketches[i] = sketch_of(texts[i].seen);
      suspects->look(worker, row, rows_[row].template_hash, page[i].request, page[i].response);
    });
    for (std::size_t i = 0; i < page.size(); ++i) {
      if (seen++ % kRowsBetweenChecks == 0) FW_TRY(request_.deadline.check("look for near-duplicates"));
      if (suspects != nullptr) clusters_.add(std::move(sketches[i]), texts[i].system);
      visit(page[i].id, texts[i]);
    }
    return {};
  });
}

Result<std::vector<std::size_t>> LeakFinder::find(std::span<const Side> sides, SuspectFinder& suspects) {
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if (sides[i] == Side::kEval) evaluated_.push_back(i);
    if (trains(sides[i])) training_.push_back(i);
  }
  LeakSearch search(request_.split.near_duplicate_threshold, evaluated_.size() + training_.size());
  const auto evaluate = [&](const auto&, const RowText& text) {
    search.add_evaluation(text);
    evaluated_answers_.push_back(hash_of_words(text.answer));
  };
  const auto train = [&](const auto&, const RowText& text) {
    search.add_training(text);
    training_answers_.push_back(hash_of_words(text.answer));
  };
  FW_TRY(each_text(evaluated_, evaluate, &suspects));
  FW_TRY(each_text(training_, train, &suspects));
  requests_ = search.requests();
  answers_ = search.answers();
  std::vector<std::size_t> near;
  for (const auto& pair : requests_) {
    if (search.is_near(pair)) near.push_back(training_[pair.other]);
  }
  return near;
}

std::uint64_t LeakFinder::near(const Pairs& pairs) const {
  Pairs found = pairs;
  std::erase_if(found, [&](const auto& pair) { return pair.likeness < request_.split.near_duplicate_threshold; });
  return texts_in(found);
}

Status LeakFinder::measure(std::span<const Side> sides, std::span<const std::vector<std::size_t>> examples,
                           Leak& leak) {
  const auto has_gone = [&](const auto& pair) { return !trains(sides[training_[pair.other]]); };
  std::erase_if(requests_, has_gone);
  std::erase_if(answers_, has_gone);
  leak.near_duplicate_threshold = request_.split.near_duplicate_threshold;
  leak.eval_rows_near_training = near(requests_);
  leak.eval_rows_answered_in_training = texts_in(answers_);
  GivenAnswers given;
  for (const std::uint64_t answer : evaluated_answers_) given.add(answer);
  for (std::size_t i = 0; i < training_.size(); ++i) {
    if (trains(sides[training_[i]])) given.add(training_answers_[i]);
  }
  leak.eval_rows_own_answer_in_training =
      texts_in(own_first(answers_, [&](std::uint32_t text) { return !given.is_usual(evaluated_answers_[text]); }));
  Pairs shown = requests_;
  std::erase_if(shown, [&](const auto& pair) {
    return pair.text >= examples.size() ||
           std::ranges::find(examples[pair.text], training_[pair.other]) == examples[pair.text].end();
  });
  leak.eval_rows_near_example = near(shown);
  FW_TRY(show(most_alike(requests_, kShownPairs), LeakPair::Kind::kRequest, leak));
  return show(most_alike(answers_, kShownPairs), LeakPair::Kind::kAnswer, leak);
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

Status LeakFinder::show(const Pairs& pairs, LeakPair::Kind kind, Leak& leak) {
  for (const auto& pair : pairs) {
    const std::vector<std::size_t> rows{evaluated_[pair.text], training_[pair.other]};
    std::vector<LeakText> sides;
    FW_TRY(each_text(rows, [&](const record::RecordId& id, const RowText& text) {
      sides.push_back({*id, beginning_of(kind == LeakPair::Kind::kRequest ? text.last_user : text.answer)});
    }));
    leak.pairs.push_back({kind, pair.likeness, std::move(sides.at(0)), std::move(sides.at(1))});
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
