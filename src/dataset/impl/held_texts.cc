#include "dataset/impl/held_texts.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace fw::dataset {
namespace {

constexpr std::size_t kMostRuns = 4096;

}  // namespace

void HeldTexts::add(std::uint32_t row, std::span<const std::uint64_t> runs) {
  const auto number = static_cast<std::uint32_t>(texts_.size());
  runs = runs.first(std::min(runs.size(), kMostRuns));
  texts_.push_back({row, static_cast<std::uint32_t>(runs.size())});
  for (const std::uint64_t run : runs) {
    Holders& holders = runs_[run];
    const bool is_counted = !holders.texts.empty() && texts_[holders.texts.back()].row == row;
    holders.count += is_counted ? 0 : 1;
    if (holders.count > frame_) {
      --texts_.back().runs;
    } else {
      holders.texts.push_back(number);
    }
  }
}

std::optional<std::uint32_t> HeldTexts::find_part(std::uint64_t hash) const {
  const auto found = part_numbers_.find(hash);
  return found == part_numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::uint32_t HeldTexts::add_part(std::uint64_t hash, std::span<const std::uint64_t> runs) {
  const auto [it, is_new] = part_numbers_.try_emplace(hash, static_cast<std::uint32_t>(parts_.size()));
  if (!is_new) return it->second;
  Part part;
  for (const std::uint64_t run : runs) {
    const auto found = runs_.find(run);
    if (found != runs_.end() && found->second.count <= frame_) part.held.push_back(&found->second);
  }
  std::ranges::sort(part.held, std::less<>());
  part.held.erase(std::unique(part.held.begin(), part.held.end()), part.held.end());
  part.held.shrink_to_fit();
  parts_.push_back(std::move(part));
  return it->second;
}

void HeldTexts::compare(std::span<const std::uint64_t> runs, std::span<const std::uint32_t> parts) {
  Row row{seen_++, {}, {}};
  for (const std::uint32_t part : parts) {
    if (parts_[part].held.empty() || std::ranges::find(row.parts, part) != row.parts.end()) continue;
    row.parts.push_back(part);
    for (Holders* holders : parts_[part].held) {
      // Two parts may hold one run; a row holds it once.
      const bool is_counted = std::ranges::any_of(row.parts, [&](std::uint32_t other) {
        return other != part && std::ranges::binary_search(parts_[other].held, holders, std::less<>());
      });
      holders->count += is_counted ? 0 : 1;
    }
    std::erase_if(parts_[part].held, [&](const Holders* holders) { return holders->count > frame_; });
  }
  for (const std::uint64_t run : runs) {
    const auto found = runs_.find(run);
    if (found == runs_.end()) continue;
    Holders* holders = &found->second;
    const bool is_counted = std::ranges::any_of(row.parts, [&](std::uint32_t part) {
      return std::ranges::binary_search(parts_[part].held, holders, std::less<>());
    });
    if (is_counted || ++holders->count > frame_) continue;
    row.held.push_back(holders);
  }
  if (!row.held.empty() || !row.parts.empty()) rows_.push_back(std::move(row));
}

void HeldTexts::finish() {
  const auto is_frame = [&](const Holders* holders) { return holders->count > frame_; };
  for (auto& [run, holders] : runs_) {
    if (!is_frame(&holders)) continue;
    for (const std::uint32_t text : holders.texts) --texts_[text].runs;
    holders.texts = {};
  }
  for (Part& part : parts_) std::erase_if(part.held, is_frame);
  for (Row& row : rows_) std::erase_if(row.held, is_frame);
}

std::vector<NearDuplicates::Pair> HeldTexts::pairs(double least) const {
  std::vector<NearDuplicates::Pair> pairs;
  std::vector<std::uint32_t> common(texts_.size(), 0);
  for (const Row& row : rows_) {
    std::vector<Holders*> held = row.held;
    for (const std::uint32_t part : row.parts)
      held.insert(held.end(), parts_[part].held.begin(), parts_[part].held.end());
    if (!row.parts.empty()) {
      std::ranges::sort(held, std::less<>());
      held.erase(std::unique(held.begin(), held.end()), held.end());
    }
    std::vector<std::uint32_t> touched;
    for (const Holders* holders : held) {
      for (const std::uint32_t text : holders->texts) {
        if (common[text]++ == 0) touched.push_back(text);
      }
    }
    std::ranges::sort(touched);
    for (const std::uint32_t text : touched) {
      const Text& of = texts_[text];
      const double like = static_cast<double>(std::exchange(common[text], 0)) / static_cast<double>(of.runs);
      if (of.runs < fewest_ || like < least) continue;
      const bool is_again = !pairs.empty() && pairs.back().other == row.number && pairs.back().text == of.row;
      if (is_again) {
        pairs.back().likeness = std::max(pairs.back().likeness, like);
      } else {
        pairs.push_back({of.row, row.number, like});
      }
    }
  }
  return pairs;
}

}  // namespace fw::dataset
