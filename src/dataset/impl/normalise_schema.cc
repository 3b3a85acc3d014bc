#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "dataset/impl/normalise_parts.h"
#include "dataset/impl/pattern_syntax.h"
#include "dataset/reasons.h"

namespace fw::dataset::normal {
namespace {

using Word = std::pair<std::string_view, std::string_view>;
constexpr std::array kTypes{"object", "array", "string", "number", "integer", "boolean", "null"};
/// What other languages and servers call the types, in lower case.
constexpr std::array kOtherTypes{
    Word{"dict", "object"},  Word{"map", "object"},   Word{"struct", "object"}, Word{"list", "array"},
    Word{"tuple", "array"},  Word{"str", "string"},   Word{"text", "string"},   Word{"int", "integer"},
    Word{"long", "integer"}, Word{"float", "number"}, Word{"double", "number"}, Word{"decimal", "number"},
    Word{"bool", "boolean"}, Word{"none", "null"},
};
/// Keywords whose value may be null.
constexpr std::array kNullable{"default", "const", "example"};

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return text;
}

template <typename Table>
bool is_in(const Table& table, std::string_view word) {
  return std::ranges::find(table, word) != table.end();
}

/// Does the reference lead to a place of the schema? Only its own places (`#/...`) count: nothing is fetched.
bool leads_somewhere(const Json& root, const Json& reference) {
  if (!reference.is_string()) return false;
  const auto& text = reference.get_ref<const std::string&>();
  if (text == "#") return true;
  if (!text.starts_with("#/")) return false;
  const Json* at = &root;
  for (std::size_t i = 2; i <= text.size();) {
    const std::size_t end = std::min(text.find('/', i), text.size());
    at = member(*at, text.substr(i, end - i));
    if (at == nullptr) return false;
    i = end + 1;
  }
  return true;
}

/// Makes of what is no schema one that allows everything (`true`, `false`, null, references into nowhere), gives types
/// their names, and takes out what engines refuse a whole request for.
class SchemaMender {
 public:
  SchemaMender(const Json& root, Normalised& out) : root_(root), out_(out) {}

  void mend_root(Json& schema) {
    mend(schema);
    // Hosted servers want it said.
    if (schema.contains("properties") && !schema.contains("type")) {
      schema["type"] = "object";
      note();
    }
  }

 private:
  void mend(Json& schema) {
    if (schema.is_boolean() || schema.is_null()) return replace(schema);
    if (!schema.is_object()) return;
    drop_nulls(schema);
    drop_if(schema, "$ref", [&](const Json& reference) { return !leads_somewhere(root_, reference); });
    mend_keywords(schema);
    for (const char* key : {"properties", "patternProperties", "$defs", "definitions"}) {
      if (const auto held = schema.find(key); held != schema.end() && held->is_object()) {
        for (Json& one : *held) mend(one);
      }
    }
    for (const char* key : {"anyOf", "oneOf", "allOf", "prefixItems"}) {
      if (const auto held = schema.find(key); held != schema.end() && held->is_array()) {
        for (Json& one : *held) mend(one);
      }
    }
    for (const char* key : {"items", "additionalProperties", "not"}) {
      const auto held = schema.find(key);
      if (held != schema.end() && (held->is_object() || key == std::string_view("items"))) mend(*held);
    }
  }

  void drop_nulls(Json& schema) {
    for (auto at = schema.begin(); at != schema.end();) {
      if (!at->is_null() || is_in(kNullable, at.key()) || at.key() == "items") {
        ++at;
      } else {
        at = schema.erase(at);
        note();
      }
    }
  }

  void mend_keywords(Json& schema) {
    if (const auto type = schema.find("type"); type != schema.end()) name_type(*type);
    drop_if(schema, "type", [](const Json& type) { return !is_type(type); });
    drop_if(schema, "properties", [](const Json& held) { return !held.is_object(); });
    drop_if(schema, "required", [](const Json& held) { return !held.is_array(); });
    drop_if(schema, "enum", [](const Json& held) { return !held.is_array() || held.empty(); });
    drop_if(schema, "pattern", [](const Json& held) {
      return !held.is_string() || !is_sound_pattern(held.get_ref<const std::string&>());
    });
    if (const auto required = schema.find("required"); required != schema.end()) keep_names_once(*required);
  }

  /// `OBJECT`, `dict`, `["STRING", "null"]`.
  void name_type(Json& type) {
    if (type.is_array()) {
      for (Json& one : type) {
        if (one.is_string()) name_type(one);
      }
    }
    if (!type.is_string() || is_type(type)) return;
    std::string word = lower_case(type.get_ref<const std::string&>());
    const auto other = std::ranges::find(kOtherTypes, std::string_view(word), &Word::first);
    if (other != kOtherTypes.end()) word = other->second;
    if (!is_in(kTypes, word)) return;
    type = std::move(word);
    note();
  }

  void keep_names_once(Json& required) {
    Json names = Json::array();
    for (const Json& name : required) {
      if (name.is_string() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    if (names.size() == required.size()) return;
    required = std::move(names);
    note();
  }

  template <typename IsWrong>
  void drop_if(Json& schema, const char* key, IsWrong is_wrong) {
    const auto held = schema.find(key);
    if (held == schema.end() || !is_wrong(*held)) return;
    schema.erase(held);
    note();
  }

  static bool is_type(const Json& type) {
    if (type.is_array()) return !type.empty() && std::ranges::all_of(type, is_type);
    return type.is_string() && is_in(kTypes, type.get_ref<const std::string&>());
  }

  void replace(Json& schema) {
    schema = Json::object();
    note();
  }
  void note() { out_.repairs.insert(repairs::kSchema); }

  const Json root_;  // a copy: what is looked up must not change under way
  Normalised& out_;
};

}  // namespace

void schema(Json& parameters, Normalised& out) { SchemaMender(parameters, out).mend_root(parameters); }

}  // namespace fw::dataset::normal
