#include "capture/redaction/impl/checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <span>

namespace fw::capture {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

struct Country {
  std::string_view code;
  std::size_t length;
};
/// The IBAN registry's lengths.
constexpr std::array<Country, 88> kCountries{
    {{"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
     {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
     {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
     {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28},
     {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28},
     {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22},
     {"MK", 19}, {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
     {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
     {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
     {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}}};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool has_iban_checksum(const std::string& compact) {
  unsigned rest = 0;
  const auto take = [&](char c) {
    if (is_digit(c))
      rest = (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
    else
      rest = (rest * 100 + static_cast<unsigned>(c - 'A' + 10)) % 97;
  };
  for (const char c : compact.substr(4) + compact.substr(0, 4)) take(c);
  return rest == 1;
}

int number_at(std::string_view digits, std::size_t count) {
  int out = 0;
  (void)std::from_chars(digits.data(), digits.data() + std::min(count, digits.size()), out);
  return out;
}

/// `24.11.2026 10`, `2026-11-24`, `01/02/2024`: runs of two, two and four digits.
bool looks_like_date(std::string_view text) {
  std::array<std::size_t, 3> groups{};
  std::size_t group = 0;
  char between = 0;
  for (const char c : text) {
    if (is_digit(c)) {
      ++groups[group];
    } else if (group == 2) {
      break;
    } else {
      if (c != '.' && c != '-' && c != '/') return false;
      if (between != 0 && c != between) return false;
      between = c;
      ++group;
    }
  }
  if (group < 2) return false;
  const bool year_last = groups[0] <= 2 && groups[1] <= 2 && (groups[2] == 4 || groups[2] == 2);
  const bool year_first = groups[0] == 4 && groups[1] <= 2 && groups[2] <= 2;
  return year_last || year_first;
}

/// `555-123-4567`, `(555) 123 4567`.
bool is_in_american_groups(std::string_view text) {
  std::array<std::size_t, 3> groups{};
  std::size_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      ++groups[group];
    } else if (i > 0 && is_digit(text[i - 1]) && ++group == groups.size()) {
      return false;
    }
  }
  const auto first = std::ranges::find_if(text, is_digit);
  return groups == std::array<std::size_t, 3>{3, 3, 4} && first != text.end() && *first >= '2';
}

}  // namespace

std::string digits_of(std::string_view text) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out), is_digit);
  return out;
}

bool has_luhn_checksum(std::string_view digits) {
  int sum = 0;
  bool is_doubled = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, is_doubled = !is_doubled) {
    const int digit = (*at - '0') * (is_doubled ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return !digits.empty() && sum % 10 == 0;
}

bool is_card_number(std::string_view digits) {
  const std::size_t n = digits.size();
  if (n < 13 || n > 19) return false;
  const int two = number_at(digits, 2);
  const int three = number_at(digits, 3);
  const int four = number_at(digits, 4);
  const bool is_visa = digits[0] == '4' && (n == 13 || n == 16 || n == 19);
  const bool is_mastercard = n == 16 && ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720));
  const bool is_amex = n == 15 && (two == 34 || two == 37);
  const bool is_diners = n == 14 && (two == 36 || two == 38 || two == 39 || (three >= 300 && three <= 305));
  const bool is_discover = n >= 16 && (four == 6011 || two == 65 || (three >= 644 && three <= 649));
  const bool is_jcb = n >= 16 && four >= 3528 && four <= 3589;
  const bool is_unionpay = n >= 16 && two == 62;
  const bool is_maestro = two == 50 || (two >= 56 && two <= 58) || two == 63 || two == 67;
  const bool is_known =
      is_visa || is_mastercard || is_amex || is_diners || is_discover || is_jcb || is_unionpay || is_maestro;
  return is_known && has_luhn_checksum(digits);
}

std::optional<std::size_t> iban_length(std::string_view text) {
  if (text.size() < 15) return std::nullopt;
  const std::string code{upper(text[0]), upper(text[1])};
  const auto country = std::ranges::find(kCountries, std::string_view(code), &Country::code);
  if (country == kCountries.end()) return std::nullopt;
  std::string compact;
  std::size_t at = 0;
  for (; at < text.size() && compact.size() < country->length; ++at) {
    if (text[at] == ' ' && at > 0 && text[at - 1] != ' ') continue;
    if (!is_digit(text[at]) && !is_letter(text[at])) return std::nullopt;
    compact += upper(text[at]);
  }
  if (compact.size() < country->length || !is_digit(compact[2]) || !is_digit(compact[3])) return std::nullopt;
  if (at < text.size() && (is_digit(text[at]) || is_letter(text[at]))) return std::nullopt;
  return has_iban_checksum(compact) ? std::optional(at) : std::nullopt;
}

bool is_ipv4(std::string_view text) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return false;
  return std::ranges::any_of(std::span(address.s6_addr).first(15), [](std::uint8_t byte) { return byte != 0; });
}

bool is_phone_number(std::string_view text) {
  const std::string digits = digits_of(text);
  if (looks_like_date(text)) return false;
  if (text.front() == '+') return digits.size() >= 8 && digits.size() <= 15 && digits[0] != '0';
  if (digits.starts_with("00")) return digits.size() >= 11 && digits.size() <= 17;
  if (digits.starts_with('0')) {
    const bool is_grouped = digits.size() != text.size();
    return is_grouped ? digits.size() >= 9 && digits.size() <= 12 : digits.size() == 10 || digits.size() == 11;
  }
  return is_in_american_groups(text);
}

}  // namespace fw::capture
