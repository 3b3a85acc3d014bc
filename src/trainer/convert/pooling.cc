#include "trainer/convert/pooling.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "io/file.h"

namespace fw::trainer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uint64_t kMostBytes = 1 << 20;

struct Mode {
  const char* key;
  const char* name;
  std::uint32_t number;  ///< 0: GGUF has none
};
constexpr Mode kModes[] = {{"pooling_mode_mean_tokens", "mean", 1},
                           {"pooling_mode_cls_token", "cls", 2},
                           {"pooling_mode_lasttoken", "lasttoken", 3},
                           {"pooling_mode_max_tokens", "max", 0},
                           {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", 0},
                           {"pooling_mode_weightedmean_tokens", "weightedmean", 0}};

Json read_json(const fs::path& file) {
  const auto text = io::read_file(file, kMostBytes);
  return text.ok() ? Json::parse(*text, nullptr, false) : Json();
}

std::string text_of(const Json& object, const char* key) {
  const auto it = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

/// `sentence_transformers.models.Pooling`: the last word.
std::string kind_of(const Json& module) {
  const std::string type = text_of(module, "type");
  return type.substr(type.rfind('.') + 1);
}

Error unknown(const std::string& what) {
  return unimplemented(what +
                       ", which the engine has no way to be told; serve the model elsewhere and give its url, or use "
                       "another one");
}

}  // namespace

fs::path pooling_config_of(const fs::path& folder) {
  const Json modules = read_json(folder / "modules.json");
  if (modules.is_array())
    for (const auto& module : modules)
      if (kind_of(module) == "Pooling") return folder / text_of(module, "path") / "config.json";
  return folder / "1_Pooling" / "config.json";
}

Result<std::optional<std::uint32_t>> read_pooling(const fs::path& folder) {
  const Json modules = read_json(folder / "modules.json");
  if (modules.is_array()) {
    for (const auto& module : modules)
      if (const auto kind = kind_of(module); kind != "Transformer" && kind != "Pooling" && kind != "Normalize")
        return unknown("modules.json: the model has a layer of kind " + kind + " behind its encoder");
  }
  const Json config = read_json(pooling_config_of(folder));
  if (!config.is_object()) return std::optional<std::uint32_t>();
  std::optional<Mode> chosen;
  for (const auto& mode : kModes) {
    if (config.value(mode.key, Json(false)) != true && text_of(config, "pooling_mode") != mode.name) continue;
    if (chosen) return unknown("the model puts several poolings side by side");
    chosen = mode;
  }
  if (!chosen || chosen->number == 0)
    return unknown("the model pools by " + (chosen ? std::string(chosen->name) : "no way that is known here"));
  return std::optional(chosen->number);
}

}  // namespace fw::trainer
