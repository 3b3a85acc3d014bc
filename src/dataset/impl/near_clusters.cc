#include "dataset/impl/near_clusters.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "dataset/impl/conversation.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kMostRuns = 128;
constexpr std::size_t kMostNames = 64;
constexpr std::size_t kFewestRuns = 5;  // without the frame: less says too little
constexpr std::size_t kSmallestFrame = 20;
constexpr std::size_t kIndexed = 4;  // hashes of a text that lead to others
constexpr std::size_t kMostCompared = 64;

using Hashes = std::vector<std::uint64_t>;

/// Jaccard's likeness by the hashes up to `cut`; 1 for two empty lists.
double likeness(const Hashes& a, const Hashes& b, std::uint64_t cut) {
  const auto end_a = std::ranges::upper_bound(a, cut);
  const auto end_b = std::ranges::upper_bound(b, cut);
  Hashes both;
  std::set_intersection(a.begin(), end_a, b.begin(), end_b, std::back_inserter(both));
  const auto all = static_cast<std::size_t>(end_a - a.begin()) + static_cast<std::size_t>(end_b - b.begin());
  return all == 0 ? 1 : static_cast<double>(both.size()) / static_cast<double>(all - both.size());
}

double likeness(const TextSketch& a, const TextSketch& b) { return likeness(a.runs, b.runs, std::min(a.cut, b.cut)); }

/// Of ascending runs, without names.
TextSketch sketch_of_runs(std::span<const std::uint64_t> runs) {
  const auto smallest = runs.first(std::min(runs.size(), kMostRuns));
  TextSketch sketch{.runs = {smallest.begin(), smallest.end()}, .names = {}};
  if (runs.size() > kMostRuns) sketch.cut = sketch.runs.back();
  return sketch;
}

}  // namespace

TextSketch sketch_of(const TurnsWords& words) {
  TextSketch sketch = sketch_of_runs(words.runs);
  const auto names = std::span(words.names).first(std::min(words.names.size(), kMostNames));
  sketch.names.assign(names.begin(), names.end());
  return sketch;
}

void NearClusters::add(TextSketch sketch, std::uint64_t context, std::span<const std::uint64_t> context_runs) {
  if (texts_.size() >= kMostTexts) return;
  const auto [it, fresh] = context_numbers_.try_emplace(context, static_cast<std::uint32_t>(contexts_.size()));
  if (fresh) contexts_.push_back(sketch_of_runs(context_runs));
  texts_.push_back({std::move(sketch), it->second});
}

std::vector<std::vector<std::uint32_t>> NearClusters::clusters_of(const std::vector<std::uint32_t>& left,
                                                                  double threshold) const {
  std::unordered_map<std::uint64_t, std::uint32_t> holders;
  for (const std::uint32_t text : left) {
    for (const std::uint64_t run : texts_[text].sketch.runs) ++holders[run];
  }
  const std::size_t frame = std::max<std::size_t>(kSmallestFrame, left.size() / 10);
  UnionFind sets(texts_.size());
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> held_by;  // texts by their smallest runs
  std::vector<Hashes> telling(texts_.size());
  for (const std::uint32_t text : left) {
    const TextSketch& sketch = texts_[text].sketch;
    Hashes& runs = telling[text];
    std::ranges::copy_if(sketch.runs, std::back_inserter(runs),
                         [&](std::uint64_t run) { return holders[run] <= frame; });
    if (runs.size() < kFewestRuns) continue;
    for (std::size_t i = 0; i < kIndexed; ++i) {
      auto& others = held_by[runs[i]];
      for (std::size_t k = others.size() - std::min(others.size(), kMostCompared); k < others.size(); ++k) {
        const std::uint32_t other = others[k];
        const Text& with = texts_[other];
        if (sets.find(text) == sets.find(other)) continue;
        const auto context = [&](std::uint32_t number) -> const TextSketch& { return contexts_[number]; };
        const bool is_near = likeness(runs, telling[other], std::min(sketch.cut, with.sketch.cut)) >= threshold &&
                             likeness(sketch.names, with.sketch.names, UINT64_MAX) >= threshold &&
                             (texts_[text].context == with.context ||
                              likeness(context(texts_[text].context), context(with.context)) >= threshold);
        if (is_near) sets.join(text, other);
      }
      others.push_back(text);
    }
  }
  std::map<std::uint32_t, std::vector<std::uint32_t>> groups;
  for (const std::uint32_t text : left) groups[sets.find(text)].push_back(text);
  std::vector<std::vector<std::uint32_t>> clusters;
  for (auto& [first, texts] : groups) {
    if (texts.size() > 1) clusters.push_back(std::move(texts));
  }
  std::ranges::stable_sort(clusters, std::ranges::greater(), [](const auto& texts) { return texts.size(); });
  return clusters;
}

}  // namespace fw::dataset
