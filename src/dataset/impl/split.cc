#include "dataset/impl/split.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>

#include "dataset/impl/allocation.h"

namespace fw::dataset {
namespace {

using Rows = std::vector<std::size_t>;  ///< indices, ascending

class Splitter {
 public:
  Splitter(std::span<const SplitRow> rows, const SplitSettings& settings, std::uint64_t seed)
      : rows_(rows), settings_(settings), seed_(seed) {
    split_.sides.assign(rows.size(), Side::kTrain);
    split_.in_newest.assign(rows.size(), false);
  }

  Result<Split> run() {
    mark_newest();
    draw_evaluation();
    leave_out_conversations(Side::kEval, Side::kConversationOfEvaluation);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (split_.in_newest[i] && split_.sides[i] == Side::kTrain) split_.sides[i] = Side::kNewestSurplus;
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
    for (std::size_t i = 0; i < rows_.size(); ++i) (split_.in_newest[i] ? newest : older).push_back(i);
    const std::uint64_t size = std::min<std::uint64_t>(settings_.eval_size, rows_.size());
    const auto wanted = static_cast<std::uint64_t>(
        std::llround(static_cast<double>(settings_.eval_size) * settings_.newest_eval_share));
    std::uint64_t of_newest = std::min<std::uint64_t>({wanted, size, newest.size()});
    const std::uint64_t of_older = std::min<std::uint64_t>(size - of_newest, older.size());
    of_newest = size - of_older;
    split_.newest_eval = {of_newest, newest.size()};
    split_.eval = {of_older, older.size()};
    // Whatever stands in the newest part never trains: nothing of it must be kept apart.
    put({.rows = rows_, .from = std::move(newest), .count = of_newest, .seed = seed_, .purpose = "dataset/eval/newest"},
        Side::kEval);
    const std::uint64_t budget = std::max<std::uint64_t>(of_older, older.size() / 10);
    const Drawn drawn = put({.rows = rows_,
                             .from = older,
                             .count = of_older,
                             .budget = budget,
                             .keep_units = settings_.keep_templates_together,
                             .seed = seed_,
                             .purpose = "dataset/eval"},
                            Side::kEval);
    for (const std::size_t i : older) {
      if (split_.sides[i] == Side::kTrain && std::ranges::binary_search(drawn.held, rows_[i].unit)) {
        split_.sides[i] = Side::kTemplateOfEvaluation;
      }
    }
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
  Split split_;
};

}  // namespace

Result<Split> split_rows(std::span<const SplitRow> rows, const SplitSettings& settings, std::uint64_t seed) {
  return Splitter(rows, settings, seed).run();
}

}  // namespace fw::dataset
