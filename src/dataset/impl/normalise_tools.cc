#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "dataset/impl/normalise_parts.h"
#include "dataset/reasons.h"

namespace fw::dataset::normal {
namespace {

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
  if (member(tool, "function") == nullptr) return reasons::kToolsMalformed;
  if (type.empty() && string_member(tool, "type").empty()) {
    tool["type"] = "function";
    out.repairs.insert(repairs::kCallType);
  }
  // Looked up after the insertion: an object in order of insertion keeps its members in a vector.
  Json& function = tool["function"];
  if (string_member(function, "name").empty()) return reasons::kToolsMalformed;
  const auto parameters = function.find("parameters");
  if (parameters == function.end()) return std::nullopt;
  if (!parameters->is_object() && !parameters->is_boolean() && !parameters->is_null()) return reasons::kToolsMalformed;
  schema(*parameters, out);
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

Json choice_of(const std::string& name) { return {{"type", "function"}, {"function", {{"name", name}}}}; }

/// The choice in the API's words; null where it has none. `tool` and `any` are Anthropic's, `any` Mistral's too.
Json choice_in_words(const Json& choice, const Json& tools) {
  const auto is_tool = [&](const std::string& name) {
    return !name.empty() && std::ranges::any_of(tools, [&](const Json& tool) {
      return string_member(tool["function"], "name") == name;
    });
  };
  const std::string word = choice.is_string() ? choice.get<std::string>() : string_member(choice, "type");
  if (word == "any" || word == "required") return "required";
  if (word == "auto" || word == "none") return word;
  if (choice.is_string()) return is_tool(word) ? choice_of(word) : Json();
  if (!word.empty() && word != "function" && word != "tool") return nullptr;
  const Json* function = member(choice, "function");
  const std::string name = string_member(function != nullptr ? *function : choice, "name");
  return is_tool(name) ? choice_of(name) : Json();
}

/// `allowed_tools` (OpenAI): the model may call these tools alone. They are what is left of the request's tools, and
/// the mode is the choice. Nothing changes, and false, where the list names none of the request's tools.
bool keep_allowed(Json& choice, Json& tools) {
  const Json* inner = member(choice, "allowed_tools");
  const Json allowed = inner != nullptr ? *inner : choice;  // the Responses API has no object around them
  const Json* list = member(allowed, "tools");
  if (list == nullptr || !list->is_array()) return false;
  std::set<std::string> names;
  for (const Json& entry : *list) {
    const Json* function = member(entry, "function");
    names.insert(string_member(function != nullptr ? *function : entry, "name"));
  }
  Json kept = Json::array();
  for (const Json& tool : tools) {
    if (names.contains(string_member(tool["function"], "name"))) kept.push_back(tool);
  }
  const std::string mode = string_member(allowed, "mode");
  if (kept.empty() || (!mode.empty() && mode != "auto" && mode != "required")) return false;
  tools = std::move(kept);
  choice = mode.empty() ? "auto" : mode;
  return true;
}

/// `tools`: null where there are none. Without tools, servers refuse a choice among them.
Defect tool_choice(Json& request, Json& tools, Normalised& out) {
  const auto choice = request.find("tool_choice");
  if (choice == request.end()) return std::nullopt;
  if (!tools.is_null() && choice->is_object() && string_member(*choice, "type") == "allowed_tools") {
    if (!keep_allowed(*choice, tools)) return reasons::kToolChoice;
    out.repairs.insert(repairs::kAllowedTools);
    return std::nullopt;
  }
  if (tools.is_null()) {
    if (!choice->is_null()) out.repairs.insert(repairs::kToolChoice);
    request.erase(choice);
    return std::nullopt;
  }
  Json wanted = choice->is_null() ? Json() : choice_in_words(*choice, tools);
  if (wanted.is_null() && !choice->is_null()) return reasons::kToolChoice;
  const bool is_same = nlohmann::json(wanted) == nlohmann::json(*choice);  // in any order of keys
  if (is_same && !wanted.is_null()) return std::nullopt;
  if (!wanted.is_null()) out.repairs.insert(repairs::kToolChoice);
  if (wanted.is_null()) {
    request.erase(choice);
  } else {
    *choice = std::move(wanted);
  }
  return std::nullopt;
}

}  // namespace

Defect tools(Json& request, Normalised& out) {
  lift_functions(request, out);
  const auto tools = request.find("tools");
  const bool has_list = tools != request.end() && !tools->is_null();
  if (has_list && !tools->is_array()) return reasons::kToolsMalformed;
  if (has_list && tools->empty()) out.repairs.insert(repairs::kEmptyList);
  if (!has_list || tools->empty()) {
    request.erase("tools");
    Json none;
    return tool_choice(request, none, out);
  }
  for (Json& one : *tools) {
    if (Defect defect = tool(one, out)) return defect;
  }
  if (Defect defect = no_tool_twice(*tools, out)) return defect;
  return tool_choice(request, *tools, out);
}

}  // namespace fw::dataset::normal
