#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace fw::evals {

/// A value as Python's `json.loads` makes it, with Python's `==`. The tool-calling scores are defined by both, so
/// neither a C++ JSON library's numbers (2^53, 1 is not 1.0) nor its strictness (no NaN, no lone surrogates) would do.
///
/// Equality: booleans are the integers 0 and 1; integers are exact whatever their length; an integer and a float are
/// equal when their values are; NaN equals nothing; objects ignore the order of keys, lists do not; no string is
/// normalised. Strings are UTF-8; a surrogate without its partner is kept as the three bytes UTF-8 would give it.
class PythonValue final {
 public:
  struct None {
    friend bool operator==(None, None) { return true; }
  };
  /// Decimal digits without leading zeros; zero is never negative.
  struct Integer {
    bool negative = false;
    std::string digits = "0";
    friend bool operator==(const Integer&, const Integer&) = default;
  };
  using List = std::vector<PythonValue>;
  using Dict = std::map<std::string, PythonValue, std::less<>>;

  PythonValue() = default;
  explicit PythonValue(bool value) : value_(value) {}
  explicit PythonValue(double value) : value_(value) {}
  explicit PythonValue(Integer value) : value_(std::move(value)) {}
  explicit PythonValue(std::string value) : value_(std::move(value)) {}
  explicit PythonValue(List value) : value_(std::move(value)) {}
  explicit PythonValue(Dict value) : value_(std::move(value)) {}

  [[nodiscard]] bool is_none() const { return std::holds_alternative<None>(value_); }
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&value_); }
  [[nodiscard]] const Integer* integer() const { return std::get_if<Integer>(&value_); }
  [[nodiscard]] const double* floating() const { return std::get_if<double>(&value_); }
  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const List* list() const { return std::get_if<List>(&value_); }
  [[nodiscard]] const Dict* dict() const { return std::get_if<Dict>(&value_); }

  /// The value under `key`; null when this is no object or has no such key.
  [[nodiscard]] const PythonValue* find(std::string_view key) const;
  /// What `if value:` decides in Python.
  [[nodiscard]] bool is_true() const;
  /// An integer that is at least 0 and fits, or a float that is one; otherwise `other`.
  [[nodiscard]] std::uint64_t count_or(std::uint64_t other) const;

  friend bool operator==(const PythonValue& a, const PythonValue& b);

 private:
  std::variant<None, bool, Integer, double, std::string, List, Dict> value_;
};

/// An integer or float as a double; NaN for everything else.
[[nodiscard]] double real_number(const PythonValue& value);

/// Parses one JSON text as Python 3.11's `json.loads` does: NaN, Infinity and -Infinity are numbers, of equal keys the
/// last wins, control characters in strings are errors, an integer has at most 4,300 digits. Deeper than 512 levels is
/// an error (Python gives up near 1,000). kInvalidArgument names the byte where it ends.
[[nodiscard]] Result<PythonValue> parse_python_json(std::string_view text);

}  // namespace fw::evals
