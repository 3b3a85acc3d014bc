#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace fw::runs::testing {

/// What of JSON Schema (draft 2020-12) docs/formats uses: enough to hold the program's output against it. Readers of a
/// report allow members that they do not know; what the program writes has none that the schema does not name.
class Schema final {
 public:
  static Schema read(const std::string& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file.good()) << path;
    return Schema(nlohmann::json::parse(file));
  }
  explicit Schema(nlohmann::json schema) : schema_(std::move(schema)) {}

  /// Where `value` does not fit, in words; empty when it does.
  [[nodiscard]] std::vector<std::string> violations(const nlohmann::json& value) const {
    std::vector<std::string> found;
    check(schema_, value, "", found);
    return found;
  }

 private:
  using Json = nlohmann::json;

  static bool is_of_type(const Json& value, const std::string& type) {
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return type == value.type_name();
  }

  static bool fits_type(const Json& value, const Json& type) {
    if (type.is_string()) return is_of_type(value, type);
    return std::ranges::any_of(type, [&](const Json& one) { return is_of_type(value, one); });
  }

  [[nodiscard]] const Json* referred(const Json& schema) const {
    const auto ref = schema.find("$ref");
    return ref == schema.end() ? nullptr : &schema_.at(Json::json_pointer(ref->get<std::string>().substr(1)));
  }

  /// Adds the members that a schema and its parts name; says whether it names any.
  bool add_names(const Json& schema, std::set<std::string>& names) const {
    bool has_names = schema.contains("properties");
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, part] : properties.items()) names.insert(name);
    if (const Json* ref = referred(schema)) has_names |= add_names(*ref, names);
    for (const auto& part : schema.value("allOf", Json::array())) has_names |= add_names(part, names);
    return has_names;
  }

  void check(const Json& schema, const Json& value, const std::string& place, std::vector<std::string>& found) const {
    std::set<std::string> names;
    if (value.is_object() && !schema.contains("additionalProperties") && add_names(schema, names)) {
      for (const auto& [name, part] : value.items())
        if (!names.contains(name)) found.push_back(place + " has " + name + ", which the schema does not name");
    }
    check_as_part(schema, value, place, found);
  }

  /// Another part may name members that this one does not.
  void check_as_part(const Json& schema, const Json& value, const std::string& place,
                     std::vector<std::string>& found) const {
    if (const Json* ref = referred(schema)) check_as_part(*ref, value, place, found);
    if (schema.contains("type") && !fits_type(value, schema["type"]))
      found.push_back(place + " is " + value.type_name() + ", not " + schema["type"].dump());
    if (schema.contains("const") && value != schema["const"]) found.push_back(place + " is " + value.dump());
    if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end())
      found.push_back(place + " is " + value.dump());
    if (value.is_number() && (value < schema.value("minimum", value) || value > schema.value("maximum", value)))
      found.push_back(place + " is " + value.dump());
    check_parts(schema, value, place, found);
    check_choices(schema, value, place, found);
  }

  void check_parts(const Json& schema, const Json& value, const std::string& place,
                   std::vector<std::string>& found) const {
    if (value.is_array() && schema.contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i)
        check(schema["items"], value[i], place + "/" + std::to_string(i), found);
    }
    if (!value.is_object()) return;
    for (const auto& name : schema.value("required", Json::array()))
      if (!value.contains(name)) found.push_back(place + " lacks " + name.get<std::string>());
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, part] : value.items()) {
      if (properties.contains(name)) {
        check(properties[name], part, place + "/" + name, found);
      } else if (schema.contains("additionalProperties")) {
        check(schema["additionalProperties"], part, place + "/" + name, found);
      }
    }
  }

  void check_choices(const Json& schema, const Json& value, const std::string& place,
                     std::vector<std::string>& found) const {
    for (const auto& one : schema.value("allOf", Json::array())) check_as_part(one, value, place, found);
    if (!schema.contains("anyOf")) return;
    std::vector<std::string> fewest;
    for (const auto& one : schema["anyOf"]) {
      std::vector<std::string> here;
      check(one, value, place, here);
      if (here.empty()) return;
      if (fewest.empty() || here.size() < fewest.size()) fewest = here;
    }
    found.insert(found.end(), fewest.begin(), fewest.end());
  }

  Json schema_;
};

}  // namespace fw::runs::testing
