#include "dataset/impl/near_duplicate.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>

#include "base/hash.h"
#include "dataset/impl/json_hash.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kSketch = 32;
constexpr std::size_t kMaxText = 16u << 10;
constexpr std::size_t kMaxHolders = 1000;
constexpr double kNear = 0.8;

std::vector<std::uint64_t> words_of(std::string_view text) {
  std::vector<std::uint64_t> words;
  std::string word;
  for (char c : text.substr(0, kMaxText)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (is_word) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(hash64(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(hash64(word));
  return words;
}

std::vector<std::uint64_t> sketch_of(std::string_view text) {
  const auto words = words_of(text);
  if (words.empty()) return {};
  std::vector<std::uint64_t> runs;
  for (std::size_t i = 0; i == 0 || i + 3 <= words.size(); ++i) {
    std::uint64_t run = 0;
    for (std::size_t k = i; k < std::min(i + 3, words.size()); ++k) run = combine(run, words[k]);
    runs.push_back(run);
  }
  std::ranges::sort(runs);
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  if (runs.size() > kSketch) runs.resize(kSketch);
  return runs;
}

/// Of the smallest hashes of both together, the share that both have.
bool is_near(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  std::size_t both = 0;
  std::size_t all = 0;
  for (std::size_t i = 0, k = 0; (i < a.size() || k < b.size()) && all < kSketch; ++all) {
    if (k == b.size() || (i < a.size() && a[i] < b[k])) {
      ++i;
    } else if (i == a.size() || b[k] < a[i]) {
      ++k;
    } else {
      ++both;
      ++i;
      ++k;
    }
  }
  return all > 0 && static_cast<double>(both) >= kNear * static_cast<double>(all);
}

}  // namespace

void NearDuplicates::add(std::string_view text) {
  Sketch sketch = sketch_of(text);
  for (const std::uint64_t run : sketch) {
    auto& holders = holders_[run];
    if (holders.size() < kMaxHolders) holders.push_back(static_cast<std::uint32_t>(sketches_.size()));
  }
  sketches_.push_back(std::move(sketch));
}

bool NearDuplicates::has_near(std::string_view text) const {
  const Sketch sketch = sketch_of(text);
  std::set<std::uint32_t> looked_at;
  for (const std::uint64_t run : sketch) {
    const auto holders = holders_.find(run);
    if (holders == holders_.end()) continue;
    for (const std::uint32_t holder : holders->second) {
      if (looked_at.insert(holder).second && is_near(sketch, sketches_[holder])) return true;
    }
  }
  return false;
}

}  // namespace fw::dataset
