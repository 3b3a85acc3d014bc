#include "dataset/impl/weights.h"

#include <map>
#include <tuple>

namespace fw::dataset {
namespace {

/// Records of the traffic, and of those that ask what drawn rows ask.
struct Stratum {
  double records = 0;
  double drawn = 0;
  double drawn_rows = 0;

  void add(std::uint32_t repeats, bool is_drawn) {
    records += repeats;
    drawn += is_drawn ? repeats : 0;
    drawn_rows += is_drawn ? 1 : 0;
  }
};

// With fewer drawn rows a class's own rate says more of the lot than of the class.
constexpr double kFewestDrawn = 5;
constexpr std::uint32_t kRareClasses = ~0U;

/// Part (newest or older), kind of answer, class: all classes of a kind that have few drawn rows are one stratum. Only
/// of rows that were left to the lot: a frequent request stands for itself alone.
using Key = std::tuple<bool, bool, std::uint32_t>;

bool is_by_lot(const Selected& selected, const Split& split, std::size_t row) {
  return !split.is_frequent[row] && !selected.rows[row].is_added;
}

class Strata {
 public:
  Strata(const Selected& selected, const Survey& survey, const Split& split) {
    std::map<Key, Stratum> classes;
    keys_.reserve(selected.rows.size());
    for (std::size_t i = 0; i < selected.rows.size(); ++i) {
      const Surveyed& record = survey.records[selected.rows[i].record];
      keys_.emplace_back(bool(split.in_newest[i]), record.calls_tool, record.label);
      if (is_by_lot(selected, split, i))
        classes[keys_.back()].add(selected.rows[i].repeats, split.sides[i] == Side::kEval);
    }
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (!is_by_lot(selected, split, i)) continue;
      if (classes.at(keys_[i]).drawn_rows < kFewestDrawn) std::get<std::uint32_t>(keys_[i]) = kRareClasses;
      strata_[keys_[i]].add(selected.rows[i].repeats, split.sides[i] == Side::kEval);
    }
    for (const auto& [key, stratum] : strata_) {
      Stratum& part = parts_[std::get<0>(key)];
      part.records += stratum.records;
      if (stratum.drawn > 0) part.drawn += stratum.records;
      all_.records += stratum.records;
      all_.drawn += stratum.drawn;
    }
  }

  /// Records for each of those that ask what the drawn row `i` asks: of its stratum, and of the part's strata that have
  /// no drawn row.
  [[nodiscard]] double stands_for(std::size_t i) const {
    const Stratum& stratum = strata_.at(keys_[i]);
    const Stratum& part = parts_.at(std::get<0>(keys_[i]));
    return stratum.records / stratum.drawn * (part.records / part.drawn);
  }

  /// The same over all rows that were left to the lot.
  [[nodiscard]] double at_large() const { return all_.drawn > 0 ? all_.records / all_.drawn : 1; }

 private:
  std::vector<Key> keys_;  // by row
  std::map<Key, Stratum> strata_;
  std::map<bool, Stratum> parts_;  // drawn: records of the strata that have drawn rows
  Stratum all_;
};

}  // namespace

std::vector<double> evaluation_weights(const Selected& selected, const Survey& survey, const Split& split) {
  const Strata strata(selected, survey, split);
  std::vector<double> weights(selected.rows.size(), 0);
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    if (split.sides[i] != Side::kEval) continue;
    const double stands_for = split.is_frequent[i] ? 1 : strata.stands_for(i);
    weights[i] = stands_for / strata.at_large() * selected.rows[i].repeats;
  }
  return weights;
}

}  // namespace fw::dataset
