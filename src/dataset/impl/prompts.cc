#include "dataset/impl/prompts.h"

#include <algorithm>
#include <iterator>

#include "dataset/impl/comparison_words.h"
#include "dataset/impl/dates.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kSketch = 32;

/// Of the smallest hashes of both together, how many both have, and how many they are.
std::pair<std::size_t, std::size_t> sketched(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::vector<std::uint64_t> all;
  std::ranges::set_union(a, b, std::back_inserter(all));
  all.resize(std::min(all.size(), kSketch));
  const auto both = std::ranges::count_if(all, [&](std::uint64_t word) {
    return std::ranges::binary_search(a, word) && std::ranges::binary_search(b, word);
  });
  return {static_cast<std::size_t>(both), all.size()};
}

}  // namespace

PromptWords prompt_words(std::string_view text) {
  ComparisonWords all = comparison_words(without_dates(text));
  PromptWords out{.key = hash_of(all.words), .runs = runs_of(all.words), .words = {}};
  sort_once(all.words);
  std::ranges::set_difference(all.words, all.names, std::back_inserter(out.words));
  out.words.resize(std::min(out.words.size(), kSketch));
  out.words.shrink_to_fit();
  return out;
}

std::optional<std::uint32_t> Prompts::find(std::uint64_t hash) const {
  const auto found = by_bytes_.find(hash);
  return found == by_bytes_.end() ? std::nullopt : std::optional(found->second);
}

std::uint32_t Prompts::add(std::uint64_t hash, PromptWords words, bool is_of_set) {
  const auto [it, is_new] = by_words_.try_emplace(words.key, static_cast<std::uint32_t>(prompts_.size()));
  by_bytes_[hash] = it->second;
  if (!is_new) return it->second;
  Prompt prompt{.runs = static_cast<std::uint32_t>(words.runs.size()), .words = std::move(words.words), .held = {}};
  for (const std::uint64_t run : words.runs) {
    const auto found = is_of_set ? runs_.try_emplace(run).first : runs_.find(run);
    if (found == runs_.end()) continue;
    Holders& holders = found->second;
    if (++holders.known > frame_) {
      --prompt.runs;
      continue;
    }
    if (is_of_set) holders.prompts.push_back(it->second);
    prompt.held.push_back(&holders);
  }
  prompt.held.shrink_to_fit();
  prompts_.push_back(std::move(prompt));
  return it->second;
}

void Prompts::finish() {
  for (const Prompt& prompt : prompts_) {
    for (Holders* holders : prompt.held) holders->rows += prompt.rows;
  }
  for (Prompt& prompt : prompts_) {
    const auto frames = std::erase_if(prompt.held, [&](const Holders* holders) { return is_frame(*holders); });
    prompt.own = prompt.runs - static_cast<std::uint32_t>(frames);
  }
}

std::vector<std::uint32_t> Prompts::sharing(std::uint32_t prompt) const {
  std::vector<std::uint32_t> found;
  for (const Holders* holders : prompts_[prompt].held) {
    found.insert(found.end(), holders->prompts.begin(), holders->prompts.end());
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

bool Prompts::may_be_one(std::uint32_t a, std::uint32_t b) const {
  const auto& words = prompts_[a].words;
  const auto& others = prompts_[b].words;
  if (a == b || words.empty() || others.empty()) return true;
  const auto [both, all] = sketched(words, others);
  return 3 * both >= all;
}

std::uint32_t Prompts::common(std::uint32_t of_set, std::uint32_t other) const {
  return static_cast<std::uint32_t>(std::ranges::count_if(prompts_[other].held, [&](const Holders* holders) {
    return std::ranges::binary_search(holders->prompts, of_set);
  }));
}

bool Prompts::is_held(std::uint32_t of_set, std::uint32_t other, std::uint32_t turns, double least) const {
  if (of_set == other) return true;
  if (!may_be_one(of_set, other)) return false;
  const std::uint32_t own = prompts_[of_set].own;
  const std::uint32_t held = common(of_set, other);
  return 2 * (own - held) <= turns || static_cast<double>(held) >= least * static_cast<double>(own);
}

double Prompts::likeness(std::uint32_t of_set, std::uint32_t other, std::uint32_t turns) const {
  if (of_set == other) return 1;
  if (!may_be_one(of_set, other)) return 0;
  const std::uint32_t own = prompts_[of_set].own;
  const std::uint32_t others_own = prompts_[other].own;
  const std::uint32_t both = common(of_set, other);
  if (2 * (std::max(own, others_own) - both) <= turns) return 1;
  return static_cast<double>(both) / static_cast<double>(own + others_own - both);
}

}  // namespace fw::dataset
