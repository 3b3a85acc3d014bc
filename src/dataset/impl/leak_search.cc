#include "dataset/impl/leak_search.h"

#include <algorithm>
#include <set>

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
  if (text.size() <= kShownBytes) return text;
  std::size_t end = kShownBytes;  // between two characters
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + " ...";
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
