#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evals/python_json.h"

namespace fw::evals {

/// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view bytes);

/// One name and value of a JSON object; the value as it stands in the text.
struct JsonMember {
  std::string name;
  std::string_view value;
};

/// The members of an object, in order, also those of equal names. `object` must have been parsed before (python_json.h)
/// and must outlive the values; empty when it is no object.
[[nodiscard]] std::vector<JsonMember> json_members(std::string_view object);

/// The same JSON without white space between its parts, on one line, readable by every strict parser: surrogates
/// without a partner become U+FFFD, Python's NaN and Infinity become null. `json` must have been parsed before and be
/// UTF-8.
[[nodiscard]] std::string compact_json(std::string_view json);

/// A value as compact JSON; numbers that JSON does not have become null.
[[nodiscard]] std::string to_json_text(const PythonValue& value);

/// A finite number as JSON that reads back equal.
[[nodiscard]] std::string json_number(double value);

/// A JSON string literal; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace fw::evals
