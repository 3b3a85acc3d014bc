#include "dataset/impl/weights.h"

#include <map>
#include <tuple>

namespace fw::dataset {
namespace {

struct Stratum {
  double rows = 0;
  double drawn = 0;

  void add(bool is_drawn) {
    rows += 1;
    drawn += is_drawn ? 1 : 0;
  }
};

// With fewer drawn rows a class's own rate says more of the lot than of the class.
constexpr double kFewestDrawn = 5;
constexpr std::uint32_t kRareClasses = ~0U;

/// Part (newest or older), kind of answer, class: all classes of a kind that have few drawn rows are one stratum.
using Key = std::tuple<bool, bool, std::uint32_t>;

class Strata {
 public:
  Strata(const Selected& selected, const Survey& survey, const Split& split) {
    std::map<Key, Stratum> classes;
    keys_.reserve(selected.rows.size());
    for (std::size_t i = 0; i < selected.rows.size(); ++i) {
      const Surveyed& record = survey.records[selected.rows[i].record];
      keys_.emplace_back(bool(split.in_newest[i]), record.calls_tool, record.label);
      classes[keys_.back()].add(split.sides[i] == Side::kEval);
    }
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (classes.at(keys_[i]).drawn < kFewestDrawn) std::get<std::uint32_t>(keys_[i]) = kRareClasses;
      strata_[keys_[i]].add(split.sides[i] == Side::kEval);
    }
    for (const auto& [key, stratum] : strata_) {
      Stratum& part = parts_[std::get<0>(key)];
      part.rows += stratum.rows;
      if (stratum.drawn > 0) part.drawn += stratum.rows;
    }
  }

  /// Rows that the drawn row `i` stands for: those of its stratum, and of the part's strata that have none.
  [[nodiscard]] double stands_for(std::size_t i) const {
    const Stratum& stratum = strata_.at(keys_[i]);
    const Stratum& part = parts_.at(std::get<0>(keys_[i]));
    return stratum.rows / stratum.drawn * (part.rows / part.drawn);
  }

 private:
  std::vector<Key> keys_;  // by row
  std::map<Key, Stratum> strata_;
  std::map<bool, Stratum> parts_;  // drawn: rows of the strata that have drawn rows
};

}  // namespace

std::vector<double> evaluation_weights(const Selected& selected, const Survey& survey, const Split& split) {
  const Strata strata(selected, survey, split);
  Stratum all;
  for (const Side side : split.sides) all.add(side == Side::kEval);
  std::vector<double> weights(selected.rows.size(), 0);
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    if (split.sides[i] != Side::kEval) continue;
    weights[i] = strata.stands_for(i) / (all.rows / all.drawn) * selected.rows[i].repeats;
  }
  return weights;
}

}  // namespace fw::dataset
