#include "dataset/impl/leak_finder.h"

#include <algorithm>

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
    parallel_for(page.size(), [&](std::size_t worker, std::size_t i) {
      texts[i] = texts_[worker]->of_exchange(page[i].request, page[i].response);
      const std::size_t row = rows[seen + i];
      if (suspects != nullptr) suspects->look(worker, row, rows_[row].template_hash, page[i].request, page[i].response);
    });
    for (std::size_t i = 0; i < page.size(); ++i) {
      if (seen++ % kRowsBetweenChecks == 0) FW_TRY(request_.deadline.check("look for near-duplicates"));
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
  FW_TRY(each_text(evaluated_, [&](const auto&, const RowText& text) { search.add_evaluation(text); }, &suspects));
  FW_TRY(each_text(training_, [&](const auto&, const RowText& text) { search.add_training(text); }, &suspects));
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
  Pairs shown = requests_;
  std::erase_if(shown, [&](const auto& pair) {
    return pair.text >= examples.size() ||
           std::ranges::find(examples[pair.text], training_[pair.other]) == examples[pair.text].end();
  });
  leak.eval_rows_near_example = near(shown);
  FW_TRY(show(most_alike(requests_, kShownPairs), LeakPair::Kind::kRequest, leak));
  return show(most_alike(answers_, kShownPairs), LeakPair::Kind::kAnswer, leak);
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

Status check_leak(const Leak& leak, std::uint64_t eval_rows, const SplitSettings& settings) {
  const double share = static_cast<double>(leak.eval_rows_near_training) / static_cast<double>(eval_rows);
  if (eval_rows == 0 || share <= settings.max_leaked_share) return {};
  std::string example;
  if (!leak.pairs.empty() && leak.pairs.front().kind == LeakPair::Kind::kRequest) {
    example = "; the worst pair: records " + leak.pairs.front().evaluation.record_id + " and " +
              leak.pairs.front().training.record_id;
  }
  return failed_precondition(std::to_string(leak.eval_rows_near_training) + " of " + std::to_string(eval_rows) +
                             " evaluation rows (" + percent(share) +
                             ") are nearly rows of training, more than data_split_config.max_leaked_share (" +
                             percent(settings.max_leaked_share) +
                             ") allows; set keep_near_duplicates_apart, or raise max_leaked_share" + example);
}

}  // namespace fw::dataset
