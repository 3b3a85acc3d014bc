#include "app/cli/export_plan.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/edit_distance.h"
#include "codec/json_member.h"
#include "io/file_uri.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

const Json& list(const Json& object, const char* key) {
  static const Json kNone = Json::array();
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : kNone;
}

/// The last training of a candidate that left an adapter; null when there is none.
const Json* trained(const Json& nim) {
  const Json* found = nullptr;
  for (const auto& c : list(nim, "customizations")) {
    if (!codec::text_at(c, "nmp_uri").empty() && codec::text_at(c, "error").empty()) found = &c;
  }
  return found;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

Result<const Json*> choose_candidate(const Json& job, const std::string& name) {
  std::vector<std::string> names;
  const Json* chosen = nullptr;
  for (const auto& nim : list(job, "nims")) {
    if (trained(nim) == nullptr) continue;
    names.push_back(codec::text_at(nim, "model_name"));
    if (name.empty() || name == names.back()) chosen = &nim;
  }
  if (names.empty()) {
    return failed_precondition("job " + codec::text_at(job, "id") + " has trained no model (it is " +
                               codec::text_at(job, "status") +
                               "); models are trained where customization_enabled is true");
  }
  if (name.empty() && names.size() > 1) {
    return invalid_argument("which model? name one with --candidate; trained are: " + joined(names));
  }
  if (chosen == nullptr) {
    const auto near = nearest_name(name, names);
    return not_found("job " + codec::text_at(job, "id") + " has trained no model \"" + name +
                     "\"; trained are: " + joined(names) + (near ? "; did you mean " + *near + "?" : ""));
  }
  return chosen;
}

/// The type that stands in what a deployment says of itself: `llama-server, F16, adapter merged, ...`.
std::string type_of(const std::string& deployment) {
  constexpr std::array<std::pair<std::string_view, const char*>, 4> kTypes{
      {{", F32,", "f32"}, {", F16,", "f16"}, {", BF16,", "bf16"}, {", Q8_0,", "q8_0"}}};
  for (const auto& [said, type] : kTypes) {
    if (deployment.find(said) != std::string::npos) return type;
  }
  return "bf16";
}

/// Letters, digits and `.-_`; anything else becomes `-`.
std::string plain_name(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' ? static_cast<char>(c) : '-';
  });
  return name.empty() || name.front() == '-' || name.front() == '.' ? "model" + name : name;
}

/// Adds what the configuration that the job ran with says of the model.
Status add_base(ExportPlan& plan, const Json& report) {
  const auto found = report.find("config");
  const Json config = found == report.end() ? Json::object() : *found;
  if (const auto training = config.find("training_config"); training != config.end() && training->is_object()) {
    plan.rank = training->value("adapter_dim", 0);
  }
  for (const auto& candidate : list(config, "candidates")) {
    if (codec::text_at(candidate, "model_name") != plan.candidate) continue;
    plan.base = codec::text_at(candidate, "path");
    if (const auto own = candidate.find("training_config"); own != candidate.end() && own->is_object())
      plan.rank = own->value("adapter_dim", plan.rank);
    for (const auto& layer : list(candidate, "keep_layers")) {
      if (layer.is_number_integer()) plan.keep_layers.push_back(layer.get<int>());
    }
    plan.context_length = candidate.value("context_length", std::int64_t{0});
    plan.chat.template_file = codec::text_at(candidate, "chat_template");
    plan.chat.enable_thinking = candidate.value("enable_thinking", false);
    const Json about = report.value("job", Json::object());
    plan.chat.has_tools = codec::text_at(about, "workload_type") == "tool_calling";
    plan.chat.date = codec::text_at(about, "created_at").substr(0, sizeof "2026-11-26" - 1);
  }
  if (!plan.base.empty()) return {};
  return data_loss("the report of job " + plan.job + " does not say what " + plan.candidate + " was trained on");
}

}  // namespace

Result<ExportPlan> plan_export(const Json& job, const Json& report, const std::string& candidate) {
  FW_ASSIGN(const Json* nim, choose_candidate(job, candidate));
  const Json& training = *trained(*nim);
  ExportPlan plan;
  plan.job = codec::text_at(job, "id");
  plan.workload = codec::text_at(job, "workload_id");
  plan.candidate = codec::text_at(*nim, "model_name");
  const auto name = codec::text_at(training, "customized_model");
  plan.name = plain_name(name.empty() ? plan.candidate + "-tuned" : name);
  plan.type = type_of(codec::text_at(*nim, "deployment"));
  plan.adapter =
      io::path_of_file_uri(codec::text_at(training, "nmp_uri")).value_or(codec::text_at(training, "nmp_uri"));
  plan.peft = plan.adapter.parent_path() / "peft";
  FW_TRY(add_base(plan, report));
  return plan;
}

}  // namespace fw::app
