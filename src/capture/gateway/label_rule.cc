#include "capture/gateway/label_rule.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "capture/gateway/pattern.h"
#include "record/ids.h"

namespace fw::capture {
namespace {

using Json = nlohmann::ordered_json;

struct TextField {
  const char* name;
  std::string LabelRule::* text;
};
constexpr std::array kTexts{TextField{"workload", &LabelRule::workload}, TextField{"client", &LabelRule::client},
                            TextField{"path", &LabelRule::path},         TextField{"model", &LabelRule::model},
                            TextField{"system", &LabelRule::system},     TextField{"prompt", &LabelRule::prompt},
                            TextField{"output", &LabelRule::output}};
struct Flag {
  const char* name;
  bool LabelRule::* is_set;
};
constexpr std::array kFlags{Flag{"without_system", &LabelRule::without_system},
                            Flag{"without_tools", &LabelRule::without_tools}};

bool fits_tools(const std::vector<std::string>& patterns, const std::vector<std::string>& tools) {
  const auto some_tool_fits = [&](const std::string& pattern) {
    return std::ranges::any_of(tools, [&](const std::string& tool) { return fits_pattern(pattern, tool); });
  };
  const auto fits_some = [&](const std::string& tool) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return fits_pattern(pattern, tool); });
  };
  return patterns.empty() || (std::ranges::all_of(patterns, some_tool_fits) && std::ranges::all_of(tools, fits_some));
}

Result<LabelRule> rule_of(const Json& json) {
  if (!json.is_object()) return invalid_argument("a rule is a JSON object");
  LabelRule rule;
  for (const auto& [key, value] : json.items()) {
    const auto text = std::ranges::find_if(kTexts, [&](const TextField& field) { return key == field.name; });
    const auto flag = std::ranges::find_if(kFlags, [&](const Flag& field) { return key == field.name; });
    if (text != kTexts.end() && value.is_string()) {
      rule.*text->text = value.get<std::string>();
    } else if (flag != kFlags.end() && value.is_boolean()) {
      rule.*flag->is_set = value.get<bool>();
    } else if (key == "tools" && value.is_array() && std::ranges::all_of(value, &Json::is_string)) {
      rule.tools = value.get<std::vector<std::string>>();
    } else {
      return invalid_argument("\"" + key + "\" of a rule is not known, or of another type");
    }
  }
  if (rule.workload.empty() && rule.client.empty()) return invalid_argument("a rule names a workload or a client");
  if (!rule.workload.empty()) FW_TRY(record::WorkloadId::parse(rule.workload));
  return rule;
}

Json json_of(const LabelRule& rule) {
  Json json = Json::object();
  for (const TextField& field : kTexts) {
    if (!(rule.*field.text).empty()) json[field.name] = rule.*field.text;
  }
  if (!rule.tools.empty()) json["tools"] = rule.tools;
  for (const Flag& flag : kFlags) {
    if (rule.*flag.is_set) json[flag.name] = true;
  }
  return json;
}

}  // namespace

bool fits(const LabelRule& rule, std::string_view path, const RequestScan& scan) {
  if (rule.without_system && (!scan.system.empty() || scan.prompt.empty())) return false;
  if (rule.without_tools && !scan.tools.empty()) return false;
  return fits_pattern(rule.path, path) && fits_pattern(rule.model, scan.model) &&
         fits_pattern(rule.output, scan.output) && fits_tools(rule.tools, scan.tools) &&
         fits_pattern(rule.prompt, scan.prompt) && fits_pattern(rule.system, scan.system);
}

std::string workload_by(const std::vector<LabelRule>& rules, std::string_view path, const RequestScan& scan) {
  for (const LabelRule& rule : rules) {
    if (!rule.workload.empty() && fits(rule, path, scan)) return rule.workload;
  }
  return {};
}

bool looks_into_request(const LabelRule& rule) {
  return !rule.system.empty() || !rule.prompt.empty() || !rule.tools.empty() || !rule.output.empty() ||
         rule.without_system || rule.without_tools;
}

std::string to_json(const std::vector<LabelRule>& rules) {
  Json list = Json::array();
  for (const LabelRule& rule : rules) list.push_back(json_of(rule));
  return Json{{"rules", std::move(list)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::vector<LabelRule>> parse_label_rules(std::string_view json) {
  const Json document = Json::parse(json, nullptr, false);
  if (!document.is_object() || !document.contains("rules") || !document["rules"].is_array()) {
    return invalid_argument("rules are a JSON object with a list \"rules\"");
  }
  std::vector<LabelRule> rules;
  for (const Json& each : document["rules"]) {
    FW_ASSIGN(auto rule, rule_of(each));
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace fw::capture
