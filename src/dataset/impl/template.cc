#include "dataset/impl/template.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/hash.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kMaxText = 8u << 10;
constexpr std::size_t kMaxIds = 8;
constexpr std::size_t kMaxTexts = 100'000;
constexpr std::size_t kMaxRun = 6;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Bytes of characters beyond ASCII count as letters.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_word(char c) { return is_letter(c) || is_digit(c); }
bool joins_token(char c) { return c == '-' || c == '_' || c == '/' || c == ':' || c == '.' || c == '@' || c == '\''; }

template <class Value>
std::string_view bytes_of(const std::vector<Value>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

class Masker {
 public:
  explicit Masker(std::string_view text) : text_(text.substr(0, kMaxText)) {
    for (char& c : text_) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
  }

  MaskedText run() {
    for (std::size_t i = 0; i < text_.size();) {
      if (text_[i] == '"' || text_[i] == '`') {
        i = quoted(i);
      } else if (is_word(text_[i])) {
        i = token(i);
      } else {
        ++i;
      }
    }
    out_.hash = hash64(bytes_of(out_.tokens));
    if (out_.tokens.size() > kMaxTokens) out_.tokens = {};
    return std::move(out_);
  }

 private:
  /// A quoted string ends on its line.
  std::size_t quoted(std::size_t at) {
    const std::size_t end = text_.find_first_of(std::string{text_[at], '\n'}, at + 1);
    if (end == std::string::npos || text_[end] == '\n') return at + 1;
    add_slot();
    return end + 1;
  }

  /// A run of letters and digits, and of `-_/:.@'` inside it.
  std::size_t token(std::size_t at) {
    std::size_t end = at;
    std::size_t digits = 0;
    std::size_t letters = 0;
    bool is_slot = false;
    while (end < text_.size()) {
      const char c = text_[end];
      if (!is_word(c)) {
        const bool is_url = c == ':' && text_.compare(end, 3, "://") == 0;
        if (!is_url && (!joins_token(c) || end + 1 >= text_.size() || !is_word(text_[end + 1]))) break;
        is_slot |= is_url || c == '@';
        if (is_url) {
          end = std::min(text_.find_first_of(" \t\r\n\"<>", end), text_.size());
          break;
        }
      }
      digits += is_digit(c);
      letters += is_letter(c);
      ++end;
    }
    const std::string_view token = std::string_view(text_).substr(at, end - at);
    if (digits > 0 || is_slot) {
      const bool is_id = token.size() >= 5 && ((digits > 0 && letters > 0) || digits >= 9);
      if (is_id && out_.named_ids.size() < kMaxIds) out_.named_ids.push_back(hash64(token));
      add_slot();
    } else {
      ++out_.words;
      out_.tokens.push_back(std::max<std::uint32_t>(static_cast<std::uint32_t>(hash64(token)), kSlotToken + 1));
    }
    return end;
  }

  void add_slot() {
    if (out_.tokens.empty() || out_.tokens.back() != kSlotToken) out_.tokens.push_back(kSlotToken);
  }

  std::string text_;
  MaskedText out_;
};

/// The hashes of a text's frames, each in a few steps: of the tokens before a run, one slot, and those after it. Equal
/// sequences of tokens have equal hashes, wherever they are cut (polynomial hash, modulo 2^64).
class Frames final {
 public:
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

  /// Calls `visit(begin, length, words around)` for every run that may be a slot.
  template <class Visit>
  void each_run(Visit visit) const {
    for (std::size_t begin = 0; begin < tokens_.size(); ++begin) {
      for (std::size_t size = 1; size <= kMaxRun && begin + size <= tokens_.size(); ++size) {
        const std::size_t around = words_[tokens_.size()] - (words_[begin + size] - words_[begin]);
        if ((around >= 3 && around >= size) || (around == 2 && size <= 3)) visit(begin, size, around);
      }
    }
  }
  /// Of with_slot(): slots beside the run are one with it.
  [[nodiscard]] std::uint64_t frame(std::size_t begin, std::size_t size) const {
    std::size_t end = begin + size;
    while (begin > 0 && tokens_[begin - 1] == kSlotToken) --begin;
    while (end < tokens_.size() && tokens_[end] == kSlotToken) ++end;
    const std::uint64_t before = hashes_[begin] * kFactor + mix(kSlotToken);
    return mix(before * powers_[tokens_.size() - end] + between(end, tokens_.size()));
  }
  [[nodiscard]] std::uint64_t filling(std::size_t begin, std::size_t size) const {
    return mix(between(begin, begin + size));
  }

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

/// How often each frame was seen, at least: most are seen once, and need not be kept.
class Sightings final {
 public:
  void add(std::uint64_t frame) {
    std::uint8_t& count = counts_[frame % kCells];
    count += count < kEnough;
  }
  [[nodiscard]] bool may_be_slot(std::uint64_t frame) const { return counts_[frame % kCells] >= kEnough; }

 private:
  static constexpr std::size_t kCells = std::size_t{1} << 24;
  static constexpr std::uint8_t kEnough = 3;
  std::vector<std::uint8_t> counts_ = std::vector<std::uint8_t>(kCells);
};

/// The tokens with the run as one slot.
std::vector<std::uint32_t> with_slot(std::span<const std::uint32_t> tokens, std::size_t begin, std::size_t size) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool in_run = i >= begin && i < begin + size;
    const std::uint32_t token = in_run ? kSlotToken : tokens[i];
    if (token != kSlotToken || out.empty() || out.back() != kSlotToken) out.push_back(token);
  }
  return out;
}

struct Run {
  std::uint64_t frame = 0;  // the tokens around it
  std::uint64_t filling = 0;
  bool between_two = false;  // words; more evidence is needed
  auto operator<=>(const Run&) const = default;
};

}  // namespace

MaskedText mask_text(std::string_view text) { return Masker(text).run(); }

void Templates::add(std::uint64_t hash, std::span<const std::uint32_t> tokens) {
  const auto [it, fresh] = texts_.try_emplace(hash);
  if (!fresh) return;
  it->second = {tokens_.size(), static_cast<std::uint32_t>(tokens.size()), hash};
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

std::uint64_t Templates::of(std::uint64_t hash) const {
  const auto found = texts_.find(hash);
  return found == texts_.end() ? hash : found->second.result;
}

void Templates::resolve() {
  merge_once();
  merge_once();
}

void Templates::merge_once() {
  // Texts by what they are now; a second round sees those of the first as one.
  std::unordered_map<std::uint64_t, std::span<const std::uint32_t>> now;
  std::vector<std::uint64_t> looked_at;
  for (const auto& [hash, text] : texts_) {
    if (text.size == 0) continue;
    const std::span<const std::uint32_t> tokens(tokens_.data() + text.offset, text.size);
    if (now.try_emplace(text.result, tokens).second) looked_at.push_back(text.result);
  }
  std::ranges::sort(looked_at);
  if (looked_at.size() > kMaxTexts) looked_at.resize(kMaxTexts);

  Sightings sightings;
  for (const std::uint64_t text : looked_at) {
    const Frames frames(now.at(text));
    frames.each_run(
        [&](std::size_t begin, std::size_t size, std::size_t) { sightings.add(frames.frame(begin, size)); });
  }
  std::vector<Run> runs;
  for (const std::uint64_t text : looked_at) {
    const Frames frames(now.at(text));
    frames.each_run([&](std::size_t begin, std::size_t size, std::size_t around) {
      const std::uint64_t frame = frames.frame(begin, size);
      if (sightings.may_be_slot(frame)) runs.push_back({frame, frames.filling(begin, size), around == 2});
    });
  }
  std::ranges::sort(runs);
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  std::unordered_map<std::uint64_t, std::size_t> fillings;  // of frames that are templates
  for (std::size_t i = 0; i < runs.size();) {
    std::size_t end = i;
    while (end < runs.size() && runs[end].frame == runs[i].frame) ++end;
    if (end - i >= (runs[i].between_two ? 6u : 3u)) fillings.emplace(runs[i].frame, end - i);
    i = end;
  }

  // Each text becomes the frame that most texts share, of equals the one with the shortest slot, then the first.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> becomes;
  for (const std::uint64_t text : looked_at) {
    const Frames frames(now.at(text));
    std::size_t most = 0;
    std::size_t shortest = 0;
    std::size_t first = 0;
    frames.each_run([&](std::size_t begin, std::size_t size, std::size_t) {
      const std::uint64_t frame = frames.frame(begin, size);
      if (!sightings.may_be_slot(frame)) return;
      const auto found = fillings.find(frame);
      if (found == fillings.end() || found->second < most || (found->second == most && size >= shortest)) return;
      most = found->second;
      shortest = size;
      first = begin;
    });
    if (most > 0) becomes.emplace(text, with_slot(now.at(text), first, shortest));
  }
  for (auto& [hash, text] : texts_) {
    const auto found = becomes.find(text.result);
    if (found == becomes.end()) continue;
    text.result = hash64(bytes_of(found->second));
    text.offset = tokens_.size();
    text.size = static_cast<std::uint32_t>(found->second.size());
    tokens_.insert(tokens_.end(), found->second.begin(), found->second.end());
  }
}

}  // namespace fw::dataset
