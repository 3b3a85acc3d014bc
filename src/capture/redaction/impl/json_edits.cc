#include "capture/redaction/impl/json_edits.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>

#include "capture/completions/impl/escaped.h"

namespace fw::capture {
namespace {

constexpr int kDeepest = 128;
constexpr int kMostTextsWithin = 4;  // JSON in a text in JSON in a text ...

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct TokenName {
  std::string_view name;
  Spells spells;
};
constexpr auto kTokenNames = std::to_array<TokenName>({
    {"logprobs", Spells::kText},                  // OpenAI, Ollama
    {"logprobsResult", Spells::kText},            // Gemini
    {"logprobs_result", Spells::kText},           // its SDKs
    {"completion_probabilities", Spells::kText},  // llama.cpp
    {"token_ids", Spells::kText},                 // vLLM
    {"prompt_logprobs", Spells::kRequest},
    {"prompt_token_ids", Spells::kRequest},
});

/// What `value` under `name` spells: tokens with their probabilities, or their ids. Others may use the names too, for
/// the settings of a request or in the schema of a tool.
Spells spelled(std::string_view name, std::string_view value) {
  const auto* known = std::ranges::find(kTokenNames, name, &TokenName::name);
  if (known == kTokenNames.end() || (value.front() != '[' && value.front() != '{')) return Spells::kNothing;
  const auto first = value.find_first_not_of(" \t\r\n[", 1);
  const bool are_ids = value.front() == '[' && first != std::string_view::npos && is_digit(value[first]);
  const bool have_tokens = value.find("\"token") != std::string_view::npos ||
                           value.find("prob") != std::string_view::npos || value.find("Prob") != std::string_view::npos;
  return are_ids || have_tokens ? known->spells : Spells::kNothing;
}

/// A string's value, and where each of its bytes stands in the string's inside.
class Unescaped {
 public:
  explicit Unescaped(std::string_view inside) : inside_(inside) {
    if (inside.find('\\') == std::string_view::npos) return;
    text_.reserve(inside.size());
    places_.reserve(inside.size() + 1);
    for (std::size_t at = 0; at < inside.size();) {
      const std::size_t length = escape_length(inside, at);
      const std::string value = length == 1 ? std::string(1, inside[at]) : unescaped(inside.substr(at, length));
      for (const char c : value) {
        text_ += c;
        places_.push_back(at);
      }
      at += length;
    }
    places_.push_back(inside.size());
  }

  [[nodiscard]] std::string_view text() const { return places_.empty() ? inside_ : std::string_view(text_); }
  [[nodiscard]] std::size_t place(std::size_t at) const { return places_.empty() ? at : places_[at]; }

 private:
  static std::size_t escape_length(std::string_view inside, std::size_t at) {
    if (inside[at] != '\\') return 1;
    if (at + 1 >= inside.size() || inside[at + 1] != 'u') return std::min<std::size_t>(2, inside.size() - at);
    const bool is_high = at + 3 < inside.size() && (inside[at + 2] | 0x20) == 'd' &&
                         std::string_view("89abAB").find(inside[at + 3]) != std::string_view::npos;
    const bool is_pair = is_high && inside.substr(std::min(at + 6, inside.size())).starts_with("\\u");
    return std::min<std::size_t>(is_pair ? 12 : 6, inside.size() - at);
  }

  std::string_view inside_;
  std::string text_;
  std::vector<std::size_t> places_;
};

class Walker {
 public:
  Walker(std::string_view json, ValueJudge& judge, std::vector<JsonPath::Step>& steps, int texts_within)
      : json_(json), judge_(judge), steps_(steps), texts_within_(texts_within), follows_paths_(judge.wants_paths()) {}

  bool run(Edits& edits) {
    edits_ = &edits;
    skip_space();
    if (!value(0)) return false;
    skip_space();
    return at_ == json_.size();
  }

 private:
  void skip_space() {
    while (at_ < json_.size() && is_space(json_[at_])) ++at_;
  }
  [[nodiscard]] char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool value(int depth) {
    const std::size_t begin = at_;
    const std::size_t edits_before = edits_->size();
    bool is_right = false;
    if (peek() == '"')
      is_right = string_value();
    else if (peek() == '{' || peek() == '[')
      is_right = depth < kDeepest && nested(depth + 1);
    else
      is_right = scalar();
    if (is_right && follows_paths_ && json_[begin] != '"') replace_whole(begin, edits_before);
    return is_right;
  }

  /// A value that a path names goes as a whole, with what was to be replaced within it.
  void replace_whole(std::size_t begin, std::size_t edits_before) {
    std::string text = judge_.replace_value(steps_, json_.substr(begin, at_ - begin), false);
    if (text.empty()) return;
    edits_->resize(edits_before);
    edits_->push_back({begin, at_, std::move(text)});
  }

  bool nested(int depth) {
    const bool is_object = json_[at_++] == '{';
    const char end = is_object ? '}' : ']';
    skip_space();
    if (take(end)) return true;
    for (std::size_t index = 0;; ++index) {
      std::string_view name;
      if (!(is_object ? key(name) : element(index))) return false;
      const std::size_t begin = at_;
      const std::size_t edits_before = edits_->size();
      if (!value(depth)) return false;
      if (is_object) note_tokens(name, begin, edits_before);
      if (follows_paths_) steps_.pop_back();
      skip_space();
      if (take(end)) return true;
      if (!take(',')) return false;
      skip_space();
    }
  }

  /// Goes with what it spells, and what was found in single tokens with it; a path may have taken it already.
  void note_tokens(std::string_view name, std::size_t begin, std::size_t edits_before) {
    const Spells what = spelled(name, json_.substr(begin, at_ - begin));
    if (what == Spells::kNothing) return;
    const bool is_replaced =
        edits_->size() > edits_before && edits_->back().begin == begin && edits_->back().end == at_;
    if (is_replaced) return;
    edits_->resize(edits_before);
    edits_->push_back({begin, at_, "null", what});
  }

  bool element(std::size_t index) {
    if (follows_paths_) steps_.push_back({.name = "", .index = index});
    return true;
  }

  bool key(std::string_view& inside) {
    if (!string(inside)) return false;
    skip_space();
    if (!take(':')) return false;
    skip_space();
    if (inside.find('\\') != std::string_view::npos) inside = keys_.emplace_back(unescaped(inside));
    if (!follows_paths_) return true;
    steps_.push_back({.name = inside, .index = std::nullopt});
    return true;
  }

  /// The string that begins here; `inside` is what stands between its quotes.
  bool string(std::string_view& inside) {
    if (!take('"')) return false;
    const std::size_t begin = at_;
    while (at_ < json_.size()) {
      const char c = json_[at_];
      if (c == '"') {
        inside = json_.substr(begin, at_ - begin);
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      at_ += c == '\\' ? 2 : 1;
    }
    return false;
  }

  bool string_value() {
    const std::size_t begin = at_;
    std::string_view inside;
    if (!string(inside) || !has_valid_escapes(inside)) return false;
    const Unescaped value(inside);
    if (follows_paths_) {
      std::string text = judge_.replace_value(steps_, value.text(), true);
      if (!text.empty()) {
        edits_->push_back({begin, at_, std::move(text)});
        return true;
      }
    }
    Edits within;
    if (!json_within(value.text(), within)) within = judge_.edits_of_text(value.text());
    for (const Edit& edit : within) {
      edits_->push_back(
          {begin + 1 + value.place(edit.begin), begin + 1 + value.place(edit.end), escaped(edit.text), edit.spells});
    }
    return true;
  }

  bool json_within(std::string_view text, Edits& edits) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return false;
    if (texts_within_ == kMostTextsWithin) return false;
    const std::size_t depth = steps_.size();
    if (Walker(text, judge_, steps_, texts_within_ + 1).run(edits)) return true;
    steps_.resize(depth);
    edits.clear();
    return false;
  }

  bool scalar() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (json_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return true;
      }
    }
    return number();
  }

  bool number() {
    (void)take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (!take('+')) (void)take('-');
      return digits();
    }
    return true;
  }
  bool digits() {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return at_ > begin;
  }

  std::string_view json_;
  ValueJudge& judge_;
  std::vector<JsonPath::Step>& steps_;
  int texts_within_;
  bool follows_paths_;
  std::size_t at_ = 0;
  Edits* edits_ = nullptr;
  std::deque<std::string> keys_;  ///< of names with escapes, which steps look at
};

}  // namespace

std::string edited(std::string_view text, const Edits& edits) {
  std::string out;
  out.reserve(text.size());
  std::size_t from = 0;
  for (const Edit& edit : edits) {
    out += text.substr(from, edit.begin - from);
    out += edit.text;
    from = edit.end;
  }
  out += text.substr(from);
  return out;
}

bool collect_edits(std::string_view json, ValueJudge& judge, std::vector<JsonPath::Step>& steps, Edits& edits) {
  return Walker(json, judge, steps, 0).run(edits);
}

}  // namespace fw::capture
