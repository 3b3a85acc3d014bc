#include "evals/judge/judge_rating.h"

#include <re2/re2.h>

#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>

#include "evals/python_json.h"

namespace fw::evals {
namespace {

/// Longer answers are read from their end, where the rating stands.
constexpr std::size_t kMaxBytes = 64 * 1024;

/// What follows the thinking; nothing when it is not closed.
std::string_view without_thinking(std::string_view text) {
  constexpr std::string_view kBegin = "<think>", kEnd = "</think>";
  const std::size_t end = text.rfind(kEnd);
  if (end != std::string_view::npos) text.remove_prefix(end + kEnd.size());
  if (text.find(kBegin) != std::string_view::npos) return {};
  if (text.size() > kMaxBytes) text.remove_prefix(text.size() - kMaxBytes);
  return text;
}

std::optional<double> as_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end == text.c_str() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> rating_of(const PythonValue& value) {
  if (const bool* b = value.boolean()) return *b ? 1 : 0;
  if (const auto* i = value.integer()) return as_number((i->negative ? "-" : "") + i->digits);
  if (const auto* d = value.floating()) return std::isfinite(*d) ? std::optional(*d) : std::nullopt;
  if (const auto* s = value.string()) return as_number(*s);
  return std::nullopt;
}

/// The last object that has a rating; objects are tried from each brace to each later closing brace, a few of them.
std::optional<double> from_json(std::string_view text) {
  constexpr int kMaxTries = 64;
  int tries = 0;
  for (std::size_t close = text.rfind('}'); close != std::string_view::npos && close > 0;
       close = text.rfind('}', close - 1)) {
    for (std::size_t open = text.rfind('{', close); open != std::string_view::npos;
         open = open == 0 ? std::string_view::npos : text.rfind('{', open - 1)) {
      if (++tries > kMaxTries) return std::nullopt;
      const auto object = parse_python_json(text.substr(open, close - open + 1));
      if (!object) continue;
      for (const std::string_view name : {"rating", "Rating", "score", "similarity"})
        if (const PythonValue* value = object->find(name)) return rating_of(*value);
    }
  }
  return std::nullopt;
}

/// The patterns of numbers in prose; compiled once per reading, which is nothing beside a judge's answer.
struct Patterns {
  RE2 labelled{
      R"((?i)\b(?:rating|score|similarity|correctness)\b["'*_]*\s*(?:is|of|[:=])?\s*["'*_]*(-?\d+(?:\.\d+)?))"};
  RE2 any{R"((-?\d+(?:\.\d+)?)(?:\s*(?:/|out of)\s*\d+)?)"};
};

std::optional<double> labelled(std::string_view text, const RE2& pattern) {
  re2::StringPiece rest(text.data(), text.size());
  std::optional<double> last;
  for (std::string found; RE2::FindAndConsume(&rest, pattern, &found);) last = as_number(found);
  return last;
}

std::set<double> all_numbers(std::string_view text, const RE2& pattern) {
  re2::StringPiece rest(text.data(), text.size());
  std::set<double> numbers;
  for (std::string found; numbers.size() < 3 && RE2::FindAndConsume(&rest, pattern, &found);)
    if (const auto value = as_number(found)) numbers.insert(*value);
  return numbers;
}

}  // namespace

Result<double> parse_judge_rating(std::string_view answer, double low, double high) {
  const std::string_view text = without_thinking(answer);
  const Patterns patterns;
  std::optional<double> rating = from_json(text);
  if (!rating) rating = labelled(text, patterns.labelled);
  if (!rating) {
    const std::set<double> numbers = all_numbers(text, patterns.any);
    if (numbers.empty()) return data_loss("the judge's answer has no rating");
    if (numbers.size() > 1) return data_loss("the judge's answer has several numbers and none is called a rating");
    rating = *numbers.begin();
  }
  if (*rating < low || *rating > high) return data_loss("the judge's rating is outside the scale");
  return *rating;
}

}  // namespace fw::evals
