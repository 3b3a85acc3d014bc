#include "evals/tool_calls/schema_document.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include <re2/re2.h>

namespace fw::evals {
namespace {

using Json = nlohmann::json;

constexpr double kLargestExact = 9007199254740992.0;  // 2^53
constexpr double kTooLarge = 9223372036854775808.0;   // 2^63

/// Whole numbers are integers, however written; those that no 64 bits hold are the largest that do.
Json number_of(double value) {
  if (std::trunc(value) != value) return value;
  if (std::fabs(value) < kTooLarge) return static_cast<std::int64_t>(value);
  return value > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

bool fill(const PythonValue& value, std::size_t& left, std::size_t depth, Json& out) {
  if (left == 0 || depth > kMostSchemaDepth) return false;
  --left;
  if (value.is_none()) {
    out = nullptr;
  } else if (const bool* boolean = value.boolean()) {
    out = *boolean;
  } else if (const std::string* text = value.string()) {
    out = *text;
  } else if (const auto* list = value.list()) {
    out = Json::array();
    for (const PythonValue& item : *list) {
      if (!fill(item, left, depth + 1, out.emplace_back())) return false;
    }
  } else if (const auto* dict = value.dict()) {
    out = Json::object();
    for (const auto& [name, member] : *dict) {
      if (!fill(member, left, depth + 1, out[name])) return false;
    }
  } else {
    out = number_of(real_number(value));
  }
  return true;
}

bool is_number(const PythonValue& value) {
  return (value.integer() || value.floating()) && std::isfinite(real_number(value));
}

bool is_count(const PythonValue& value) {
  return is_number(value) && real_number(value) >= 0 && real_number(value) <= kLargestExact &&
         std::trunc(real_number(value)) == real_number(value);
}

bool is_type(const PythonValue& value) {
  static constexpr std::array<std::string_view, 7> kTypes{"array",  "boolean", "integer", "null",
                                                          "number", "object",  "string"};
  return value.string() && std::ranges::find(kTypes, *value.string()) != kTypes.end();
}

/// A segment of a pointer without its escapes.
std::string unescaped(std::string_view segment) {
  std::string out;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const bool is_escape =
        segment[i] == '~' && i + 1 < segment.size() && (segment[i + 1] == '0' || segment[i + 1] == '1');
    out += is_escape ? (segment[i + 1] == '0' ? '~' : '/') : segment[i];
    i += is_escape ? 1 : 0;
  }
  return out;
}

const PythonValue* member_at(const PythonValue& value, const std::string& name) {
  if (value.list() == nullptr) return value.find(name);
  std::size_t place = 0;
  for (const char c : name) {
    if (c < '0' || c > '9' || place > value.list()->size()) return nullptr;
    place = 10 * place + static_cast<std::size_t>(c - '0');
  }
  return !name.empty() && place < value.list()->size() ? &(*value.list())[place] : nullptr;
}

bool is_pattern(const std::string& text) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kMostPatternMemory);
  return re2::RE2(text, options).ok();
}

/// Whether keywords that are no annotation are not known here.
bool is_unknown(const std::string& name) {
  static constexpr std::array<std::string_view, 6> kUnknown{"$dynamicRef", "$recursiveRef",     "maxContains",
                                                            "minContains", "patternProperties", "unevaluatedItems"};
  return name == "unevaluatedProperties" || std::ranges::find(kUnknown, name) != kUnknown.end();
}

/// What a broken keyword says is not known: left out, it allows more than was meant. Under `not`, or as a condition,
/// that would forbid more; a cautious document has none of these, and its `oneOf` are `anyOf`.
class Document final {
 public:
  Document(const PythonValue& root, bool is_cautious) : root_(root), is_cautious_(is_cautious) {}

  [[nodiscard]] bool has_lost_keywords() const { return has_lost_; }

  std::optional<Json> make() {
    Json out = schema(root_, 0);
    if (!out.is_object()) out = Json{{"allOf", Json::array({std::move(out)})}};
    Json definitions = Json::object();
    // Each may refer to others, which then come behind it.
    for (std::size_t i = 0; i < referred_.size() && is_within_; ++i) {
      definitions["r" + std::to_string(i)] = schema(*referred_[i], 0);
    }
    if (!definitions.empty()) out["definitions"] = std::move(definitions);
    return is_within_ ? std::optional(std::move(out)) : std::nullopt;
  }

 private:
  using Dict = PythonValue::Dict;

  static Json everything() { return Json::object(); }

  Json schema(const PythonValue& from, std::size_t depth) {
    if (++nodes_ > kMostSchemaNodes || depth > kMostSchemaDepth) is_within_ = false;
    if (!is_within_) return everything();
    if (from.boolean()) return *from.boolean();
    if (!from.dict()) return everything();
    Json out = Json::object();
    out["allOf"] = Json::array({Json{{kStepKeyword, true}}});
    for (const auto& [name, value] : *from.dict()) add(name, value, from, depth, out);
    if (const PythonValue* others = from.find("patternProperties"); others && others->dict()) {
      out.erase("additionalProperties");
    }
    return out;
  }

  void add(const std::string& name, const PythonValue& value, const PythonValue& beside, std::size_t depth, Json& out) {
    static constexpr std::array<std::string_view, 6> kCounts{"maxItems", "maxLength", "maxProperties",
                                                             "minItems", "minLength", "minProperties"};
    static constexpr std::array<std::string_view, 7> kSchemas{"additionalProperties", "contains", "else", "if", "not",
                                                              "propertyNames",        "then"};
    if (std::ranges::find(kCounts, name) != kCounts.end()) {
      is_count(value) ? void(out[name] = number_of(real_number(value))) : lose();
    } else if (is_cautious_ && (name == "not" || name == "if" || name == "then" || name == "else")) {
      return;
    } else if (std::ranges::find(kSchemas, name) != kSchemas.end()) {
      value.boolean() || value.dict() ? void(out[name] = schema(value, depth + 1)) : lose();
    } else if (name == "allOf" || name == "anyOf" || name == "oneOf") {
      add_branches(name, value, depth, out);
    } else if (name == "properties") {
      value.dict() ? void(out[name] = schemas(*value.dict(), depth)) : lose();
    } else if (name == "items" || name == "prefixItems") {
      add_items(name, value, beside, depth, out);
    } else if (name == "required") {
      if (const Json names = texts(value); !names.empty()) out[name] = names;
      if (!value.list()) lose();
    } else if (name == "dependentRequired" || name == "dependentSchemas" || name == "dependencies") {
      add_dependencies(value, depth, out);
    } else {
      add_value(name, value, beside, out);
    }
  }

  void add_branches(const std::string& name, const PythonValue& value, std::size_t depth, Json& out) {
    if (!value.list() || value.list()->empty()) return lose();
    Json branches = Json::array();
    for (const PythonValue& branch : *value.list()) branches.push_back(schema(branch, depth + 1));
    if (name == "allOf") {
      for (Json& branch : branches) out[name].push_back(std::move(branch));
    } else if (name == "oneOf" && is_cautious_) {
      out["allOf"].push_back({{"anyOf", std::move(branches)}});
    } else {
      out[name] = std::move(branches);
    }
  }

  void lose() { has_lost_ = true; }

  Json schemas(const Dict& from, std::size_t depth) {
    Json out = Json::object();
    for (const auto& [name, value] : from) out[name] = schema(value, depth + 1);
    return out;
  }

  /// A list of schemas is one for each place; later drafts call it prefixItems, and what follows items.
  void add_items(const std::string& name, const PythonValue& value, const PythonValue& beside, std::size_t depth,
                 Json& out) {
    const PythonValue* places = beside.find("prefixItems");
    const bool has_places = places && places->list();
    if (value.list()) {
      if (name == "items" && has_places) return;
      Json list = Json::array();
      for (const PythonValue& item : *value.list()) list.push_back(schema(item, depth + 1));
      out["items"] = std::move(list);
    } else if (name == "items" && (value.dict() || value.boolean())) {
      out[has_places ? "additionalItems" : "items"] = schema(value, depth + 1);
    } else {
      lose();
    }
  }

  void add_dependencies(const PythonValue& value, std::size_t depth, Json& out) {
    if (!value.dict()) return lose();
    for (const auto& [name, needed] : *value.dict()) {
      if (needed.list()) {
        out["dependencies"][name] = texts(needed);
      } else if (needed.dict()) {
        out["dependencies"][name] = schema(needed, depth + 1);
      }
    }
  }

  static Json texts(const PythonValue& value) {
    Json out = Json::array();
    if (!value.list()) return out;
    for (const PythonValue& one : *value.list()) {
      if (one.string()) out.push_back(*one.string());
    }
    return out;
  }

  void add_value(const std::string& name, const PythonValue& value, const PythonValue& beside, Json& out) {
    if (name == "type") {
      add_type(value, out);
    } else if (name == "enum" || name == "const") {
      name == "const" || (value.list() && !value.list()->empty()) ? add_json(name, value, out) : lose();
    } else if (name == "minimum" || name == "maximum") {
      if (!is_number(value)) return lose();
      if (!is_exclusive(name, beside)) out[name] = number_of(real_number(value));
    } else if (name == "exclusiveMinimum" || name == "exclusiveMaximum") {
      add_exclusive(name, value, beside, out);
    } else if (name == "multipleOf") {
      is_number(value) && real_number(value) > 0 ? void(out[kMultipleKeyword] = real_number(value)) : lose();
    } else if (name == "uniqueItems") {
      value.boolean() ? void(out[name] = *value.boolean()) : lose();
    } else if (name == "pattern") {
      value.string() && is_pattern(*value.string()) ? void(out[kPatternKeyword] = *value.string()) : lose();
    } else if (name == "format") {
      value.string() && pattern_of_format(*value.string()) ? void(out[kFormatKeyword] = *value.string()) : lose();
    } else if (name == "$ref") {
      const PythonValue* target = value.string() ? target_of(*value.string()) : nullptr;
      target ? out["allOf"].push_back(reference_to(*target)) : lose();
    } else if (is_unknown(name)) {
      lose();
    }
  }

  /// Draft 4 says with true that the bound beside it is one.
  void add_exclusive(const std::string& name, const PythonValue& value, const PythonValue& beside, Json& out) {
    const PythonValue* bound = beside.find(name == "exclusiveMinimum" ? "minimum" : "maximum");
    if (is_number(value)) {
      out[name] = number_of(real_number(value));
    } else if (!value.boolean()) {
      lose();
    } else if (*value.boolean() && bound && is_number(*bound)) {
      out[name] = number_of(real_number(*bound));
    }
  }

  static bool is_exclusive(const std::string& name, const PythonValue& beside) {
    const PythonValue* exclusive = beside.find(name == "minimum" ? "exclusiveMinimum" : "exclusiveMaximum");
    return exclusive && exclusive->boolean() && *exclusive->boolean();
  }

  void add_type(const PythonValue& value, Json& out) {
    if (is_type(value)) {
      out["type"] = *value.string();
    } else if (value.list() && !value.list()->empty() && std::ranges::all_of(*value.list(), is_type)) {
      out["type"] = texts(value);
    } else {
      lose();
    }
  }

  void add_json(const std::string& name, const PythonValue& value, Json& out) {
    std::size_t left = kMostSchemaNodes - std::min(nodes_, kMostSchemaNodes);
    if (auto json = json_of(value, left)) {
      out[name] = std::move(*json);
    } else {
      is_within_ = false;
    }
  }

  const PythonValue* target_of(std::string_view pointer) const {
    if (!pointer.starts_with('#')) return nullptr;
    pointer.remove_prefix(1);
    const PythonValue* at = &root_;
    while (at != nullptr && pointer.starts_with('/')) {
      const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
      at = member_at(*at, unescaped(pointer.substr(1, end - 1)));
      pointer.remove_prefix(end);
    }
    return pointer.empty() ? at : nullptr;
  }

  Json reference_to(const PythonValue& target) {
    const auto [it, fresh] = numbers_.try_emplace(&target, referred_.size());
    if (fresh) referred_.push_back(&target);
    return {{"$ref", "#/definitions/r" + std::to_string(it->second)}};
  }

  const PythonValue& root_;
  const bool is_cautious_;
  bool has_lost_ = false;
  std::size_t nodes_ = 0;
  bool is_within_ = true;
  std::map<const PythonValue*, std::size_t> numbers_;
  std::vector<const PythonValue*> referred_;
};

}  // namespace

std::optional<nlohmann::json> json_of(const PythonValue& value, std::size_t most) {
  Json out;
  return fill(value, most, 0, out) ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<nlohmann::json> schema_document(const PythonValue& schema) {
  Document document(schema, false);
  auto out = document.make();
  return document.has_lost_keywords() ? Document(schema, true).make() : out;
}

/// As RFC 3339 and the others write them; the offset of a time may lack, and the T be a space.
const char* pattern_of_format(std::string_view format) {
#define FW_DATE "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define FW_TIME "([01][0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60)([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
  static constexpr std::array<std::pair<std::string_view, const char*>, 7> kFormats{
      {{"date", FW_DATE},
       {"time", FW_TIME},
       {"date-time", FW_DATE "[Tt ]" FW_TIME},
       {"email", "[^\\s@]+@[^\\s@]+"},
       {"uuid", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"},
       {"ipv4", "((25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"},
       {"uri", "[A-Za-z][A-Za-z0-9+.-]*:\\S*"}}};
#undef FW_DATE
#undef FW_TIME
  for (const auto& [name, pattern] : kFormats) {
    if (name == format) return pattern;
  }
  return nullptr;
}

}  // namespace fw::evals
