#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "evals/python_json.h"

namespace fw::evals {

/// A JSON Schema that was compiled (valijson, which no header shows), for any number of values. Draft 7 with `$defs`,
/// `prefixItems` and `dependentRequired` of later ones; `format` as far as date, time, date-time (the offset may lack),
/// email, uuid, ipv4 and uri go.
///
/// What is broken in a schema (a type or a pattern that is none, a length that is no number, a `$ref` that leads
/// nowhere or out of the schema, which is never fetched) is left out of it: a value is not accused with it. So is
/// `patternProperties`, with the `additionalProperties` beside it. Patterns are RE2's: those that it does not have
/// (look-ahead, back references) allow everything.
///
/// Bounded whatever schema and value are: of a schema beyond 5,000 nodes, a value beyond 5,000 values or 64 levels, and
/// a walk of more than 100,000 steps or too deep a recursion, everything is allowed. Not thread-safe.
class JsonSchema final {
 public:
  /// Never fails: a schema that cannot be compiled allows everything.
  explicit JsonSchema(const PythonValue& schema);
  ~JsonSchema();
  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) noexcept;

  /// What the schema forbids, for a person (`"unit" is none of its enum`); empty when there is nothing.
  [[nodiscard]] std::string violation(const PythonValue& value) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::evals
