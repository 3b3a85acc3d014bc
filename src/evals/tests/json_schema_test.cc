#include "evals/tool_calls/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fw::evals {
namespace {

using json = nlohmann::json;
using testing::HasSubstr;

PythonValue value(const std::string& text) { return parse_python_json(text).value(); }

std::string violation(const std::string& schema, const std::string& arguments) {
  return JsonSchema(value(schema)).violation(value(arguments));
}

/// Of an argument `x` with this schema.
std::string of_x(const std::string& schema, const std::string& x) {
  return violation(R"({"type": "object", "$defs": {"Zip": {"type": "string"}}, "properties": {"x": )" + schema +
                       R"(}, "required": ["x"]})",
                   "{\"x\": " + x + '}');
}

TEST(JsonSchema, KnowsWhatEveryKeywordForbids) {
  struct Case {
    const char* schema;
    const char* right;
    const char* wrong;
    const char* said;
  };
  const std::vector<Case> cases{
      {R"({"type": "string", "pattern": "^[0-9]{5}$"})", R"("12345")", R"("12")", "does not match its pattern"},
      {R"({"type": "string", "minLength": 3})", R"("abc")", R"("a")", "no fewer than 3"},
      {R"({"type": "string", "maxLength": 4})", R"("äöüß")", R"("abcdefgh")", "no more than 4"},
      {R"({"type": "integer", "minimum": 10})", "10", "3", "greater than or equal to 10"},
      {R"({"type": "number", "maximum": 10})", "10.0", "30", "less than or equal to 10"},
      {R"({"type": "number", "exclusiveMinimum": 0})", "0.1", "0", "greater than 0"},
      {R"({"type": "number", "exclusiveMaximum": 5})", "4", "5", "less than 5"},
      {R"({"type": "number", "minimum": 0, "exclusiveMinimum": true})", "1", "0", "greater than 0"},
      {R"({"type": "integer", "multipleOf": 5})", "10", "7", "is no multiple of its multipleOf"},
      {R"({"multipleOf": 0.01})", "19.99", "19.995", "is no multiple of its multipleOf"},
      {R"({"const": "abc"})", R"("abc")", R"("abd")", "\"x\" is not its const"},
      {R"({"enum": ["abc", 1]})", "1.0", R"("xyz")", "\"x\" is none of its enum"},
      {R"({"type": "array", "minItems": 2})", "[1, 2]", "[1]", "no fewer than 2"},
      {R"({"type": "array", "maxItems": 2})", "[1, 2]", "[1, 2, 3]", "no more than 2"},
      {R"({"type": "array", "uniqueItems": true})", R"(["ab", "cd"])", R"(["ab", "ab"])", "\"x\" has an item twice"},
      {R"({"items": {"type": "integer"}})", "[11, 12.0]", R"(["ab"])", "an item of \"x\" is of none of its types"},
      {R"({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}})", R"(["a", 1])", R"(["a", "b"])",
       "is of none of its types"},
      {R"({"contains": {"const": 1}})", "[3, 1]", "[3]", "\"x\""},
      {R"({"anyOf": [{"type": "string"}, {"type": "integer"}]})", "3", "true", "\"x\" fits no branch of anyOf"},
      {R"({"oneOf": [{"type": "integer"}, {"minimum": 5}]})", "3", "7", "\"x\" fits more than one branch of oneOf"},
      {R"({"oneOf": [{"type": "integer"}, {"type": "null"}]})", "null", R"("a")", "\"x\" fits no branch of oneOf"},
      {R"({"not": {"type": "string"}})", "44", R"("abcd")", "\"x\" fits what its schema excludes"},
      {R"({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})", R"({"a": "b"})", "{}",
       "\"a\" is missing"},
      {R"({"properties": {"a": {}}, "additionalProperties": false})", R"({"a": 1})", R"({"a": 1, "b": 2})",
       "\"b\" is no parameter of \"x\""},
      {R"({"additionalProperties": {"type": "integer"}})", R"({"a": 1})", R"({"a": "b"})", "is of none of its types"},
      {R"({"maxProperties": 1})", R"({"a": 1})", R"({"a": 1, "b": 2})", "no more than 1"},
      {R"({"propertyNames": {"pattern": "^[a-z]+$"}})", R"({"a": 1})", R"({"A": 1})", ""},
      {R"({"dependentRequired": {"a": ["b"]}})", R"({"b": 1})", R"({"a": 1})", ""},
      {R"({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}})", R"({"a": 2})",
       R"({"a": 1})", "\"b\" is missing"},
      {R"({"$ref": "#/$defs/Zip"})", R"("12345")", "17", "\"x\" is of none of its types"},
      {R"({"$ref": "#/$defs/Zip", "maxLength": 5})", R"("12345")", R"("123456")", "no more than 5"},
      {R"({"type": "string", "format": "date"})", R"("2025-01-02")", R"("tomorrow")", "\"x\" is no date (format)"},
      {R"({"format": "date-time"})", R"("2025-01-02T10:00:00")", R"("2025-01-02")", "is no date-time"},
      {R"({"format": "email"})", R"("ada@example.com")", R"("ada")", "is no email"},
      {R"({"format": "uuid"})", R"("6e0b6d7e-0f0f-4b5a-9b5e-3f2f1d0c9b8a")", R"("6e0b")", "is no uuid"},
      {R"({"type": "string"})", R"("abcd")", "null", "\"x\" is of none of its types"},
      {R"({"type": ["string", "null"]})", "null", "1", "\"x\" is of none of its types"},
      {"false", "", "1", ""},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.schema);
    if (*one.right != '\0') EXPECT_EQ(of_x(one.schema, one.right), "");
    const std::string said = of_x(one.schema, one.wrong);
    EXPECT_NE(said, "");
    EXPECT_THAT(said, HasSubstr(one.said));
  }
}

TEST(JsonSchema, AccusesNothingWithWhatIsBrokenInItself) {
  for (const char* schema : {R"({"type": "dict", "pattern": "("})",
                             R"({"pattern": "(?=a)b"})",
                             R"({"minLength": "3"})",
                             R"({"minimum": "a"})",
                             R"({"enum": 3})",
                             R"({"enum": []})",
                             R"({"required": true})",
                             R"({"$ref": "#/nowhere"})",
                             R"({"$ref": 3})",
                             R"({"$ref": "http://localhost:1/schema.json"})",
                             R"({"$ref": "file:///etc/passwd"})",
                             R"({"multipleOf": 0})",
                             R"({"anyOf": []})",
                             R"({"items": 3})",
                             R"({"properties": []})",
                             R"({"not": {"type": "dict"}})",
                             R"({"not": {"pattern": "("}})",
                             R"({"if": {"format": "colour"}, "then": false})",
                             R"({"oneOf": [{"type": "string"}, {"type": "str"}]})",
                             R"({"description": 3, "title": [], "id": 7})",
                             R"({"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": false})",
                             R"(null)",
                             "3",
                             "true"}) {
    SCOPED_TRACE(schema);
    EXPECT_EQ(of_x(schema, R"("text")"), "");
    EXPECT_EQ(of_x(schema, R"({"a": 1})"), "");
    EXPECT_EQ(violation(schema, R"({"a": 1})"), "");
  }
  EXPECT_THAT(violation(R"({"properties": {"a": {"type": "str"}, "b": {"type": "string"}}})", R"({"a": 1, "b": 1})"),
              "\"b\" is of none of its types")
      << "the rest still holds";
}

TEST(JsonSchema, EndsWhateverRefersToWhat) {
  EXPECT_EQ(violation(R"({"$ref": "#"})", R"({"a": 1})"), "");
  EXPECT_EQ(violation(R"({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})",
                      R"({"a": 1})"),
            "");
  json branches = json::array();
  for (int i = 0; i < 20; ++i) branches.push_back({{"$ref", "#"}});
  EXPECT_EQ(violation(json{{"anyOf", branches}, {"allOf", branches}}.dump(), R"({"a": 1})"), "");
  // Each level asks both branches about all that is below: 2^60 steps.
  std::string deep = "1";
  for (int i = 0; i < 60; ++i) deep = "{\"a\": " + deep + '}';
  const json twice{{"properties", {{"a", {{"anyOf", {{{"$ref", "#"}, {"minProperties", 9}}, {{"$ref", "#"}}}}}}}}};
  EXPECT_EQ(violation(twice.dump(), deep), "");
  const json tree{{"type", "object"}, {"properties", {{"next", {{"$ref", "#"}}}, {"n", {{"type", "integer"}}}}}};
  EXPECT_EQ(violation(tree.dump(), R"({"n": 1, "next": {"n": 2, "next": {"n": "3"}}})"),
            "\"n\" is of none of its types");
}

TEST(JsonSchema, EndsWhateverPatternAndText) {
  const std::string text = '"' + std::string(100'000, 'a') + '"';
  EXPECT_NE(of_x(R"({"pattern": "^(a+)+$b"})", text), "");
  EXPECT_NE(of_x(R"({"format": "date"})", '"' + std::string(100'000, '1') + '"'), "");
  std::string many = "[0";
  for (int i = 1; i < 100'000; ++i) many += ", " + std::to_string(i);
  EXPECT_EQ(of_x(R"({"uniqueItems": true})", many + ']'), "");
}

TEST(JsonSchema, ComparesLargeAndOddNumbers) {
  EXPECT_EQ(of_x(R"({"type": "integer", "maximum": 1e300})", "1" + std::string(200, '0')), "");
  EXPECT_EQ(of_x(R"({"enum": [true]})", "1"), "\"x\" is none of its enum");
  EXPECT_EQ(of_x(R"({"type": "number"})", "NaN"), "");
  EXPECT_EQ(of_x(R"({"type": "integer"})", "2.5"), "\"x\" is of none of its types");
}

}  // namespace
}  // namespace fw::evals
