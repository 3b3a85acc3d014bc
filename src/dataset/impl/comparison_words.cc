#include "dataset/impl/comparison_words.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "codec/unicode_words.h"
#include "dataset/impl/json_hash.h"
#include "dataset/impl/unspaced.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kWordsOfRun = 3;

bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The place after the token that stands at `at`: what is written without an ASCII blank.
std::size_t end_of_token(std::string_view text, std::size_t at) {
  while (at < text.size() && !is_blank(text[at])) ++at;
  return at;
}

std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char digit = lower(c);
    const bool is_digit = digit >= '0' && digit <= '9';
    if (!is_digit && (digit < 'a' || digit > 'f')) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(is_digit ? digit - '0' : digit - 'a' + 10);
  }
  return value;
}

/// What JSON's escapes mean, however often they were escaped again; blanks for controls.
class Unescaper {
 public:
  explicit Unescaper(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  std::string run() {
    while (at_ < text_.size()) {
      if (text_[at_] != '\\') {
        out_ += text_[at_++];
        continue;
      }
      skip_backslashes();
      const char c = at_ < text_.size() ? text_[at_] : ' ';
      if (c == 'n' || c == 'r' || c == 't' || c == 'b' || c == 'f') {
        out_ += c == 'n' ? '\n' : ' ';
        ++at_;
      } else if (const auto unit = c == 'u' ? hex4(text_.substr(at_ + 1)) : std::nullopt) {
        at_ += 5;
        add(*unit);
      } else {
        out_ += '\\';
      }
    }
    return std::move(out_);
  }

 private:
  void skip_backslashes() {
    while (at_ < text_.size() && text_[at_] == '\\') ++at_;
  }

  void add(std::uint32_t unit) {
    if (unit >= 0xD800 && unit < 0xDC00) {
      const std::size_t before = at_;
      skip_backslashes();
      const auto low =
          at_ > before && at_ < text_.size() && text_[at_] == 'u' ? hex4(text_.substr(at_ + 1)) : std::nullopt;
      if (low && *low >= 0xDC00 && *low < 0xE000) {
        at_ += 5;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (*low - 0xDC00);
      } else {
        at_ = before;
      }
    }
    if (unit < 0x20 || (unit >= 0xD800 && unit < 0xE000)) {
      out_ += ' ';
    } else {
      std::uint8_t bytes[U8_MAX_LENGTH];
      std::int32_t size = 0;
      U8_APPEND_UNSAFE(bytes, size, static_cast<UChar32>(unit));
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

class WordReader {
 public:
  ComparisonWords read(std::string_view text) {
    std::size_t word_begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (is_beyond_ascii(text[i])) {
        // What stands before it in the word may be one letter with it.
        const std::size_t begin = word_.empty() ? i : word_begin;
        const std::size_t end = end_of_token(text, i);
        word_.clear();
        has_digit_ = false;
        read_folded(folded_as_seen(text.substr(begin, end - begin)));
        i = end - 1;
        continue;
      }
      if (word_.empty()) word_begin = i;
      read_ascii(text[i]);
    }
    end_word();
    if (out_.words.empty()) read_marks(text);
    sort_once(out_.names);
    return std::move(out_);
  }

 private:
  void read_ascii(char character) {
    const char c = lower(character);
    const bool is_digit = c >= '0' && c <= '9';
    if (is_digit || (c >= 'a' && c <= 'z')) {
      word_ += c;
      has_digit_ |= is_digit;
    } else {
      end_word();
    }
  }

  void read_folded(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!is_beyond_ascii(text[i])) {
        read_ascii(text[i]);
        continue;
      }
      const Character character = beyond_ascii(text, i);
      if (character.kind != Beyond::kLetter) end_word();
      if (character.kind != Beyond::kMark) word_ += text.substr(i, character.bytes);
      if (character.kind != Beyond::kLetter) end_word();
      i += character.bytes - 1;
    }
    end_word();
  }

  /// A text without a letter or a digit.
  void read_marks(std::string_view text) {
    for (const char c : folded_as_seen(text)) {
      if (!is_blank(c)) word_ += c;
    }
    end_word();
  }

  void end_word() {
    if (word_.empty()) return;
    out_.words.push_back(hash64(word_));
    if (has_digit_) out_.names.push_back(out_.words.back());
    word_.clear();
    has_digit_ = false;
  }

  std::string word_;
  bool has_digit_ = false;
  ComparisonWords out_;
};

}  // namespace

void sort_once(std::vector<std::uint64_t>& hashes) {
  std::ranges::sort(hashes);
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

std::string folded_for_comparison(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::max(end_of_token(text, i), i + 1);
    const std::string_view token = text.substr(i, end - i);
    if (std::ranges::any_of(token, is_beyond_ascii)) {
      out += folded_as_seen(token);
    } else {
      for (const char c : token) out += lower(c);
    }
    i = end;
  }
  return out;
}

ComparisonWords comparison_words(std::string_view text) {
  if (text.find('\\') == text.npos) return WordReader().read(text);
  return WordReader().read(Unescaper(text).run());
}

std::vector<std::uint64_t> runs_of(const std::vector<std::uint64_t>& words) {
  std::vector<std::uint64_t> runs = unsorted_runs_of(words);
  sort_once(runs);
  return runs;
}

std::vector<std::uint64_t> unsorted_runs_of(const std::vector<std::uint64_t>& words) {
  std::vector<std::uint64_t> runs;
  runs.reserve(words.size());
  for (std::size_t i = 0; !words.empty() && (i == 0 || i + kWordsOfRun <= words.size()); ++i) {
    std::uint64_t run = 0;
    for (std::size_t k = i; k < std::min(i + kWordsOfRun, words.size()); ++k) run = combine(run, words[k]);
    runs.push_back(run);
  }
  return runs;
}

std::uint64_t hash_of(const std::vector<std::uint64_t>& words) {
  std::uint64_t hash = 0;
  for (const std::uint64_t word : words) hash = combine(hash, word);
  return hash;
}

}  // namespace fw::dataset
