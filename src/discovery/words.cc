#include "discovery/impl/words.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/hash.h"

namespace fw::discovery {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::array<std::string_view, 19> kCalendar{"january",  "february", "march",     "april",     "june",
                                                     "july",     "august",   "september", "october",   "november",
                                                     "december", "monday",   "tuesday",   "wednesday", "thursday",
                                                     "friday",   "saturday", "sunday",    "may"};

/// What stands between punctuation.
std::string_view core_of(std::string_view word) {
  while (!word.empty() && !is_word(word.front())) word.remove_prefix(1);
  while (!word.empty() && !is_word(word.back())) word.remove_suffix(1);
  return word;
}

/// `Mon`, `Sept`, `October`; "may" and "march" are words unless they begin with a capital.
bool is_of_calendar(std::string_view core, const std::string& small) {
  if (small.size() < 3 || core.front() == small.front()) return false;
  return std::ranges::any_of(kCalendar, [&](std::string_view name) {
    return small == name || (small.size() <= 4 && name.starts_with(small));
  });
}

std::uint32_t masked(std::string_view raw) {
  const std::string_view core = core_of(raw);
  if (core.empty()) return static_cast<std::uint32_t>(hash64(raw.substr(0, raw.find_first_of(" \t\r\n")))) | 2U;
  std::string small(core);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const bool varies = std::ranges::any_of(core, is_digit) || core.find('@') != core.npos ||
                      core.find("://") != core.npos || is_of_calendar(core, small);
  return varies ? kSlot : static_cast<std::uint32_t>(hash64(small)) | 2U;
}

}  // namespace

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_space(text[end])) ++end;
    // White space at the beginning of the text goes with its first word.
    while (end < text.size() && !is_space(text[end])) ++end;
    while (end < text.size() && is_space(text[end])) ++end;
    const std::string_view raw = text.substr(at, end - at);
    words.push_back({raw, masked(raw)});
    at = end;
  }
  return words;
}

}  // namespace fw::discovery
