#include "dataset/impl/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "dataset/impl/allocation.h"

namespace fw::dataset {
namespace {

using Rows = std::vector<std::size_t>;  ///< indices, ascending

/// Takes rows until every class has its quota: first conversations that fit whole, in random order, then single rows of
/// the smallest of those that do not.
class Draw {
 public:
  Draw(std::span<const SplitRow> rows, const Rows& from, std::span<const std::size_t> classes,
       std::vector<std::uint64_t> quota, Random& random)
      : from_(from), classes_(classes), quota_(std::move(quota)) {
    std::unordered_map<std::uint32_t, std::size_t> place;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto [it, fresh] = place.try_emplace(rows[from[i]].conversation, groups_.size());
      if (fresh) groups_.emplace_back();
      groups_[it->second].push_back(i);
    }
    random.shuffle(groups_);
  }

  Rows run() {
    std::multimap<std::size_t, const Rows*> unfit;  // by size; of one size in the order they came
    for (const Rows& group : groups_) {
      if (fits(group)) {
        take(group);
      } else {
        unfit.emplace(group.size(), &group);
      }
    }
    for (const auto& [size, group] : unfit) take(*group);
    std::sort(taken_.begin(), taken_.end());
    return std::move(taken_);
  }

 private:
  bool fits(const Rows& group) const {
    std::unordered_map<std::size_t, std::uint64_t> need;
    return std::all_of(group.begin(), group.end(),
                       [&](std::size_t i) { return ++need[classes_[i]] <= quota_[classes_[i]]; });
  }

  void take(const Rows& group) {
    for (const std::size_t i : group) {
      if (quota_[classes_[i]] == 0) continue;
      --quota_[classes_[i]];
      taken_.push_back(from_[i]);
    }
  }

  const Rows& from_;
  std::span<const std::size_t> classes_;  ///< per entry of from_
  std::vector<std::uint64_t> quota_;
  std::vector<Rows> groups_;  ///< positions in from_
  Rows taken_;
};

class Splitter {
 public:
  Splitter(std::span<const SplitRow> rows, const SplitSettings& settings, std::uint64_t seed)
      : rows_(rows), settings_(settings), seed_(seed) {
    split_.sides.assign(rows.size(), Side::kTrain);
    for (const SplitRow& row : rows) classes_.push_back(row.label);
  }

  Result<Split> run() {
    draw_evaluation();
    leave_out_conversations(Side::kEval, Side::kConversationOfEvaluation);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].is_newest && split_.sides[i] == Side::kTrain) split_.sides[i] = Side::kNewestSurplus;
    }
    FW_TRY(draw_validation());
    leave_out_conversations(Side::kValidation, Side::kConversationOfValidation);
    return std::move(split_);
  }

 private:
  void draw_evaluation() {
    Rows newest;
    Rows older;
    for (std::size_t i = 0; i < rows_.size(); ++i) (rows_[i].is_newest ? newest : older).push_back(i);
    const std::uint64_t size = std::min<std::uint64_t>(settings_.eval_size, rows_.size());
    const auto wanted = static_cast<std::uint64_t>(
        std::llround(static_cast<double>(settings_.eval_size) * settings_.newest_eval_share));
    std::uint64_t of_newest = std::min<std::uint64_t>({wanted, size, newest.size()});
    const std::uint64_t of_older = std::min<std::uint64_t>(size - of_newest, older.size());
    of_newest = size - of_older;
    split_.newest_eval = draw(newest, of_newest, Side::kEval, "dataset/eval/newest");
    split_.eval = draw(older, of_older, Side::kEval, "dataset/eval");
  }

  Status draw_validation() {
    Rows rest;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (split_.sides[i] == Side::kTrain) rest.push_back(i);
    }
    const std::uint64_t size = settings_.val_ratio > 0 ? rows_of_ratio(settings_.val_ratio, rest.size()) : 0;
    if (size > 0 && size >= rest.size()) {
      return failed_precondition("no training rows: validation takes all " + std::to_string(rest.size()) +
                                 " rows that evaluation leaves; lower data_split_config.val_ratio or eval_size");
    }
    split_.validation = draw(rest, size, Side::kValidation, "dataset/validation");
    return {};
  }

  /// Rows keep the class of the first draw that merged them, as the second is made of what the first left.
  Stage draw(const Rows& from, std::uint64_t count, Side side, const char* purpose) {
    Stage stage{.rows = count, .of = from.size()};
    if (count == 0) return stage;
    std::vector<std::string> names;
    for (const std::size_t i : from) names.push_back(classes_[i]);
    names = merge_singles(names);
    for (std::size_t k = 0; k < from.size(); ++k) classes_[from[k]] = names[k];
    stage.not_stratified = why_not_stratified(count_classes(names), count);

    Random random = Random::for_purpose(seed_, purpose);
    std::vector<std::size_t> classes(from.size(), 0);
    std::vector<std::uint64_t> quota{count};
    if (stage.not_stratified.empty()) quota = quotas(names, count, classes, random);
    for (const std::size_t i : Draw(rows_, from, classes, std::move(quota), random).run()) split_.sides[i] = side;
    return stage;
  }

  static std::vector<std::uint64_t> quotas(const std::vector<std::string>& names, std::uint64_t count,
                                           std::vector<std::size_t>& classes, Random& random) {
    std::map<std::string, std::size_t> index;
    std::vector<std::uint64_t> counts;
    for (const auto& [name, size] : count_classes(names)) {
      index[name] = counts.size();
      counts.push_back(size);
    }
    for (std::size_t i = 0; i < names.size(); ++i) classes[i] = index.at(names[i]);
    return allocate(counts, count, random).value();
  }

  void leave_out_conversations(Side of, Side as) {
    std::unordered_set<std::uint32_t> taken;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (split_.sides[i] == of) taken.insert(rows_[i].conversation);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (split_.sides[i] == Side::kTrain && taken.contains(rows_[i].conversation)) split_.sides[i] = as;
    }
  }

  std::span<const SplitRow> rows_;
  const SplitSettings& settings_;
  std::uint64_t seed_;
  std::vector<std::string> classes_;
  Split split_;
};

}  // namespace

Result<Split> split_rows(std::span<const SplitRow> rows, const SplitSettings& settings, std::uint64_t seed) {
  return Splitter(rows, settings, seed).run();
}

}  // namespace fw::dataset
