#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "dataset/impl/normalise_parts.h"
#include "dataset/reasons.h"

namespace fw::dataset::normal {
namespace {

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

/// Makes what is no schema one that allows everything: `true`, `false`, null, and references into nowhere.
class SchemaMender {
 public:
  SchemaMender(const Json& root, Normalised& out) : root_(root), out_(out) {}

  void mend(Json& schema) {
    if (schema.is_boolean() || schema.is_null()) return replace(schema);
    if (!schema.is_object()) return;
    if (const Json* reference = member(schema, "$ref"); reference != nullptr && !leads_somewhere(root_, *reference)) {
      schema.erase("$ref");
      out_.repairs.insert(repairs::kSchema);
    }
    drop_what_is_no_keyword_of_schemas(schema);
    for (const char* key : {"properties", "$defs", "definitions"}) {
      if (const auto held = schema.find(key); held != schema.end() && held->is_object()) {
        for (Json& one : *held) mend(one);
      }
    }
    for (const char* key : {"anyOf", "oneOf", "allOf", "prefixItems"}) {
      if (const auto held = schema.find(key); held != schema.end() && held->is_array()) {
        for (Json& one : *held) mend(one);
      }
    }
    if (const auto items = schema.find("items"); items != schema.end()) mend(*items);
  }

 private:
  /// Engines refuse a whole request for a type that JSON Schema does not have, or properties that are no object.
  void drop_what_is_no_keyword_of_schemas(Json& schema) {
    const auto drop = [&](const char* key) {
      schema.erase(key);
      out_.repairs.insert(repairs::kSchema);
    };
    if (const Json* type = member(schema, "type"); type != nullptr && !is_type(*type)) drop("type");
    if (const Json* held = member(schema, "properties"); held != nullptr && !held->is_object()) drop("properties");
    if (const Json* held = member(schema, "required"); held != nullptr && !held->is_array()) drop("required");
  }

  static bool is_type(const Json& type) {
    constexpr std::array kTypes{"object", "array", "string", "number", "integer", "boolean", "null"};
    if (type.is_array()) return !type.empty() && std::ranges::all_of(type, is_type);
    return type.is_string() && std::ranges::find(kTypes, type.get_ref<const std::string&>()) != kTypes.end();
  }

  void replace(Json& schema) {
    schema = Json::object();
    out_.repairs.insert(repairs::kSchema);
  }

  const Json root_;  // a copy: what is looked up must not change under way
  Normalised& out_;
};

Defect tool(Json& tool, Normalised& out) {
  if (!tool.is_object()) return reasons::kToolsMalformed;
  const std::string type = string_member(tool, "type");
  if (!type.empty() && type != "function") return reasons::kToolNotFunction;
  if (member(tool, "function") == nullptr && !string_member(tool, "name").empty()) {
    Json function = std::move(tool);
    function.erase("type");
    if (const auto schema = function.find("input_schema"); schema != function.end()) {
      Json parameters = std::move(*schema);
      function.erase("input_schema");
      function["parameters"] = std::move(parameters);
    }
    tool = Json{{"type", "function"}, {"function", std::move(function)}};
    out.repairs.insert(repairs::kCallShape);
  }
  const auto function = tool.find("function");
  if (function == tool.end() || string_member(*function, "name").empty()) return reasons::kToolsMalformed;
  if (type.empty() && string_member(tool, "type").empty()) {
    tool["type"] = "function";
    out.repairs.insert(repairs::kCallType);
  }
  const auto parameters = function->find("parameters");
  if (parameters == function->end()) return std::nullopt;
  if (!parameters->is_object() && !parameters->is_boolean() && !parameters->is_null()) return reasons::kToolsMalformed;
  SchemaMender(*parameters, out).mend(*parameters);
  return std::nullopt;
}

/// `functions` and `function_call` of the older API.
void lift_functions(Json& request, Normalised& out) {
  Json tools = Json::array();
  if (const Json* functions = member(request, "functions"); functions != nullptr && functions->is_array()) {
    for (const Json& function : *functions) tools.push_back({{"type", "function"}, {"function", function}});
  }
  const Json* choice = member(request, "function_call");
  if (tools.empty() && choice == nullptr) {
    request.erase("functions");
    return;
  }
  Json wanted;
  if (choice != nullptr && choice->is_object()) wanted = {{"type", "function"}, {"function", *choice}};
  if (choice != nullptr && choice->is_string()) wanted = *choice;
  request.erase("functions");
  request.erase("function_call");
  if (!tools.empty() && member(request, "tools") == nullptr) request["tools"] = std::move(tools);
  if (!wanted.is_null() && member(request, "tool_choice") == nullptr) request["tool_choice"] = std::move(wanted);
  out.repairs.insert(repairs::kLegacyCalls);
}

/// A tool that stands there again goes; hosted servers refuse it, and a call could mean either.
Defect no_tool_twice(Json& tools, Normalised& out) {
  std::map<std::string, std::size_t> seen;
  std::set<std::size_t> again;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const auto [it, is_new] = seen.emplace(string_member(tools[i]["function"], "name"), i);
    if (is_new) continue;
    if (nlohmann::json(tools[it->second]) != nlohmann::json(tools[i])) return reasons::kToolTwice;
    again.insert(i);
  }
  for (auto i = again.rbegin(); i != again.rend(); ++i) tools.erase(*i);
  if (!again.empty()) out.repairs.insert(repairs::kSameTool);
  return std::nullopt;
}

}  // namespace

Defect tools(Json& request, Normalised& out) {
  lift_functions(request, out);
  const auto tools = request.find("tools");
  if (tools == request.end() || tools->is_null()) return std::nullopt;
  if (!tools->is_array()) return reasons::kToolsMalformed;
  for (Json& one : *tools) {
    if (Defect defect = tool(one, out)) return defect;
  }
  return no_tool_twice(*tools, out);
}

}  // namespace fw::dataset::normal
