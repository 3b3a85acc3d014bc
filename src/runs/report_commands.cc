#include <algorithm>

#include "runs/impl/report_parts.h"
#include "runs/run_config_json.h"

namespace fw::runs {
namespace {

using nlohmann::ordered_json;

/// A word of a shell's line, quoted where it needs to be.
std::string quoted(const std::string& word) {
  const bool is_plain = !word.empty() && word.find_first_not_of(
                                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_./:=,@%+") == std::string::npos;
  if (is_plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

void add(ordered_json& list, std::string title, std::string command) {
  list.push_back({{"title", std::move(title)}, {"command", std::move(command)}});
}

}  // namespace

ordered_json serve_json(const ReportInput& input, const Findings& findings) {
  ordered_json list = ordered_json::array();
  if (findings.ranked.empty()) return list;
  const Contender& best = findings.ranked.front();
  const auto& model = input.config.candidates.at(best.candidate).model;
  const auto& variants = input.config.evaluation.variants;
  const auto asked = std::ranges::find(variants, best.variant.id(), &modelops::Variant::id);
  if (!best.variant.prompt.empty() && asked != variants.end())
    add(list, "in every case with this system prompt in place of the application's own", asked->system_prompt);
  if (model.endpoint) {
    const auto shown = to_public_json(input.config).at("candidates").at(best.candidate).at("endpoint");
    add(list, "it is served already",
        "curl " + quoted(shown.at("url").get<std::string>()) + " # model " + quoted(model.endpoint->model));
    return list;
  }
  add(list, "take the model and its adapter out of the service",
      "flywheel export " + *input.job.id + " --candidate " + quoted(best.model_name) + " --to " +
          quoted("./" + best.model_name));
  const auto trained = input.trained.find(best.candidate);
  if (best.variant.has_adapter && trained != input.trained.end() && model.keep_layers.empty()) {
    add(list, "or serve it where it lies, with llama-server",
        "llama-server -m " + quoted(model.path.string()) + " --lora " + quoted(trained->second.adapter.gguf.string()) +
            " -c " + std::to_string(model.context_length) + " --jinja --host 127.0.0.1 --port 8080");
  }
  return list;
}

ordered_json reproduce_json(const ReportInput& input) {
  ordered_json datasets = ordered_json::array();
  for (const auto& one : input.job.datasets) datasets.push_back(one.name + " " + one.digest);
  ordered_json commands = ordered_json::array();
  commands.push_back("flywheel report " + *input.job.id + " --json > report.json");
  commands.push_back("flywheel run " + quoted(*input.job.workload) + " --client-id " + quoted(*input.job.client) +
                     " --watch  # with data_split_config.random_seed: " + std::to_string(input.job.seed) +
                     " and the configuration below");
  return {{"commands", std::move(commands)}, {"seed", input.job.seed}, {"datasets", std::move(datasets)}};
}

}  // namespace fw::runs
