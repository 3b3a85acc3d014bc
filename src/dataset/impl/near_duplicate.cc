#include "dataset/impl/near_duplicate.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/hash.h"
#include "dataset/impl/comparison_words.h"
#include "dataset/impl/json_hash.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kMaxNames = 64;
constexpr std::size_t kMostRuns = 32'768;

double share(std::size_t part, std::size_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

/// Jaccard's likeness of two ascending lists; 1 for two empty ones.
double jaccard(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  if (a.empty() && b.empty()) return 1;
  std::vector<std::uint64_t> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return share(both.size(), a.size() + b.size() - both.size());
}

std::uint32_t prompt_in(Prompts& prompts, std::string_view text, bool is_of_set) {
  const std::uint64_t hash = hash64(text);
  const auto known = prompts.find(hash);
  return known ? *known : prompts.add(hash, prompt_words(text), is_of_set);
}

}  // namespace

TurnsWords turns_words(std::string_view text) {
  ComparisonWords all = comparison_words(text);
  return {hash_of(all.words), runs_of(all.words), std::move(all.names)};
}

std::size_t NearDuplicates::frame_of(std::size_t texts) { return std::clamp<std::size_t>(texts / 10, 5, 20); }

NearDuplicates::Row NearDuplicates::row_of(TurnsWords turns, std::uint32_t prompt, bool is_of_set) {
  prompts_.count(prompt);
  turns.runs.resize(std::min(turns.runs.size(), kMostRuns));
  Row row{.number = is_of_set ? static_cast<std::uint32_t>(texts_.size()) : others_++,
          .runs = static_cast<std::uint32_t>(turns.runs.size()),
          .prompt = prompt,
          .all = turns.all,
          .names = std::move(turns.names),
          .held = {}};
  if (row.names.size() > kMaxNames) row.names.resize(kMaxNames);
  for (const std::uint64_t run : turns.runs) {
    const auto found = is_of_set ? runs_.try_emplace(run).first : runs_.find(run);
    if (found == runs_.end()) continue;
    Holders& holders = found->second;
    if (++holders.count > frame_) {
      --row.runs;
      continue;
    }
    if (is_of_set) holders.texts.push_back(row.number);
    row.held.push_back(&holders);
  }
  return row;
}

void NearDuplicates::add(TurnsWords turns, std::uint32_t prompt) {
  texts_.push_back(row_of(std::move(turns), prompt, true));
}

void NearDuplicates::compare(TurnsWords turns, std::uint32_t prompt) {
  Row row = row_of(std::move(turns), prompt, false);
  // What shares no run with the set is like none of it, unless all that it says is frame.
  if (!row.held.empty() || row.runs == 0) compared_.push_back(std::move(row));
}

void NearDuplicates::add(std::string_view turns, std::string_view prompt) {
  add(turns_words(turns), prompt_in(prompts_, prompt, true));
}

void NearDuplicates::compare(std::string_view turns, std::string_view prompt) {
  compare(turns_words(turns), prompt_in(prompts_, prompt, false));
}

void NearDuplicates::finish() {
  prompts_.finish();
  for (auto* rows : {&texts_, &compared_}) {
    for (Row& row : *rows) {
      row.runs -= static_cast<std::uint32_t>(
          std::erase_if(row.held, [&](const Holders* holders) { return holders->count > frame_; }));
    }
  }
  for (const Row& text : texts_) {
    if (text.runs == 0) framed_[combine(text.all, text.prompt)].push_back(text.number);
  }
}

double NearDuplicates::likeness(const Row& text, const Row& other, std::uint32_t common, double least) const {
  const bool are_frame = text.runs == 0 && other.runs == 0;
  const double turns = are_frame ? 1 : share(common, text.runs + other.runs - common);
  if (turns < least) return 0;
  const double names = are_frame ? 1 : jaccard(text.names, other.names);
  if (names < least) return 0;
  const double like =
      std::min({turns, names, prompts_.likeness(text.prompt, other.prompt, std::min(text.runs, other.runs))});
  return like < least ? 0 : like;
}

void NearDuplicates::look_into(const Row& other, std::vector<std::uint32_t>& common, double least,
                               std::vector<Pair>& pairs) const {
  std::vector<std::uint32_t> touched;
  for (const Holders* holders : other.held) {
    for (const std::uint32_t text : holders->texts) {
      if (common[text]++ == 0) touched.push_back(text);
    }
  }
  if (other.runs == 0) {
    // The same words under system messages that share what is their own.
    for (const std::uint32_t prompt : prompts_.sharing(other.prompt)) {
      const auto found = framed_.find(combine(other.all, prompt));
      if (found == framed_.end() || prompt == other.prompt) continue;
      touched.insert(touched.end(), found->second.begin(), found->second.end());
    }
  }
  std::ranges::sort(touched);
  for (const std::uint32_t text : touched) {
    const double like = likeness(texts_[text], other, std::exchange(common[text], 0), least);
    if (like > 0) pairs.push_back({text, other.number, like});
  }
}

std::vector<NearDuplicates::Pair> NearDuplicates::pairs(double least) const {
  std::vector<Pair> pairs;
  std::vector<std::uint32_t> common(texts_.size(), 0);
  for (const Row& other : compared_) look_into(other, common, least, pairs);
  return pairs;
}

std::vector<NearDuplicates::Group> NearDuplicates::groups() const {
  std::map<std::uint32_t, Group> by_text;
  for (const Row& other : compared_) {
    if (other.runs > 0) continue;
    const auto found = framed_.find(combine(other.all, other.prompt));
    if (found == framed_.end()) continue;
    Group& group = by_text[found->second.front()];
    if (group.others.empty()) group.texts = found->second;
    group.others.push_back(other.number);
  }
  std::vector<Group> groups;
  for (auto& [text, group] : by_text) groups.push_back(std::move(group));
  return groups;
}

}  // namespace fw::dataset
