#include "evals/tool_calls/request_facts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "codec/unicode_words.h"

namespace fw::evals {
namespace {

constexpr std::size_t kLeastTextBytes = 4;
constexpr double kLeastNumber = 10;  // digits alone are counts more often than they are facts

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Folded, with single spaces for white space.
std::string normalized(std::string_view text) {
  std::string out;
  for (const char c : folded(text)) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (is_space && (out.empty() || out.back() == ' ')) continue;
    out.push_back(is_space ? ' ' : c);
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

/// The numbers in a text. A comma between digits may divide thousands or a list: both readings count.
std::vector<double> numbers_in(std::string_view text) {
  std::vector<double> found;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    std::string joined, part;
    const auto finish_part = [&] {
      if (!part.empty()) found.push_back(std::strtod(part.c_str(), nullptr));
      part.clear();
    };
    for (; i < text.size(); ++i) {
      const bool is_inside = i + 1 < text.size() && is_digit(text[i + 1]);
      if (is_digit(text[i]) || (text[i] == '.' && is_inside)) {
        joined.push_back(text[i]);
        part.push_back(text[i]);
      } else if (text[i] == ',' && is_inside) {
        finish_part();
      } else {
        break;
      }
    }
    finish_part();
    found.push_back(std::strtod(joined.c_str(), nullptr));
  }
  return found;
}

template <class Visit>
void for_each_leaf(const PythonValue& value, const Visit& visit) {
  if (const auto* items = value.list()) {
    for (const PythonValue& item : *items) for_each_leaf(item, visit);
  } else if (const auto* members = value.dict()) {
    for (const auto& [name, member] : *members) for_each_leaf(member, visit);
  } else {
    visit(value);
  }
}

}  // namespace

RequestFacts::RequestFacts(std::string_view request_json) {
  const auto request = parse_python_json(request_json);
  if (!request) return;
  for (const std::string_view part : {"messages", "tools", "functions"})
    if (const PythonValue* found = request->find(part)) add(*found);
}

void RequestFacts::add(const PythonValue& value) {
  for_each_leaf(value, [this](const PythonValue& leaf) {
    if (leaf.string()) add_text(*leaf.string());
    if (leaf.integer() || leaf.floating()) numbers_.insert(std::fabs(real_number(leaf)));
  });
}

void RequestFacts::add_text(std::string_view text) {
  const std::string line = normalized(text);
  for (std::string& word : unicode_words(text)) words_.insert(std::move(word));
  for (const double number : numbers_in(line)) numbers_.insert(number);
  text_ += '\n';
  text_ += line;
}

bool RequestFacts::lacks_text(const std::string& text) const {
  const std::string line = normalized(text);
  if (line.size() < kLeastTextBytes || text_.find(line) != std::string::npos) return false;
  const auto words = unicode_words(text);
  return !std::all_of(words.begin(), words.end(), [this](const std::string& word) { return words_.contains(word); });
}

bool RequestFacts::lacks_number(double value) const {
  const double size = std::fabs(value);
  const bool is_long = size >= kLeastNumber || size != std::trunc(size);
  return std::isfinite(size) && is_long && !numbers_.contains(size);
}

bool RequestFacts::lacks(const PythonValue& value) const {
  bool is_lacking = false;
  for_each_leaf(value, [&](const PythonValue& leaf) {
    if (leaf.string()) is_lacking = is_lacking || lacks_text(*leaf.string());
    if (leaf.integer() || leaf.floating()) is_lacking = is_lacking || lacks_number(real_number(leaf));
  });
  return is_lacking;
}

}  // namespace fw::evals
