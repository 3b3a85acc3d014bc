#include "capture/redaction/impl/detectors.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "capture/redaction/impl/checks.h"

namespace fw::capture {
namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The bytes around a place; 0 at the text's ends.
char before(std::string_view text, std::size_t begin) { return begin == 0 ? '\0' : text[begin - 1]; }
char after(std::string_view text, std::size_t end) { return end == text.size() ? '\0' : text[end]; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// Where the first run of digits after `begin` ends.
std::size_t end_of_digits(std::string_view text, std::size_t begin) {
  while (begin < text.size() && !is_digit(text[begin])) ++begin;
  while (begin < text.size() && is_digit(text[begin])) ++begin;
  return begin;
}

/// Numbers in groups: what follows a number may look like another group of it. The longest beginning of a candidate
/// that ends with a group and satisfies `is_one`.
template <class IsOne>
std::optional<Found> longest_groups(std::string_view text, Found at, IsOne is_one) {
  for (std::size_t end = at.end; end > at.begin; --end) {
    const bool is_group_end = is_digit(text[end - 1]) && !is_digit(after(text, end));
    if (is_group_end && is_one(text.substr(at.begin, end - at.begin))) return Found{at.begin, end};
  }
  return std::nullopt;
}

/// A pattern says where to look, `judge` whether it is one there, and where it ends.
class PatternDetector : public Detector {
 public:
  explicit PatternDetector(const char* pattern) : pattern_(pattern, options()) { FW_ASSERT(pattern_.ok()); }

  [[nodiscard]] std::optional<Found> find(std::string_view text, std::size_t from) const override {
    while (from < text.size()) {
      re2::StringPiece match;
      if (!pattern_.Match({text.data(), text.size()}, from, text.size(), RE2::UNANCHORED, &match, 1)) break;
      const auto begin = static_cast<std::size_t>(match.data() - text.data());
      if (match.empty()) return std::nullopt;
      if (const auto found = judge(text, {begin, begin + match.size()})) return found;
      from = next_after(text, begin, begin + match.size());
    }
    return std::nullopt;
  }

 protected:
  [[nodiscard]] virtual std::optional<Found> judge(std::string_view text, Found candidate) const = 0;
  /// Where to look on after a candidate that is none.
  [[nodiscard]] virtual std::size_t next_after(std::string_view, std::size_t, std::size_t end) const { return end; }

 private:
  static RE2::Options options() {
    RE2::Options out;
    out.set_log_errors(false);
    return out;
  }
  RE2 pattern_;
};

class Email final : public PatternDetector {
 public:
  Email() : PatternDetector(R"([\pL\pN._%+'\-]+@(?:[\pL\pN](?:[\pL\pN\-]*[\pL\pN])?\.)+\pL{2,})") {}
  [[nodiscard]] bool may_be_in(const TextFacts& facts) const override { return facts.has_at && facts.dots > 0; }
  [[nodiscard]] std::string normal(std::string_view value) const override { return lower(value); }

 private:
  [[nodiscard]] std::optional<Found> judge(std::string_view text, Found at) const override {
    while (text[at.begin] == '.' || text[at.begin] == '\'' || text[at.begin] == '-') ++at.begin;
    return text[at.begin] == '@' ? std::nullopt : std::optional(at);
  }
};

class Phone final : public PatternDetector {
 public:
  Phone() : PatternDetector(R"(\+?\(?\d(?:[ .\-/()]{0,2}\d){6,16})") {}
  [[nodiscard]] bool may_be_in(const TextFacts& facts) const override { return facts.digits >= 8; }
  [[nodiscard]] std::string normal(std::string_view value) const override { return digits_of(value); }

 private:
  [[nodiscard]] std::optional<Found> judge(std::string_view text, Found at) const override {
    const char left = before(text, at.begin);
    const char right = after(text, at.end);
    if (is_word(left) || left == '-' || left == '.' || left == '/' || left == '+' || is_word(right))
      return std::nullopt;
    if (right == '-' && at.end + 1 < text.size() && is_word(text[at.end + 1])) return std::nullopt;
    return longest_groups(text, at, is_phone_number);
  }
  [[nodiscard]] std::size_t next_after(std::string_view text, std::size_t begin, std::size_t) const override {
    return end_of_digits(text, begin);
  }
};

class Iban final : public PatternDetector {
 public:
  Iban() : PatternDetector(R"((?i)\b[a-z]{2}\d{2}[ a-z0-9]{11})") {}
  [[nodiscard]] bool may_be_in(const TextFacts& facts) const override { return facts.digits >= 6; }
  [[nodiscard]] std::string normal(std::string_view value) const override {
    std::string out = lower(value);
    std::erase(out, ' ');
    return out;
  }

 private:
  [[nodiscard]] std::optional<Found> judge(std::string_view text, Found at) const override {
    if (is_word(before(text, at.begin))) return std::nullopt;
    const auto length = iban_length(text.substr(at.begin, 48));
    return length ? std::optional(Found{at.begin, at.begin + *length}) : std::nullopt;
  }
  [[nodiscard]] std::size_t next_after(std::string_view, std::size_t begin, std::size_t) const override {
    return begin + 4;
  }
};

class Card final : public PatternDetector {
 public:
  Card() : PatternDetector(R"(\d(?:[ \-]?\d){12,18})") {}
  [[nodiscard]] bool may_be_in(const TextFacts& facts) const override { return facts.digits >= 13; }
  [[nodiscard]] std::string normal(std::string_view value) const override { return digits_of(value); }

 private:
  [[nodiscard]] std::optional<Found> judge(std::string_view text, Found at) const override {
    const char left = before(text, at.begin);
    if (is_word(left) || (left == '.' && at.begin >= 2 && is_digit(text[at.begin - 2])) ||
        is_word(after(text, at.end))) {
      return std::nullopt;
    }
    return longest_groups(text, at, [](std::string_view number) { return is_card_number(digits_of(number)); });
  }
  [[nodiscard]] std::size_t next_after(std::string_view text, std::size_t begin, std::size_t) const override {
    return end_of_digits(text, begin);
  }
};

/// Addresses of both versions.
class Ip final : public PatternDetector {
 public:
  Ip() : PatternDetector(R"(\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:[0-9A-Fa-f.:]*)") {}
  [[nodiscard]] bool may_be_in(const TextFacts& facts) const override {
    return facts.colons >= 2 || (facts.dots >= 3 && facts.digits >= 4);
  }
  [[nodiscard]] std::string normal(std::string_view value) const override { return lower(value); }

 private:
  [[nodiscard]] std::optional<Found> judge(std::string_view text, Found at) const override {
    if (text[at.end - 1] == '.' || (text[at.end - 1] == ':' && (at.end - at.begin < 2 || text[at.end - 2] != ':')))
      --at.end;
    const std::string_view value = text.substr(at.begin, at.end - at.begin);
    const char left = before(text, at.begin);
    const char right = after(text, at.end);
    const bool goes_on = right == '.' && at.end + 1 < text.size() && is_digit(text[at.end + 1]);
    if (is_word(left) || left == ':' || (left == '.' && at.begin >= 2 && is_digit(text[at.begin - 2])) ||
        is_word(right) || goes_on) {
      return std::nullopt;
    }
    return is_ipv4(value) || is_ipv6(value) ? std::optional(at) : std::nullopt;
  }
};

class ApiKey final : public PatternDetector {
 public:
  ApiKey() : PatternDetector(kPattern) {}
  [[nodiscard]] bool may_be_in(const TextFacts& facts) const override { return facts.digits > 0 || facts.dashes >= 20; }

 private:
  /// What providers begin their keys with; a header's token; a private key in PEM.
  static constexpr const char* kPattern =
      R"(\b(?:sk|pk|rk)[-_][A-Za-z0-9_\-]{16,})"
      R"(|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[A-Za-z0-9_\-]{20,})"
      R"(|\b(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_\-]{35}|\bya29\.[A-Za-z0-9_\-]{20,})"
      R"(|\bxox[abeoprs]-[A-Za-z0-9\-]{10,}|\bhf_[A-Za-z0-9]{30,}|\bnvapi-[A-Za-z0-9_\-]{20,}|\bnpm_[A-Za-z0-9]{36})"
      R"(|\bpypi-[A-Za-z0-9_\-]{50,}|\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}|\bgsk_[A-Za-z0-9]{20,}|\bxai-[A-Za-z0-9]{20,})"
      R"(|(?i:bearer)[ \t]+[A-Za-z0-9_\-.~+/]{20,}=*)"
      R"(|-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s:,\-]*?-----END [A-Z ]*PRIVATE KEY-----)";

  [[nodiscard]] std::optional<Found> judge(std::string_view text, Found at) const override {
    const std::string_view value = text.substr(at.begin, at.end - at.begin);
    // A name of hyphenated words is no key: keys have digits.
    const bool is_key = value.starts_with("-----") || std::ranges::any_of(value, is_digit);
    return is_key ? std::optional(at) : std::nullopt;
  }
};

class Jwt final : public PatternDetector {
 public:
  Jwt() : PatternDetector(R"(\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}\.[A-Za-z0-9_\-]*)") {}
  [[nodiscard]] bool may_be_in(const TextFacts& facts) const override { return facts.dots >= 2 && facts.has_capitals; }

 private:
  [[nodiscard]] std::optional<Found> judge(std::string_view, Found at) const override { return at; }
};

constexpr std::array<std::string_view, 7> kKinds{"email", "phone", "iban", "card", "ip", "api_key", "jwt"};

}  // namespace

TextFacts facts_of(std::string_view text) {
  TextFacts facts;
  std::size_t ats = 0;
  std::size_t capitals = 0;
  // Without branches, so that the compiler counts many bytes at a time.
  for (const char c : text) {
    facts.digits += c >= '0' && c <= '9' ? 1 : 0;
    facts.colons += c == ':' ? 1 : 0;
    facts.dots += c == '.' ? 1 : 0;
    facts.dashes += c == '-' ? 1 : 0;
    ats += c == '@' ? 1 : 0;
    capitals += c >= 'A' && c <= 'Z' ? 1 : 0;
  }
  facts.has_at = ats > 0;
  facts.has_capitals = capitals > 0;
  return facts;
}

std::span<const std::string_view> detector_kinds() { return kKinds; }

std::unique_ptr<Detector> make_detector(std::string_view kind) {
  if (kind == "email") return std::make_unique<Email>();
  if (kind == "phone") return std::make_unique<Phone>();
  if (kind == "iban") return std::make_unique<Iban>();
  if (kind == "card") return std::make_unique<Card>();
  if (kind == "ip") return std::make_unique<Ip>();
  if (kind == "api_key") return std::make_unique<ApiKey>();
  if (kind == "jwt") return std::make_unique<Jwt>();
  return nullptr;
}

}  // namespace fw::capture
