#include "evals/text/token_f1.h"

#include <unordered_map>

#include "evals/text/squad_text.h"

namespace fw::evals {

double token_f1(std::string_view reference, std::string_view candidate) {
  return token_f1(squad_words(reference), squad_words(candidate));
}

double token_f1(const std::vector<std::string>& expected, const std::vector<std::string>& made) {
  if (expected.empty() || made.empty()) return expected.empty() && made.empty() ? 1.0 : 0.0;
  std::unordered_map<std::string_view, int> left;
  for (const std::string& word : expected) ++left[word];
  int common = 0;
  for (const std::string& word : made) {
    const auto found = left.find(word);
    if (found == left.end() || found->second == 0) continue;
    --found->second;
    ++common;
  }
  if (common == 0) return 0.0;
  const double precision = static_cast<double>(common) / static_cast<double>(made.size());
  const double recall = static_cast<double>(common) / static_cast<double>(expected.size());
  return 2 * precision * recall / (precision + recall);
}

}  // namespace fw::evals
