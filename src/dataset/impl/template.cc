#include "dataset/impl/template.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "async/parallel_for.h"
#include "base/hash.h"
#include "dataset/impl/comparison_words.h"
#include "dataset/impl/shared_ends.h"
#include "dataset/impl/unspaced.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kMaxText = 8u << 10;
constexpr std::size_t kMaxIds = 8;
constexpr std::size_t kMaxTexts = 100'000;
constexpr int kRounds = 2;
constexpr std::size_t kTextsBetweenChecks = 1024;

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
  explicit Masker(std::string_view text) : text_(folded_for_comparison(text.substr(0, kMaxText))) {}

  MaskedText run() {
    read(true);
    // A message that stands in quotation marks as a whole says what it says.
    if (out_.words == 0 && has_quoted_) read(false);
    out_.hash = hash64(bytes_of(out_.tokens));
    if (out_.tokens.size() > kMaxTokens) out_.tokens = {};
    return std::move(out_);
  }

 private:
  void read(bool quoted_are_slots) {
    out_ = {};
    for (std::size_t i = 0; i < text_.size();) {
      if (quoted_are_slots && (text_[i] == '"' || text_[i] == '`')) {
        i = quoted(i);
      } else if (const Character character = character_at(i); character.kind != Beyond::kLetter) {
        if (character.kind == Beyond::kUnspaced) add_word(std::string_view(text_).substr(i, character.bytes));
        i += character.bytes;
      } else if (is_word(text_[i])) {
        i = token(i);
      } else {
        ++i;
      }
    }
  }

  Character character_at(std::size_t at) const {
    return static_cast<unsigned char>(text_[at]) < 0x80 ? Character() : beyond_ascii(text_, at);
  }

  /// A quoted string ends on its line.
  std::size_t quoted(std::size_t at) {
    const std::size_t end = text_.find_first_of(std::string{text_[at], '\n'}, at + 1);
    if (end == std::string::npos || text_[end] == '\n') return at + 1;
    has_quoted_ = true;
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
      if (character_at(end).kind != Beyond::kLetter) break;
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
      add_word(token);
    }
    return end;
  }

  void add_word(std::string_view word) {
    ++out_.words;
    out_.tokens.push_back(std::max<std::uint32_t>(static_cast<std::uint32_t>(hash64(word)), kSlotToken + 1));
  }

  void add_slot() {
    if (out_.tokens.empty() || out_.tokens.back() != kSlotToken) out_.tokens.push_back(kSlotToken);
  }

  std::string text_;
  bool has_quoted_ = false;
  MaskedText out_;
};

/// How often each frame was seen, up to three times, at least: most are seen once, and need not be kept. Any thread.
class Sightings final {
 public:
  void add(std::uint64_t frame) {
    std::atomic<std::uint8_t>& cell = cells_[cell_of(frame)];
    const int shift = shift_of(frame);
    std::uint8_t seen = cell.load(std::memory_order_relaxed);
    while (
        (seen >> shift & kMost) < kMost &&
        !cell.compare_exchange_weak(seen, static_cast<std::uint8_t>(seen + (1 << shift)), std::memory_order_relaxed)) {
    }
  }
  [[nodiscard]] bool may_be_slot(std::uint64_t frame) const {
    return (cells_[cell_of(frame)].load(std::memory_order_relaxed) >> shift_of(frame) & kMost) == kMost;
  }

 private:
  static constexpr std::size_t kCells = std::size_t{1} << 24;
  static constexpr int kMost = 3;  // two bits

  static std::size_t cell_of(std::uint64_t frame) { return (frame >> 2) % kCells; }
  static int shift_of(std::uint64_t frame) { return static_cast<int>(frame & 3) * 2; }

  std::vector<std::atomic<std::uint8_t>> cells_ = std::vector<std::atomic<std::uint8_t>>(kCells);
};

/// The tokens with the run as one slot.
std::vector<std::uint32_t> with_slot(TokenText tokens, TokenRun run) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool in_run = i >= run.begin && i < run.begin + run.size;
    const std::uint32_t token = in_run ? kSlotToken : tokens[i];
    if (token != kSlotToken || out.empty() || out.back() != kSlotToken) out.push_back(token);
  }
  return out;
}

struct Filled {
  std::uint64_t frame = 0;  // the tokens around a run
  std::uint64_t filling = 0;
  bool between_two = false;  // words; more evidence is needed
  auto operator<=>(const Filled&) const = default;
};

/// Finds the frames that are templates among different texts, and what each text becomes.
class SlotSearch final {
 public:
  SlotSearch(std::span<const TokenText> texts, const SharedEnds& shared, const Deadline& deadline)
      : texts_(texts), shared_(shared), deadline_(deadline) {}

  /// By text; empty where it stays as it is.
  Result<std::vector<std::vector<std::uint32_t>>> run() {
    FW_TRY(count_sightings());
    FW_TRY(collect_fillings());
    return choose_frames();
  }

 private:
  /// Calls `visit(worker, text, frames, run)` for every run that may be a slot, on all cores; all runs of a text in
  /// their order, on one of them.
  template <class Visit>
  Status each_run(Visit visit) const {
    const std::size_t blocks = (texts_.size() + kTextsBetweenChecks - 1) / kTextsBetweenChecks;
    parallel_for(blocks, [&](std::size_t worker, std::size_t block) {
      if (!check().ok()) return;
      const std::size_t end = std::min(texts_.size(), (block + 1) * kTextsBetweenChecks);
      for (std::size_t text = block * kTextsBetweenChecks; text < end; ++text) {
        if (is_alone_[text] != 0) continue;
        const Frames frames(texts_[text]);
        frames.each_run([&](TokenRun run) {
          if (shared_.may_be_slot(text, frames, run)) visit(worker, text, frames, run);
        });
      }
    });
    return check();
  }

  Status check() const { return deadline_.check("look for templates"); }

  Status count_sightings() {
    std::vector<std::uint8_t> is_alone(texts_.size(), 1);
    FW_TRY(each_run([&](std::size_t, std::size_t text, const Frames& frames, TokenRun run) {
      sightings_.add(frames.frame(run));
      is_alone[text] = 0;
    }));
    is_alone_ = std::move(is_alone);
    return {};
  }

  Status collect_fillings() {
    std::vector<std::vector<Filled>> found(parallel_workers());
    FW_TRY(each_run([&](std::size_t worker, std::size_t, const Frames& frames, TokenRun run) {
      const std::uint64_t frame = frames.frame(run);
      if (!sightings_.may_be_slot(frame)) return;
      found[worker].push_back({frame, frames.filling(run), frames.words_around(run) == 2});
    }));
    std::vector<Filled> filled;
    for (auto& some : found) filled.insert(filled.end(), some.begin(), some.end());
    found.clear();
    FW_TRY(deadline_.check("count what fills the slots of templates"));
    std::ranges::sort(filled);
    filled.erase(std::unique(filled.begin(), filled.end()), filled.end());
    for (std::size_t i = 0; i < filled.size();) {
      std::size_t end = i;
      while (end < filled.size() && filled[end].frame == filled[i].frame) ++end;
      if (end - i >= (filled[i].between_two ? 6u : 3u)) fillings_.emplace(filled[i].frame, end - i);
      i = end;
    }
    return {};
  }

  /// Each text becomes the frame that most texts share, of equals the one with the shortest slot, then the first.
  Result<std::vector<std::vector<std::uint32_t>>> choose_frames() const {
    std::vector<std::vector<std::uint32_t>> becomes(texts_.size());
    if (fillings_.empty()) return becomes;
    std::vector<std::size_t> most(texts_.size(), 0);
    std::vector<TokenRun> slots(texts_.size());
    FW_TRY(each_run([&](std::size_t, std::size_t text, const Frames& frames, TokenRun run) {
      const std::uint64_t frame = frames.frame(run);
      if (!sightings_.may_be_slot(frame)) return;
      const auto found = fillings_.find(frame);
      if (found == fillings_.end() || found->second < most[text]) return;
      if (found->second == most[text] && run.size >= slots[text].size) return;
      most[text] = found->second;
      slots[text] = run;
    }));
    for (std::size_t text = 0; text < texts_.size(); ++text) {
      if (most[text] > 0) becomes[text] = with_slot(texts_[text], slots[text]);
    }
    return becomes;
  }

  std::span<const TokenText> texts_;
  const SharedEnds& shared_;
  const Deadline& deadline_;
  std::vector<std::uint8_t> is_alone_ = std::vector<std::uint8_t>(texts_.size());  // 1: no run of it may be a slot
  Sightings sightings_;
  std::unordered_map<std::uint64_t, std::size_t> fillings_;  // of frames that are templates
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

Status Templates::resolve(const Deadline& deadline) {
  for (int round = 0; round < kRounds; ++round) {
    FW_ASSIGN(const bool has_merged, merge_once(deadline));
    if (!has_merged) break;  // another round would see the same texts
  }
  return {};
}

Result<bool> Templates::merge_once(const Deadline& deadline) {
  FW_TRY(deadline.check("look for templates"));
  // Texts by what they are now; a second round sees those of the first as one.
  std::vector<std::uint64_t> looked_at;
  for (const auto& [hash, text] : texts_) {
    if (text.size > 0) looked_at.push_back(text.result);
  }
  std::ranges::sort(looked_at);
  looked_at.erase(std::unique(looked_at.begin(), looked_at.end()), looked_at.end());
  if (looked_at.size() > kMaxTexts) looked_at.resize(kMaxTexts);
  const auto place_of = [&](const Text& text) -> std::size_t {
    if (text.size == 0 || text.result > looked_at.back()) return looked_at.size();
    const auto found = std::ranges::lower_bound(looked_at, text.result);
    return *found == text.result ? static_cast<std::size_t>(found - looked_at.begin()) : looked_at.size();
  };
  std::vector<TokenText> texts(looked_at.size());
  for (const auto& [hash, text] : texts_) {
    const std::size_t place = place_of(text);
    if (place < texts.size()) texts[place] = TokenText(tokens_.data() + text.offset, text.size);
  }
  FW_ASSIGN(const SharedEnds shared, SharedEnds::of(texts, deadline));
  FW_ASSIGN(const auto becomes, SlotSearch(texts, shared, deadline).run());
  bool has_merged = false;
  for (auto& [hash, text] : texts_) {
    const std::size_t place = place_of(text);
    if (place == texts.size() || becomes[place].empty()) continue;
    const std::uint64_t result = hash64(bytes_of(becomes[place]));
    if (result == text.result) continue;
    has_merged = true;
    text = {tokens_.size(), static_cast<std::uint32_t>(becomes[place].size()), result};
    tokens_.insert(tokens_.end(), becomes[place].begin(), becomes[place].end());
  }
  return has_merged;
}

}  // namespace fw::dataset
