#include "dataset/impl/weights.h"

#include <map>
#include <utility>

namespace fw::dataset {
namespace {

struct Stratum {
  double rows = 0;
  double drawn = 0;
};

}  // namespace

std::vector<double> evaluation_weights(const Selected& selected, const Survey& survey, const Split& split) {
  std::map<std::pair<bool, std::uint32_t>, Stratum> strata;  // by part and class
  Stratum all;
  const auto stratum_of = [&](std::size_t i) {
    return std::pair(bool(split.in_newest[i]), survey.records[selected.rows[i].record].label);
  };
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    const double drawn = split.sides[i] == Side::kEval ? 1 : 0;
    Stratum& stratum = strata[stratum_of(i)];
    stratum.rows += 1;
    stratum.drawn += drawn;
    all.rows += 1;
    all.drawn += drawn;
  }
  // What the drawn classes of a part have to stand for.
  std::map<bool, Stratum> parts;
  for (const auto& [key, stratum] : strata) {
    parts[key.first].rows += stratum.rows;
    if (stratum.drawn > 0) parts[key.first].drawn += stratum.rows;
  }
  std::vector<double> weights(selected.rows.size(), 0);
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    if (split.sides[i] != Side::kEval) continue;
    const Stratum& stratum = strata.at(stratum_of(i));
    const Stratum& part = parts.at(split.in_newest[i]);
    const double stands_for = stratum.rows / stratum.drawn * (part.rows / part.drawn) / (all.rows / all.drawn);
    weights[i] = stands_for * selected.rows[i].repeats;
  }
  return weights;
}

}  // namespace fw::dataset
