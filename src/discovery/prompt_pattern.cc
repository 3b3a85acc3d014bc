#include "discovery/impl/prompt_pattern.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "capture/gateway/pattern.h"
#include "discovery/impl/words.h"

namespace fw::discovery {
namespace {

constexpr std::size_t kMostWords = 1200;       // of a text that are compared
constexpr std::size_t kFewestBytes = 8;        // of words that follow each other; fewer are there by chance
constexpr std::size_t kPieceBytes = 120;       // of a pattern's literal text, about
constexpr std::size_t kMostPieces = 8;         // of a pattern
constexpr std::size_t kMostMembers = 200'000;  // words of others that a text is compared with, in all

/// A word that all texts seen so far have, in their order.
struct Common {
  std::string_view raw;
  bool follows = false;  ///< right after the one before it, in all of them
};

/// What texts have in common, word by word.
class CommonWords final {
 public:
  /// What looks as if it varies does, also where it was the same so far: today's date is none tomorrow.
  explicit CommonWords(std::string_view text) {
    bool follows = false;
    const std::vector<Word> all = first_words(text);
    for (const Word& word : all) {
      ends_ = word.masked != kSlot;
      if (words_.empty() && !ends_) begins_ = false;
      if (ends_) words_.push_back({word.raw, follows});
      follows = ends_;
    }
    if (words_.size() < all.size()) forget_chance();
  }

  void keep_what_is_in(std::string_view text) {
    const std::vector<Word> other = first_words(text);
    const auto pairs = longest_common(other);
    std::vector<Common> kept;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto [here, there] = pairs[i];
      const bool follows = i > 0 && words_[here].follows && pairs[i - 1] == std::pair(here - 1, there - 1);
      kept.push_back({words_[here].raw, follows});
    }
    begins_ = begins_ && !pairs.empty() && pairs.front() == std::pair<std::size_t, std::size_t>(0, 0);
    ends_ = ends_ && !pairs.empty() && pairs.back() == std::pair(words_.size() - 1, other.size() - 1);
    words_ = std::move(kept);
    forget_chance();
  }

  [[nodiscard]] const std::vector<Common>& words() const { return words_; }
  [[nodiscard]] bool begins() const { return begins_; }  ///< the first word begins all texts
  [[nodiscard]] bool ends() const { return ends_; }      ///< the last word ends them

 private:
  using Pair = std::pair<std::size_t, std::size_t>;

  static std::vector<Word> first_words(std::string_view text) {
    auto words = words_of(text);
    if (words.size() > kMostWords) words.resize(kMostWords);
    return words;
  }

  /// Places in `words_` and `other` of a longest common subsequence.
  [[nodiscard]] std::vector<Pair> longest_common(const std::vector<Word>& other) const {
    std::size_t begin = 0;
    while (begin < words_.size() && begin < other.size() && words_[begin].raw == other[begin].raw) ++begin;
    std::size_t ends = 0;
    while (begin + ends < words_.size() && begin + ends < other.size() &&
           words_[words_.size() - 1 - ends].raw == other[other.size() - 1 - ends].raw) {
      ++ends;
    }
    const std::size_t rows = words_.size() - begin - ends;
    const std::size_t columns = other.size() - begin - ends;
    // lengths[r][c]: of what words_ from begin + r on and other from begin + c on have in common.
    std::vector<std::uint16_t> lengths((rows + 1) * (columns + 1));
    const auto at = [&](std::size_t r, std::size_t c) -> std::uint16_t& { return lengths[r * (columns + 1) + c]; };
    for (std::size_t r = rows; r-- > 0;) {
      for (std::size_t c = columns; c-- > 0;) {
        const bool same = words_[begin + r].raw == other[begin + c].raw;
        at(r, c) = same ? static_cast<std::uint16_t>(at(r + 1, c + 1) + 1) : std::max(at(r + 1, c), at(r, c + 1));
      }
    }
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < begin; ++i) pairs.emplace_back(i, i);
    for (std::size_t r = 0, c = 0; r < rows && c < columns;) {
      if (words_[begin + r].raw == other[begin + c].raw) {
        pairs.emplace_back(begin + r++, begin + c++);
      } else {
        (at(r + 1, c) >= at(r, c + 1) ? r : c) += 1;
      }
    }
    for (std::size_t i = ends; i > 0; --i) pairs.emplace_back(words_.size() - i, other.size() - i);
    return pairs;
  }

  /// Single words between slots are common by chance.
  void forget_chance() {
    std::vector<Common> kept;
    for (std::size_t from = 0; from < words_.size();) {
      std::size_t to = from + 1;
      std::size_t bytes = words_[from].raw.size();
      for (; to < words_.size() && words_[to].follows; ++to) bytes += words_[to].raw.size();
      if (bytes >= kFewestBytes) {
        kept.insert(kept.end(), words_.begin() + static_cast<std::ptrdiff_t>(from),
                    words_.begin() + static_cast<std::ptrdiff_t>(to));
      } else {
        begins_ = begins_ && from > 0;
        ends_ = ends_ && to < words_.size();
      }
      from = to;
    }
    words_ = std::move(kept);
  }

  std::vector<Common> words_;
  bool begins_ = true;
  bool ends_ = true;
};

/// Some of the literal text of a pattern.
struct Piece {
  std::string text;
  bool follows = false;  ///< nothing lies between it and the piece before
};

std::vector<Piece> pieces_of(const std::vector<Common>& words) {
  std::vector<Piece> pieces;
  for (const Common& word : words) {
    if (pieces.empty() || !word.follows || pieces.back().text.size() >= kPieceBytes) {
      pieces.push_back({"", word.follows});
    }
    pieces.back().text += word.raw;
  }
  return pieces;
}

class PatternSearch final {
 public:
  PatternSearch(const CommonWords& common, bool is_whole)
      : pieces_(pieces_of(common.words())), begins_(common.begins()), ends_(common.ends() && is_whole) {}

  std::string run(std::span<const std::string_view> others) {
    if (pieces_.empty()) return {};
    std::vector<bool> chosen(pieces_.size());
    chosen.front() = true;
    std::vector<std::string_view> left = fitting(others, pattern(chosen, false));
    while (!left.empty() && std::ranges::count(chosen, true) < static_cast<std::ptrdiff_t>(kMostPieces)) {
      const auto best = best_piece(chosen, left);
      if (!best) break;
      chosen[*best] = true;
      left = fitting(left, pattern(chosen, false));
    }
    if (left.empty() || !ends_) return pattern(chosen, false);
    if (pieces_.size() <= kMostPieces) chosen.assign(chosen.size(), true);
    chosen.back() = true;
    return pattern(chosen, true);
  }

 private:
  static std::vector<std::string_view> fitting(std::span<const std::string_view> texts, const std::string& pattern) {
    std::vector<std::string_view> out;
    std::ranges::copy_if(texts, std::back_inserter(out),
                         [&](std::string_view text) { return capture::fits_pattern(pattern, text); });
    return out;
  }

  /// The piece that keeps most of the others out; nothing where none does.
  [[nodiscard]] std::optional<std::size_t> best_piece(std::vector<bool> chosen,
                                                      const std::vector<std::string_view>& left) const {
    std::optional<std::size_t> best;
    std::size_t fewest = left.size();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (chosen[i]) continue;
      chosen[i] = true;
      const std::size_t still = fitting(left, pattern(chosen, false)).size();
      chosen[i] = false;
      if (still >= fewest) continue;
      fewest = still;
      best = i;
    }
    return best;
  }

  [[nodiscard]] std::string pattern(const std::vector<bool>& chosen, bool asks_for_end) const {
    std::string out = begins_ && chosen.front() ? "" : "*";
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (!chosen[i]) {
        if (!out.ends_with('*')) out += '*';
        continue;
      }
      if (i > 0 && !pieces_[i].follows && !out.ends_with('*')) out += '*';
      out += pieces_[i].text;
    }
    if (!asks_for_end && !out.ends_with('*')) out += '*';
    return out;
  }

  std::vector<Piece> pieces_;
  bool begins_;
  bool ends_;
};

}  // namespace

std::string pattern_of(std::span<const std::string_view> texts, std::span<const std::string_view> others,
                       bool is_whole) {
  CommonWords common(texts.front());
  std::size_t compared = 0;
  for (const std::string_view text : texts.subspan(1)) {
    common.keep_what_is_in(text);
    compared += std::min(kMostWords, text.size() / 4);
    if (compared > kMostMembers) break;
  }
  return PatternSearch(common, is_whole).run(others);
}

}  // namespace fw::discovery
