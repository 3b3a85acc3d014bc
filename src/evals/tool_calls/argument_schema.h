#pragma once

#include <string>
#include <string_view>

#include "evals/python_json.h"

namespace fw::evals {

/// What a tool's schema says of when arguments are the same: the defaults of its properties, through items, anyOf,
/// oneOf, allOf, and $ref within the schema. What it forbids JsonSchema tells. Bounded whatever the schema is: what
/// goes deeper is compared as it stands. Refers to the schema, which must outlive it.
class ArgumentSchema final {
 public:
  /// Null: nothing has a default.
  explicit ArgumentSchema(const PythonValue* parameters) : root_(parameters) {}

  /// Both sides have the value, or one has it and leaves the other at the schema's default. Null pointers: left out.
  [[nodiscard]] bool is_same_argument(std::string_view name, const PythonValue* a, const PythonValue* b) const;

  /// The arguments less those that have their default, also within objects and lists: equal, by is_same_json, for
  /// arguments of which all are the same.
  [[nodiscard]] PythonValue without_defaults(const PythonValue& arguments) const;

 private:
  [[nodiscard]] const PythonValue* resolve(const PythonValue* schema) const;
  [[nodiscard]] const PythonValue* property(const PythonValue* schema, std::string_view name, int& looks) const;
  [[nodiscard]] const PythonValue* items(const PythonValue* schema, int& looks) const;
  [[nodiscard]] const PythonValue* default_of(const PythonValue* schema) const;
  [[nodiscard]] bool is_same(const PythonValue* schema, const PythonValue* a, const PythonValue* b, int depth) const;
  [[nodiscard]] PythonValue without_defaults(const PythonValue* schema, const PythonValue& value, int depth) const;

  const PythonValue* root_;
};

/// Equal as JSON values: numbers by value (1 is 1.0), true is not 1, objects ignore the order of keys, lists do not.
[[nodiscard]] bool is_same_json(const PythonValue& a, const PythonValue& b);

/// A request's `tools` (or the `functions` that they replaced) have one of this name.
[[nodiscard]] bool has_tool(const PythonValue& tools, std::string_view name);
/// The parameters of the tool of this name; null when there are none.
[[nodiscard]] const PythonValue* parameters_of(const PythonValue& tools, std::string_view name);

}  // namespace fw::evals
