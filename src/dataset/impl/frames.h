#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "dataset/impl/template.h"

namespace fw::dataset {

/// Some tokens of a text that follow each other.
struct TokenRun {
  std::size_t begin = 0;
  std::size_t size = 0;
};

/// The hashes of a text's frames, each in a few steps: of the tokens before a run, one slot, and those after it. Slots
/// beside the run are one with it. Equal sequences of tokens have equal hashes, wherever they are cut (polynomial hash,
/// modulo 2^64). The text has at most kMaxTokens tokens, no two slots beside each other, and outlives this.
class Frames final {
 public:
  static constexpr std::size_t kMaxRun = 6;

  explicit Frames(std::span<const std::uint32_t> tokens) : tokens_(tokens) {
    std::uint64_t hash = 0, power = 1;
    std::uint32_t words = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      hashes_[i] = hash;
      words_[i] = words;
      powers_[i] = power;
      hash = hash * kFactor + mix(tokens[i]);
      words += tokens[i] != kSlotToken;
      power *= kFactor;
    }
    hashes_[tokens.size()] = hash;
    words_[tokens.size()] = words;
    powers_[tokens.size()] = power;
  }

  /// Calls `visit(run)` for every run that may be a slot: by its words and those around it.
  template <class Visit>
  void each_run(Visit visit) const {
    for (std::size_t begin = 0; begin < tokens_.size(); ++begin) {
      for (std::size_t size = 1; size <= kMaxRun && begin + size <= tokens_.size(); ++size) {
        const TokenRun run{begin, size};
        const std::size_t around = words_around(run);
        if ((around >= 3 && around >= size) || (around == 2 && size <= 3)) visit(run);
      }
    }
  }
  [[nodiscard]] std::size_t words_around(TokenRun run) const {
    return words_[tokens_.size()] - (words_[run.begin + run.size] - words_[run.begin]);
  }
  /// The run with the slots beside it.
  [[nodiscard]] TokenRun with_slots_beside(TokenRun run) const {
    std::size_t begin = run.begin;
    std::size_t end = run.begin + run.size;
    if (begin > 0 && tokens_[begin - 1] == kSlotToken) --begin;
    if (end < tokens_.size() && tokens_[end] == kSlotToken) ++end;
    return {begin, end - begin};
  }
  [[nodiscard]] std::uint64_t frame(TokenRun run) const {
    const TokenRun slot = with_slots_beside(run);
    const std::uint64_t before = hashes_[slot.begin] * kFactor + mix(kSlotToken);
    const std::size_t end = slot.begin + slot.size;
    return mix(before * powers_[tokens_.size() - end] + after(end));
  }
  [[nodiscard]] std::uint64_t filling(TokenRun run) const { return mix(between(run.begin, run.begin + run.size)); }
  /// Of the tokens before a place, and of those from it on.
  [[nodiscard]] std::uint64_t before(std::size_t place) const { return hashes_[place]; }
  [[nodiscard]] std::uint64_t after(std::size_t place) const { return between(place, tokens_.size()); }

 private:
  static constexpr std::uint64_t kFactor = 0x9E37'79B9'7F4A'7C15;

  /// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
    return x ^ (x >> 31);
  }
  [[nodiscard]] std::uint64_t between(std::size_t begin, std::size_t end) const {
    return hashes_[end] - hashes_[begin] * powers_[end - begin];
  }

  std::span<const std::uint32_t> tokens_;
  std::array<std::uint64_t, kMaxTokens + 1> hashes_;  // of the tokens before each
  std::array<std::uint64_t, kMaxTokens + 1> powers_;
  std::array<std::uint32_t, kMaxTokens + 1> words_;
};

}  // namespace fw::dataset
