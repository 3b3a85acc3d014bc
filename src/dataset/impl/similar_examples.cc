#include "dataset/impl/similar_examples.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace fw::dataset {
namespace {

constexpr std::size_t kCandidates = 5;  // for each place

}  // namespace

SimilarExamples::SimilarExamples(const IclSettings& settings, std::unique_ptr<Relevance> relevance)
    : places_(settings.max_examples),
      places_of_best_(
          static_cast<std::size_t>(std::floor(static_cast<double>(settings.max_examples) * settings.relevance_ratio))),
      relevance_(std::move(relevance)) {}

void SimilarExamples::add(Example example, std::string_view said) {
  examples_.push_back(std::move(example));
  relevance_->add(said);
}

std::vector<const Example*> SimilarExamples::covering(const Nearest& nearest) const {
  std::vector<const Example*> chosen;
  std::set<std::string_view> covered;
  std::vector<bool> is_chosen(nearest.size());
  const auto take = [&](std::size_t i) {
    is_chosen[i] = true;
    chosen.push_back(&examples_[nearest[i]]);
    covered.insert(chosen.back()->label);
  };
  for (std::size_t i = 0; i < std::min(places_of_best_, nearest.size()); ++i) take(i);
  for (const bool is_for_more_tools : {true, false}) {
    for (std::size_t i = 0; i < nearest.size() && chosen.size() < places_; ++i) {
      if (is_chosen[i] || (is_for_more_tools && covered.contains(examples_[nearest[i]].label))) continue;
      take(i);
    }
  }
  return chosen;
}

Result<std::vector<std::vector<const Example*>>> SimilarExamples::choose(std::span<const std::string> said,
                                                                         const MayShow& may_show) {
  FW_ASSIGN(auto nearest, relevance_->nearest(said, places_ * kCandidates));
  std::vector<std::vector<const Example*>> out;
  for (std::size_t i = 0; i < nearest.size(); ++i) {
    std::erase_if(nearest[i], [&](std::size_t example) { return !may_show(i, examples_[example]); });
    out.push_back(covering(nearest[i]));
  }
  return out;
}

}  // namespace fw::dataset
