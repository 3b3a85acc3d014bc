#include "dataset/impl/split.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "dataset/impl/allocation.h"

namespace fw::dataset {
namespace {

using Rows = std::vector<std::size_t>;  ///< indices, ascending

class Splitter {
 public:
  Splitter(std::span<const SplitRow> rows, const SplitSettings& settings, std::uint64_t seed, const LeaveOut& others)
      : rows_(rows), settings_(settings), seed_(seed), others_(others) {
    split_.sides.assign(rows.size(), Side::kTrain);
    split_.in_newest.assign(rows.size(), false);
    split_.is_frequent.assign(rows.size(), false);
  }

  Result<Split> run() {
    mark_newest();
    if (std::ranges::any_of(rows_, &SplitRow::is_held)) {
      hold_evaluation();
    } else {
      draw_evaluation();
    }
    leave_out_conversations(Side::kEval, Side::kConversationOfEvaluation);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (split_.in_newest[i] && split_.sides[i] == Side::kTrain) split_.sides[i] = Side::kNewestSurplus;
    }
    if (others_) {
      FW_ASSIGN(const auto others, others_(split_.sides));
      for (const LeftOut& one : others) split_.sides[one.row] = one.as;
    }
    FW_TRY(draw_validation());
    leave_out_conversations(Side::kValidation, Side::kConversationOfValidation);
    return std::move(split_);
  }

 private:
  void mark_newest() {
    std::unordered_set<std::uint32_t> conversations;
    for (const SplitRow& row : rows_) {
      if (row.is_newest) conversations.insert(row.conversation);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) split_.in_newest[i] = conversations.contains(rows_[i].conversation);
  }

  void draw_evaluation() {
    Rows newest;
    Rows older;
    Rows added;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      (rows_[i].is_added ? added : split_.in_newest[i] ? newest : older).push_back(i);
    const std::uint64_t size = std::min<std::uint64_t>(settings_.eval_size, newest.size() + older.size());
    const auto wanted = static_cast<std::uint64_t>(
        std::llround(static_cast<double>(settings_.eval_size) * settings_.newest_eval_share));
    std::uint64_t of_newest = std::min<std::uint64_t>({wanted, size, newest.size()});
    const std::uint64_t of_older = std::min<std::uint64_t>(size - of_newest, older.size());
    of_newest = size - of_older;
    split_.newest_eval = {of_newest, newest.size()};
    split_.eval = {of_older, older.size()};
    // Whatever stands in the newest part never trains: nothing of it must be kept apart.
    const std::uint64_t frequent_newest = take_frequent(newest, of_newest).size();
    put({.rows = rows_,
         .from = std::move(newest),
         .count = of_newest - frequent_newest,
         .seed = seed_,
         .purpose = "dataset/eval/newest"},
        Side::kEval);
    std::uint64_t budget = std::max<std::uint64_t>(of_older, older.size() / 10);
    const Rows all_older = older;
    const Rows frequent = take_frequent(older, of_older);
    std::vector<std::uint32_t> held = hold_units_of(frequent, all_older, budget);
    const Drawn drawn = put({.rows = rows_,
                             .from = std::move(older),
                             .count = of_older - frequent.size(),
                             .budget = budget,
                             .keep_units = settings_.keep_templates_together,
                             .seed = seed_,
                             .purpose = "dataset/eval"},
                            Side::kEval);
    held.insert(held.end(), drawn.held.begin(), drawn.held.end());
    keep_from_training(held, added);
    keep_from_training(std::move(held), all_older);
  }

  /// The rows of the hold-out set. Of their units those are held first that training did not have when the set was
  /// drawn, then those that keep the fewest rows from training.
  void hold_evaluation() {
    Rows older;
    Rows fixed;
    std::unordered_map<std::uint32_t, std::uint64_t> sizes;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].is_held) {
        split_.sides[i] = Side::kEval;
        fixed.push_back(i);
      } else if (!split_.in_newest[i]) {
        older.push_back(i);
        ++sizes[rows_[i].unit];
      }
    }
    std::uint64_t budget = std::max<std::uint64_t>(fixed.size(), older.size() / 10);
    std::ranges::stable_sort(fixed, {},
                             [&](std::size_t i) { return std::pair(rows_[i].was_seen, sizes[rows_[i].unit]); });
    keep_from_training(hold_units_of(fixed, older, budget), older);
  }

  void keep_from_training(std::vector<std::uint32_t> units, const Rows& part) {
    std::ranges::sort(units);
    for (const std::size_t i : part) {
      if (split_.sides[i] == Side::kTrain && std::ranges::binary_search(units, rows_[i].unit)) {
        split_.sides[i] = Side::kTemplateOfEvaluation;
      }
    }
  }

  /// Takes the frequent requests out of a part's rows and puts them on the evaluation side.
  Rows take_frequent(Rows& part, std::uint64_t count) {
    std::uint64_t records = 0;
    for (const std::size_t i : part) records += rows_[i].repeats;
    Rows frequent;
    if (count == part.size()) return frequent;  // all are taken
    for (const std::size_t i : part) {
      if (rows_[i].repeats > 1 && rows_[i].repeats * count > records) frequent.push_back(i);
    }
    std::ranges::stable_sort(frequent,
                             [&](std::size_t a, std::size_t b) { return rows_[a].repeats > rows_[b].repeats; });
    frequent.resize(std::min<std::size_t>(frequent.size(), count / 2));
    for (const std::size_t i : frequent) {
      split_.sides[i] = Side::kEval;
      split_.is_frequent[i] = true;
    }
    std::erase_if(part, [&](std::size_t i) { return split_.is_frequent[i]; });
    return frequent;
  }

  /// The units of these rows that no other side may have, as far as the budget goes, which they use up.
  std::vector<std::uint32_t> hold_units_of(const Rows& rows, const Rows& part, std::uint64_t& budget) const {
    std::vector<std::uint32_t> held;
    if (!settings_.keep_templates_together) return held;
    std::unordered_map<std::uint32_t, std::uint64_t> costs;
    for (const std::size_t i : part) ++costs[rows_[i].unit];
    std::unordered_set<std::uint32_t> tried;
    for (const std::size_t row : rows) {
      const std::uint32_t unit = rows_[row].unit;
      if (!tried.insert(unit).second) continue;
      const std::uint64_t cost = costs[unit] - (split_.is_frequent[row] ? 1 : 0);  // it is of the part itself
      if (cost > budget) continue;
      budget -= cost;
      held.push_back(unit);
    }
    return held;
  }

  Status draw_validation() {
    Rows rest;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (split_.sides[i] == Side::kTrain && !rows_[i].is_added) rest.push_back(i);
    }
    const std::uint64_t size = settings_.val_ratio > 0 ? rows_of_ratio(settings_.val_ratio, rest.size()) : 0;
    if (size > 0 && size >= rest.size()) {
      return failed_precondition("no training rows: validation takes all " + std::to_string(rest.size()) +
                                 " rows that evaluation leaves; lower data_split_config.val_ratio" +
                                 (settings_.holdout_job.empty() ? " or eval_size" : ", or collect more traffic"));
    }
    split_.validation = {size, rest.size()};
    put({.rows = rows_, .from = std::move(rest), .count = size, .seed = seed_, .purpose = "dataset/validation"},
        Side::kValidation);
    return {};
  }

  Drawn put(const DrawRequest& request, Side side) {
    Drawn drawn = draw(request);
    for (const std::size_t i : drawn.rows) split_.sides[i] = side;
    return drawn;
  }

  void leave_out_conversations(Side of, Side as) {
    std::unordered_set<std::uint32_t> taken;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (split_.sides[i] == of) taken.insert(rows_[i].conversation);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const bool is_free = split_.sides[i] == Side::kTrain || split_.sides[i] == Side::kTemplateOfEvaluation;
      if (is_free && taken.contains(rows_[i].conversation)) split_.sides[i] = as;
    }
  }

  std::span<const SplitRow> rows_;
  const SplitSettings& settings_;
  std::uint64_t seed_;
  const LeaveOut& others_;
  Split split_;
};

}  // namespace

Result<Split> split_rows(std::span<const SplitRow> rows, const SplitSettings& settings, std::uint64_t seed,
                         const LeaveOut& others) {
  return Splitter(rows, settings, seed, others).run();
}

}  // namespace fw::dataset
