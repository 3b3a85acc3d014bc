#include "dataset/impl/leak_search.h"

#include <algorithm>
#include <set>

#include "codec/utf8.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kShownBytes = 400;

}  // namespace

LeakSearch::LeakSearch(double threshold, std::size_t rows)
    : threshold_(threshold),
      requests_(NearDuplicates::Measure::kJaccard, NearDuplicates::frame_of(rows)),
      answers_(NearDuplicates::Measure::kHeld, NearDuplicates::frame_of(rows)) {}

void LeakSearch::add_evaluation(const RowText& text) {
  requests_.add(text.seen, text.system);
  answers_.add(text.answer);
}

void LeakSearch::add_training(const RowText& text) {
  requests_.compare(text.seen, text.system);
  answers_.compare(text.seen + '\n' + text.answer);
}

std::string beginning_of(const std::string& text) {
  return std::string(codec::utf8_prefix(text, kShownBytes)) + (text.size() > kShownBytes ? " ..." : "");
}

std::uint64_t texts_in(std::span<const NearDuplicates::Pair> pairs) {
  std::set<std::uint32_t> texts;
  for (const auto& pair : pairs) texts.insert(pair.text);
  return texts.size();
}

std::vector<NearDuplicates::Pair> most_alike(std::vector<NearDuplicates::Pair> pairs, std::size_t count) {
  std::ranges::stable_sort(pairs, std::ranges::greater(), &NearDuplicates::Pair::likeness);
  pairs.resize(std::min(pairs.size(), count));
  return pairs;
}

}  // namespace fw::dataset
