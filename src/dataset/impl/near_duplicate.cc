#include "dataset/impl/near_duplicate.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/hash.h"
#include "dataset/impl/json_hash.h"
#include "dataset/impl/unspaced.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kMaxText = 256u << 10;
constexpr std::size_t kMaxNames = 64;
constexpr std::size_t kWordsOfRun = 3;
constexpr std::uint32_t kFewestHeld = 5;
constexpr std::size_t kSketch = 32;

struct Words {
  std::vector<std::uint64_t> words;
  std::vector<std::uint64_t> names;  // those with a digit
};

void sort_once(std::vector<std::uint64_t>& hashes) {
  std::ranges::sort(hashes);
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

/// The text with its letters composed (NFC), where it is not so yet: e with an accent is one letter, however written.
std::optional<std::string> composed(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return std::nullopt;
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  if (U_FAILURE(error)) return std::nullopt;
  const icu::StringPiece piece(text.data(), static_cast<std::int32_t>(text.size()));
  if (nfc->isNormalizedUTF8(piece, error) || U_FAILURE(error)) return std::nullopt;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  nfc->normalizeUTF8(0, piece, sink, nullptr, error);
  return U_FAILURE(error) ? std::nullopt : std::optional(std::move(out));
}

Words words_of(std::string_view text) {
  Words out;
  std::string word;
  bool has_digit = false;
  const auto end_word = [&] {
    if (word.empty()) return;
    out.words.push_back(hash64(word));
    if (has_digit) out.names.push_back(out.words.back());
    word.clear();
    has_digit = false;
  };
  text = text.substr(0, kMaxText);
  const auto nfc = composed(text);
  if (nfc) text = *nfc;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      const Character character = beyond_ascii(text, i);
      if (character.kind != Beyond::kLetter) end_word();
      if (character.kind != Beyond::kMark) word += text.substr(i, character.bytes);
      if (character.kind != Beyond::kLetter) end_word();
      i += character.bytes - 1;
      continue;
    }
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool is_digit = c >= '0' && c <= '9';
    if (is_digit || (c >= 'a' && c <= 'z')) {
      word += c;
      has_digit |= is_digit;
    } else {
      end_word();
    }
  }
  end_word();
  sort_once(out.names);
  if (out.names.size() > kMaxNames) out.names.resize(kMaxNames);
  return out;
}

/// A text of one or two words is one run.
std::vector<std::uint64_t> runs_of(const std::vector<std::uint64_t>& words) {
  std::vector<std::uint64_t> runs;
  for (std::size_t i = 0; !words.empty() && (i == 0 || i + kWordsOfRun <= words.size()); ++i) {
    std::uint64_t run = 0;
    for (std::size_t k = i; k < std::min(i + kWordsOfRun, words.size()); ++k) run = combine(run, words[k]);
    runs.push_back(run);
  }
  sort_once(runs);
  return runs;
}

double share(std::size_t part, std::size_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

/// Of the smallest hashes of both together, the share that both have; 1 for two empty sketches.
double sketched_likeness(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::vector<std::uint64_t> all;
  std::ranges::set_union(a, b, std::back_inserter(all));
  all.resize(std::min(all.size(), kSketch));
  const auto both = std::ranges::count_if(
      all, [&](std::uint64_t run) { return std::ranges::binary_search(a, run) && std::ranges::binary_search(b, run); });
  return all.empty() ? 1 : share(static_cast<std::size_t>(both), all.size());
}

/// Jaccard's likeness of two ascending lists; 1 for two empty ones.
double jaccard(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  if (a.empty() && b.empty()) return 1;
  std::vector<std::uint64_t> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return share(both.size(), a.size() + b.size() - both.size());
}

}  // namespace

std::uint64_t hash_of_words(std::string_view text) {
  std::uint64_t hash = 0;
  for (const std::uint64_t word : words_of(text).words) hash = combine(hash, word);
  return hash;
}

void runs_and_names(std::string_view text, std::vector<std::uint64_t>& runs, std::vector<std::uint64_t>& names) {
  Words words = words_of(text);
  runs = runs_of(words.words);
  names = std::move(words.names);
}

std::size_t NearDuplicates::frame_of(std::size_t texts) { return std::clamp<std::size_t>(texts / 10, 5, 20); }

std::uint32_t NearDuplicates::context_of(std::string_view context) {
  const auto [it, fresh] = context_numbers_.try_emplace(hash64(context), static_cast<std::uint32_t>(contexts_.size()));
  if (fresh) {
    auto runs = runs_of(words_of(context).words);
    runs.resize(std::min(runs.size(), kSketch));
    contexts_.push_back(std::move(runs));
  }
  return it->second;
}

void NearDuplicates::add(std::string_view text, std::string_view context) {
  Words words = words_of(text);
  const auto runs = runs_of(words.words);
  for (const std::uint64_t run : runs) {
    Holders& holders = runs_[run];
    ++holders.count;
    holders.texts.push_back(static_cast<std::uint32_t>(texts_.size()));
  }
  texts_.push_back({static_cast<std::uint32_t>(runs.size()), std::move(words.names), context_of(context)});
}

void NearDuplicates::compare(std::string_view text, std::string_view context) {
  Words words = words_of(text);
  const auto runs = runs_of(words.words);
  Compared compared{
      others_++, static_cast<std::uint32_t>(runs.size()), {}, std::move(words.names), context_of(context)};
  for (const std::uint64_t run : runs) {
    const auto found = runs_.find(run);
    if (found == runs_.end()) continue;
    if (++found->second.count > frame_) {
      --compared.runs;
    } else {
      compared.in_common.push_back(&found->second);
    }
  }
  if (!compared.in_common.empty()) compared_.push_back(std::move(compared));
}

double NearDuplicates::likeness(const Text& text, std::uint32_t text_runs, const Compared& other,
                                std::uint32_t other_runs, std::uint32_t common) const {
  if (measure_ == Measure::kHeld) return text_runs < kFewestHeld ? 0 : share(common, text_runs);
  const double like = share(common, text_runs + other_runs - common);
  if (like == 0) return 0;
  const double contexts =
      text.context == other.context ? 1 : sketched_likeness(contexts_[text.context], contexts_[other.context]);
  return std::min({like, contexts, jaccard(text.names, other.names)});
}

std::vector<NearDuplicates::Pair> NearDuplicates::pairs(double least) const {
  std::vector<std::uint32_t> text_runs;
  for (const Text& text : texts_) text_runs.push_back(text.runs);
  for (const auto& [run, holders] : runs_) {
    if (holders.count <= frame_) continue;
    for (const std::uint32_t text : holders.texts) --text_runs[text];
  }
  std::vector<Pair> pairs;
  std::vector<std::uint32_t> common(texts_.size(), 0);
  for (const Compared& other : compared_) {
    std::uint32_t other_runs = other.runs;
    std::vector<std::uint32_t> touched;
    for (const Holders* holders : other.in_common) {
      if (holders->count > frame_) {
        --other_runs;
        continue;
      }
      for (const std::uint32_t text : holders->texts) {
        if (common[text]++ == 0) touched.push_back(text);
      }
    }
    std::ranges::sort(touched);
    for (const std::uint32_t text : touched) {
      const double like = likeness(texts_[text], text_runs[text], other, other_runs, std::exchange(common[text], 0));
      if (like >= least) pairs.push_back({text, other.number, like});
    }
  }
  return pairs;
}

}  // namespace fw::dataset
