#include "evals/text/porter_stemmer.h"

#include <array>
#include <span>

namespace fw::evals {
namespace {

bool is_vowel_letter(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

/// A `y` is a consonant at the start and after a vowel.
bool is_consonant(std::string_view word, std::size_t i) {
  bool consonant = true;  // of the letter before the run of y's that ends at i
  std::size_t start = i;
  while (start > 0 && word[start] == 'y') --start;
  consonant = word[start] == 'y' || !is_vowel_letter(word[start]);
  return (i - start) % 2 == 0 ? consonant : !consonant;
}

/// How often a vowel is followed by a consonant: Porter's m.
int measure(std::string_view stem) {
  int count = 0;
  bool after_vowel = false;
  for (std::size_t i = 0; i < stem.size(); ++i) {
    const bool consonant = is_consonant(stem, i);
    if (consonant && after_vowel) ++count;
    after_vowel = !consonant;
  }
  return count;
}

bool has_vowel(std::string_view stem) {
  for (std::size_t i = 0; i < stem.size(); ++i)
    if (!is_consonant(stem, i)) return true;
  return false;
}

bool ends_with_double_consonant(std::string_view word) {
  const std::size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && is_consonant(word, n - 1);
}

/// Consonant, vowel, consonant other than w, x, y; or a word of vowel and consonant.
bool ends_with_cvc(std::string_view word) {
  const std::size_t n = word.size();
  if (n == 2) return !is_consonant(word, 0) && is_consonant(word, 1);
  if (n < 3) return false;
  const char last = word[n - 1];
  return is_consonant(word, n - 3) && !is_consonant(word, n - 2) && is_consonant(word, n - 1) && last != 'w' &&
         last != 'x' && last != 'y';
}

using Condition = bool (*)(std::string_view stem);
bool always(std::string_view) { return true; }
bool measure_above_0(std::string_view stem) { return measure(stem) > 0; }
bool measure_above_1(std::string_view stem) { return measure(stem) > 1; }
bool measure_above_1_after_s_or_t(std::string_view stem) {
  return measure(stem) > 1 && (stem.back() == 's' || stem.back() == 't');
}
/// The l of `logi` belongs to the stem.
bool measure_above_0_with_l(std::string_view stem) { return measure(std::string(stem) + "l") > 0; }

struct Rule {
  std::string_view suffix;
  std::string_view replacement;
  Condition condition = measure_above_0;
};

/// The first rule whose suffix fits decides, whether its condition holds or not.
void apply(std::string& word, std::span<const Rule> rules) {
  for (const Rule& rule : rules) {
    if (!word.ends_with(rule.suffix)) continue;
    const std::string_view stem = std::string_view(word).substr(0, word.size() - rule.suffix.size());
    if (rule.condition(stem)) word.replace(stem.size(), std::string::npos, rule.replacement);
    return;
  }
}

constexpr Rule kPlurals[] = {{"sses", "ss", always}, {"ies", "i", always}, {"ss", "ss", always}, {"s", "", always}};
constexpr Rule kStep2[] = {{"ational", "ate"}, {"tional", "tion"},
                           {"enci", "ence"},   {"anci", "ance"},
                           {"izer", "ize"},    {"bli", "ble"},
                           {"alli", "al"},     {"entli", "ent"},
                           {"eli", "e"},       {"ousli", "ous"},
                           {"ization", "ize"}, {"ation", "ate"},
                           {"ator", "ate"},    {"alism", "al"},
                           {"iveness", "ive"}, {"fulness", "ful"},
                           {"ousness", "ous"}, {"aliti", "al"},
                           {"iviti", "ive"},   {"biliti", "ble"},
                           {"fulli", "ful"},   {"logi", "log", measure_above_0_with_l}};
constexpr Rule kStep3[] = {{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"},
                           {"ical", "ic"},  {"ful", ""},   {"ness", ""}};
constexpr Rule kStep4[] = {
    {"al", "", measure_above_1},   {"ance", "", measure_above_1}, {"ence", "", measure_above_1},
    {"er", "", measure_above_1},   {"ic", "", measure_above_1},   {"able", "", measure_above_1},
    {"ible", "", measure_above_1}, {"ant", "", measure_above_1},  {"ement", "", measure_above_1},
    {"ment", "", measure_above_1}, {"ent", "", measure_above_1},  {"ion", "", measure_above_1_after_s_or_t},
    {"ou", "", measure_above_1},   {"ism", "", measure_above_1},  {"ate", "", measure_above_1},
    {"iti", "", measure_above_1},  {"ous", "", measure_above_1},  {"ive", "", measure_above_1},
    {"ize", "", measure_above_1}};

void step1a(std::string& word) {
  if (word.size() == 4 && word.ends_with("ies")) {
    word.pop_back();
    return;
  }
  apply(word, kPlurals);
}

/// What follows when `-ed` or `-ing` was taken off.
void repair_stem(std::string& word) {
  if (word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz")) {
    word.push_back('e');
  } else if (ends_with_double_consonant(word)) {
    if (word.back() != 'l' && word.back() != 's' && word.back() != 'z') word.pop_back();
  } else if (measure(word) == 1 && ends_with_cvc(word)) {
    word.push_back('e');
  }
}

void step1b(std::string& word) {
  if (word.ends_with("ied")) {
    word.resize(word.size() - (word.size() == 4 ? 1 : 2));
    return;
  }
  if (word.ends_with("eed")) {
    if (measure(std::string_view(word).substr(0, word.size() - 3)) > 0) word.pop_back();
    return;
  }
  for (const std::string_view suffix : {"ed", "ing"}) {
    if (!word.ends_with(suffix)) continue;
    if (!has_vowel(std::string_view(word).substr(0, word.size() - suffix.size()))) continue;
    word.resize(word.size() - suffix.size());
    return repair_stem(word);
  }
}

void step1c(std::string& word) {
  if (word.size() > 2 && word.back() == 'y' && is_consonant(word, word.size() - 2)) word.back() = 'i';
}

void step2(std::string& word) {
  if (word.ends_with("alli") && measure(std::string_view(word).substr(0, word.size() - 4)) > 0) {
    word.resize(word.size() - 2);
    return step2(word);
  }
  apply(word, kStep2);
}

void step5(std::string& word) {
  if (word.ends_with('e')) {
    const std::string_view stem = std::string_view(word).substr(0, word.size() - 1);
    const int m = measure(stem);
    if (m > 1 || (m == 1 && !ends_with_cvc(stem))) word.pop_back();
  }
  if (word.ends_with("ll") && measure(std::string_view(word).substr(0, word.size() - 1)) > 1) word.pop_back();
}

struct Irregular {
  std::string_view form, stem;
};
constexpr Irregular kIrregular[] = {
    {"sky", "sky"},        {"skies", "sky"},       {"dying", "die"},        {"lying", "lie"},
    {"tying", "tie"},      {"news", "news"},       {"innings", "inning"},   {"inning", "inning"},
    {"outings", "outing"}, {"outing", "outing"},   {"cannings", "canning"}, {"canning", "canning"},
    {"howe", "howe"},      {"proceed", "proceed"}, {"exceed", "exceed"},    {"succeed", "succeed"}};

}  // namespace

std::string porter_stem(std::string_view word) {
  for (const Irregular& entry : kIrregular)
    if (word == entry.form) return std::string(entry.stem);
  std::string stem(word);
  if (stem.size() <= 2) return stem;
  step1a(stem);
  step1b(stem);
  step1c(stem);
  step2(stem);
  apply(stem, kStep3);
  apply(stem, kStep4);
  step5(stem);
  return stem;
}

}  // namespace fw::evals
