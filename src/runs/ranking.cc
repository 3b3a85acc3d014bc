#include "runs/impl/ranking.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace fw::runs {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

}  // namespace

void rank(std::vector<Contender>& contenders) {
  std::ranges::sort(contenders, [](const Contender& a, const Contender& b) {
    const auto key = [](const Contender& c) {
      const double cost = c.summary->cost_per_1000.value_or(kUnknown);
      const double bound = c.is_promising() ? 0 : -c.agreement().interval.low;
      return std::make_tuple(c.verdict.decision, bound, cost, std::string_view(c.model_name), c.variant.has_adapter,
                             c.variant.has_examples, std::string_view(c.variant.prompt), c.candidate);
    };
    return key(a) < key(b);
  });
}

std::vector<const Contender*> best_of_each(const std::vector<Contender>& ranked) {
  std::vector<const Contender*> best;
  for (const auto& one : ranked) {
    const bool is_known = std::ranges::any_of(best, [&](const auto* b) { return b->candidate == one.candidate; });
    if (!is_known) best.push_back(&one);
  }
  return best;
}

std::string words_of(const Contender& contender) {
  return contender.model_name + ", " + modelops::title_of(contender.variant.id());
}

}  // namespace fw::runs
