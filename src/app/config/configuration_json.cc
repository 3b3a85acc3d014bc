#include "app/config/configuration_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/assert.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

/// Every section that has defaults of its own, empty: what is read of it are the defaults. There must be a candidate.
constexpr const char* kEmptySections = R"(
nims: [{model_name: any, url: "http://127.0.0.1:9/v1"}]
logging_config: {}
server: {}
engines: {}
training_config: {}
lora_config: {}
data_split_config: {}
icl_config: {}
dataset: {}
production: {}
evaluation: {}
promising: {}
review: {}
log_store: {}
elasticsearch: {}
otlp: {}
gateway: {capture: {}}
promotion: {shadow: {}, serving: {}, gates: {}, judge: {}}
auth: {}
redact: {}
)";

std::string section_of(const std::string& path) { return path.substr(0, path.find_first_of(".[")); }

std::vector<Setting> defaults() {
  const auto nothing_set = [](const std::string&) { return std::string(); };
  auto config = parse_config(kEmptySections, "", "", nothing_set);
  FW_ASSERT(config.ok());
  std::erase_if(config->settings, [](const Setting& each) { return section_of(each.path) == "nims"; });
  return std::move(config->settings);
}

/// The file's settings, and behind them those of sections that it lacks.
std::vector<Setting> with_defaults(std::vector<Setting> settings) {
  for (auto& each : defaults()) {
    const bool is_known = std::ranges::any_of(settings, [&](const Setting& known) { return known.path == each.path; });
    if (!is_known) settings.push_back(std::move(each));
  }
  std::ranges::stable_sort(settings, {}, [](const Setting& each) { return section_of(each.path); });
  return settings;
}

}  // namespace

std::string configuration_json(const Config& config, const std::vector<Setting>& overridden) {
  Json settings = Json::array();
  for (const auto& setting : with_defaults(config.settings)) {
    const auto other = std::ranges::find(overridden, setting.path, &Setting::path);
    const bool is_other = other != overridden.end();
    const char* source = is_other ? "command_line" : setting.line > 0 ? "file" : "default";
    settings.push_back({{"path", setting.path},
                        {"value", is_other ? other->value : setting.value},
                        {"source", source},
                        {"line", !is_other && setting.line > 0 ? Json(setting.line) : Json(nullptr)}});
  }
  const Json out{{"file", config.file.empty() ? Json(nullptr) : Json(config.file)},
                 {"settings", std::move(settings)},
                 {"warnings", config.warnings}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fw::app
