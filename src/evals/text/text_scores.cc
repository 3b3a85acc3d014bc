#include "evals/text/text_scores.h"

#include <algorithm>
#include <string>
#include <vector>

#include "codec/unicode_words.h"
#include "evals/text/exact_match.h"
#include "evals/text/porter_stemmer.h"
#include "evals/text/rouge.h"
#include "evals/text/token_f1.h"

namespace fw::evals {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// As rouge_tokens stems: ASCII words of more than three letters.
std::vector<std::string> stemmed_words(std::string_view text) {
  std::vector<std::string> words = unicode_words(text);
  for (std::string& word : words)
    if (word.size() > 3 && is_ascii(word)) word = porter_stem(word);
  return words;
}

/// As squad_words leaves out articles.
std::vector<std::string> words_without_articles(std::string_view text) {
  std::vector<std::string> words = unicode_words(text);
  std::erase_if(words, [](const std::string& word) { return word == "a" || word == "an" || word == "the"; });
  return words;
}

/// Texts without words, such as pictographs, have only themselves to be compared by.
double folded_match(std::string_view reference, std::string_view candidate) {
  return folded(reference) == folded(candidate) ? 1.0 : 0.0;
}

}  // namespace

Result<double> rouge_l_score(std::string_view reference, std::string_view candidate) {
  if (reference == candidate) return 1.0;
  if (is_ascii(reference) && is_ascii(candidate)) return rouge_l_f(reference, candidate);
  const auto expected = stemmed_words(reference), made = stemmed_words(candidate);
  if (expected.empty() && made.empty()) return folded_match(reference, candidate);
  FW_ASSIGN(const RougeScore found, rouge_l(expected, made));
  return found.f;
}

Result<double> token_f1_score(std::string_view reference, std::string_view candidate) {
  if (reference == candidate) return 1.0;
  if (is_ascii(reference) && is_ascii(candidate)) return token_f1(reference, candidate);
  const auto expected = words_without_articles(reference), made = words_without_articles(candidate);
  if (expected.empty() && made.empty()) return folded_match(reference, candidate);
  return token_f1(expected, made);
}

Result<double> exact_match_score(std::string_view reference, std::string_view candidate) {
  if (reference == candidate) return 1.0;
  if (is_ascii(reference) && is_ascii(candidate)) return exact_match(reference, candidate);
  const auto expected = words_without_articles(reference), made = words_without_articles(candidate);
  if (expected.empty() && made.empty()) return folded_match(reference, candidate);
  return expected == made ? 1.0 : 0.0;
}

}  // namespace fw::evals
