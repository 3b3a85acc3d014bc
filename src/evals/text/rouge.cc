#include "evals/text/rouge.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "evals/text/porter_stemmer.h"

namespace fw::evals {
namespace {

using Tokens = std::vector<std::string>;

constexpr std::size_t kMaxCells = 64'000'000;     // of the table of rouge_l_sum: 4 bytes each
constexpr std::size_t kMaxPairs = 1'000'000'000;  // of words in rouge_l: below two seconds in the worst case

RougeScore score(std::size_t hits, std::size_t reference, std::size_t candidate) {
  RougeScore s;
  s.precision = static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(candidate, 1));
  s.recall = static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(reference, 1));
  if (s.precision + s.recall > 0) s.f = 2 * s.precision * s.recall / (s.precision + s.recall);
  return s;
}

std::map<std::string, std::size_t> n_grams(const Tokens& tokens, std::size_t n) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t i = 0; i + n <= tokens.size(); ++i) {
    std::string gram;
    for (std::size_t j = i; j < i + n; ++j) gram += tokens[j] + ' ';
    ++counts[gram];
  }
  return counts;
}

/// Length of the longest common subsequence (Hyyro 2004): one bit per token of a, one pass of additions per token of b.
std::size_t common_subsequence(const Tokens& a, const Tokens& b) {
  const std::size_t words = (a.size() + 63) / 64;
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> where;
  for (std::size_t i = 0; i < a.size(); ++i) where[a[i]].push_back(static_cast<std::uint32_t>(i));
  std::vector<std::uint64_t> state(words, ~std::uint64_t{0}), match(words);
  for (const std::string& token : b) {
    const auto found = where.find(token);
    if (found == where.end()) continue;
    for (const std::uint32_t i : found->second) match[i / 64] |= std::uint64_t{1} << (i % 64);
    std::uint64_t carry = 0;
    for (std::size_t w = 0; w < words; ++w) {
      const std::uint64_t v = state[w], u = v & match[w];
      const std::uint64_t sum = v + u, total = sum + carry;
      carry = static_cast<std::uint64_t>(sum < v) | static_cast<std::uint64_t>(total < sum);
      state[w] = total | (v & ~u);
    }
    for (const std::uint32_t i : found->second) match[i / 64] = 0;
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < a.size(); ++i) length += (~state[i / 64] >> (i % 64)) & 1;
  return length;
}

Error texts_too_long(std::size_t reference, std::size_t candidate) {
  return too_large("texts of " + std::to_string(reference) + " and " + std::to_string(candidate) +
                   " words are too long to compare");
}

std::vector<Tokens> sentences(std::string_view text, bool stem) {
  std::vector<Tokens> lines;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (end > start) lines.push_back(rouge_tokens(text.substr(start, end - start), stem));
    start = end + 1;
  }
  return lines;
}

/// Marks the tokens of `reference` that one longest common subsequence with `candidate` uses: of several, the one that
/// a walk back from the end finds when it leaves out tokens of the reference first.
void mark_subsequence(const Tokens& reference, const Tokens& candidate, std::vector<bool>& used) {
  const std::size_t rows = reference.size(), width = candidate.size() + 1;
  std::vector<std::uint32_t> table((rows + 1) * width);
  for (std::size_t i = 1; i <= rows; ++i)
    for (std::size_t j = 1; j < width; ++j)
      table[i * width + j] = reference[i - 1] == candidate[j - 1]
                                 ? table[(i - 1) * width + j - 1] + 1
                                 : std::max(table[(i - 1) * width + j], table[i * width + j - 1]);
  std::size_t i = rows, j = candidate.size();
  while (i > 0 && j > 0) {
    if (reference[i - 1] == candidate[j - 1]) {
      used[--i] = true;
      --j;
    } else if (table[i * width + j - 1] > table[(i - 1) * width + j]) {
      --j;
    } else {
      --i;
    }
  }
}

struct Bag {
  explicit Bag(const std::vector<Tokens>& lines) {
    for (const Tokens& line : lines) {
      total += line.size();
      for (const std::string& token : line) ++counts[token];
    }
  }
  std::size_t total = 0;
  std::unordered_map<std::string_view, std::size_t> counts;
};

}  // namespace

std::vector<std::string> rouge_tokens(std::string_view text, bool stem) {
  Tokens tokens;
  std::string token;
  const auto finish = [&] {
    if (!token.empty()) tokens.push_back(stem && token.size() > 3 ? porter_stem(token) : token);
    token.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      token.push_back(c);
    } else if (c >= 'A' && c <= 'Z') {
      token.push_back(static_cast<char>(c - 'A' + 'a'));
    } else if (text.substr(i, 2) == "\xc4\xb0") {  // U+0130 becomes i and a combining dot, which separates
      token.push_back('i');
      finish();
      ++i;
    } else if (text.substr(i, 3) == "\xe2\x84\xaa") {  // the Kelvin sign becomes k
      token.push_back('k');
      i += 2;
    } else {
      finish();
    }
  }
  finish();
  return tokens;
}

RougeScore rouge_n(const Tokens& reference, const Tokens& candidate, int n) {
  const auto size = static_cast<std::size_t>(n);
  const auto expected = n_grams(reference, size), made = n_grams(candidate, size);
  std::size_t hits = 0;
  for (const auto& [gram, count] : expected) {
    const auto found = made.find(gram);
    if (found != made.end()) hits += std::min(count, found->second);
  }
  const auto grams = [&](const Tokens& tokens) { return tokens.size() >= size ? tokens.size() - size + 1 : 0; };
  return score(hits, grams(reference), grams(candidate));
}

Result<RougeScore> rouge_l(const Tokens& reference, const Tokens& candidate) {
  if (reference.empty() || candidate.empty()) return RougeScore{};
  if (reference.size() > kMaxPairs / candidate.size()) return texts_too_long(reference.size(), candidate.size());
  return score(common_subsequence(reference, candidate), reference.size(), candidate.size());
}

Result<RougeScore> rouge_l_sum(std::string_view reference, std::string_view candidate, bool stem) {
  const std::vector<Tokens> expected = sentences(reference, stem), made = sentences(candidate, stem);
  Bag expected_left(expected), made_left(made);
  if (expected_left.total == 0 || made_left.total == 0) return RougeScore{};
  if (expected_left.total > kMaxCells / made_left.total) return texts_too_long(expected_left.total, made_left.total);
  std::size_t hits = 0;
  for (const Tokens& line : expected) {
    std::vector<bool> used(line.size());
    for (const Tokens& other : made) mark_subsequence(line, other, used);
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (!used[i] || made_left.counts[line[i]] == 0 || expected_left.counts[line[i]] == 0) continue;
      --made_left.counts[line[i]];
      --expected_left.counts[line[i]];
      ++hits;
    }
  }
  return score(hits, expected_left.total, made_left.total);
}

Result<double> rouge_l_f(std::string_view reference, std::string_view candidate) {
  FW_ASSIGN(const RougeScore found, rouge_l(rouge_tokens(reference, true), rouge_tokens(candidate, true)));
  return found.f;
}

}  // namespace fw::evals
