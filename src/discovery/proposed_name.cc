#include "discovery/impl/proposed_name.h"

#include <algorithm>
#include <array>

namespace fw::discovery {
namespace {

constexpr std::size_t kMostBytes = 40;
constexpr std::size_t kWords = 3;
constexpr std::size_t kSearched = 2000;  // bytes of the prompt

constexpr std::array<std::string_view, 36> kFillers{
    "a",   "an",   "the",  "helpful", "very",   "of",       "for",    "to",           "in",  "on",   "and",  "that",
    "who", "is",   "are",  "with",    "our",    "your",     "you",    "as",           "be",  "by",   "from", "this",
    "it",  "will", "must", "should",  "please", "friendly", "expert", "professional", "act", "task", "role", "now"};

/// Behind these stands what the model is to be; those that say it best first.
constexpr std::array<std::string_view, 6> kIntroductions{"you are ",         "you're ",         "act as ",
                                                         "your task is to ", "your job is to ", "your role is "};

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool ends_phrase(char c) { return c == '.' || c == ',' || c == '\n' || c == ':' || c == ';' || c == '(' || c == '*'; }

/// The first words of a phrase that say something, with `-` between them.
std::string first_words(std::string_view text) {
  std::string name;
  std::size_t words = 0;
  for (std::size_t at = 0; at < text.size() && words < kWords;) {
    if (!is_letter(text[at])) {
      if (ends_phrase(text[at]) && words > 0) break;
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && (is_letter(text[end]) || text[end] == '-' || text[end] == '_')) ++end;
    const std::string_view word = text.substr(at, end - at);
    at = end;
    if (at < text.size() && text[at] == '\'') {  // of `customer's`
      for (++at; at < text.size() && is_letter(text[at]);) ++at;
    }
    if (std::ranges::find(kFillers, word) != kFillers.end()) continue;
    name += (name.empty() ? "" : "-") + std::string(word);
    ++words;
  }
  return as_name(name);
}

}  // namespace

std::string as_name(std::string_view text) {
  std::string name;
  for (const char c : text.substr(0, 4 * kMostBytes)) {
    if (is_letter(small(c))) {
      name += small(c);
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  if (name.size() > kMostBytes) name.resize(kMostBytes);
  while (name.ends_with('-')) name.pop_back();
  return name;
}

std::string proposed_name(std::string_view prompt) {
  std::string text(prompt.substr(0, kSearched));
  std::ranges::transform(text, text.begin(), small);
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '#') return first_words(std::string_view(text).substr(first));
  for (const std::string_view introduction : kIntroductions) {
    const auto at = text.find(introduction);
    if (at == text.npos) continue;
    if (auto name = first_words(std::string_view(text).substr(at + introduction.size())); !name.empty()) return name;
  }
  return first_words(text);
}

}  // namespace fw::discovery
