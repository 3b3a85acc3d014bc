#pragma once

#include <set>
#include <string>
#include <string_view>

#include "evals/python_json.h"

namespace fw::evals {

/// What a model could know from a request: every text and number of its messages and tools. Tells values that a model
/// made up from those that it read somewhere.
class RequestFacts final {
 public:
  /// Anything that is no JSON object holds no facts.
  explicit RequestFacts(std::string_view request_json);

  /// Adds the values within `value`.
  void add(const PythonValue& value);

  /// The value holds a text of at least four bytes or a number of at least two digits that stands nowhere in the
  /// request: not as it is (letter case, composition and white space aside), nor, of a text, every word of it.
  [[nodiscard]] bool lacks(const PythonValue& value) const;

 private:
  void add_text(std::string_view text);
  [[nodiscard]] bool lacks_text(const std::string& text) const;
  [[nodiscard]] bool lacks_number(double value) const;

  std::string text_;  ///< folded, single spaces, a line feed between texts
  std::set<std::string, std::less<>> words_;
  std::set<double> numbers_;
};

}  // namespace fw::evals
