#include <algorithm>

#include "runs/impl/report_parts.h"
#include "runs/run_config_json.h"

namespace fw::runs {
namespace {

using nlohmann::ordered_json;

void add(ordered_json& list, std::string title, std::string command) {
  list.push_back({{"title", std::move(title)}, {"command", std::move(command)}});
}

/// Of the in-context rows, which hold the examples before each row's own messages.
std::string examples_uri(const Job& job) {
  const auto found =
      std::ranges::find_if(job.datasets, [](const auto& one) { return one.name.starts_with("flywheel-icl-"); });
  return found == job.datasets.end() ? std::string() : found->uri;
}

/// What stands in front of the application's own messages where the variant was asked otherwise than they are.
void add_prompt(ordered_json& list, const ReportInput& input, const modelops::Variant& variant) {
  const auto& variants = input.config.evaluation.variants;
  const auto asked = std::ranges::find(variants, variant.id(), &modelops::Variant::id);
  if (!variant.prompt.empty() && asked != variants.end())
    add(list, "in every case with this system prompt in place of the application's own", asked->system_prompt);
  if (variant.has_examples)
    add(list, "in every case with in-context examples before the application's own messages, as in these rows",
        examples_uri(input.job));
}

/// llama-server takes a GGUF file, alone it knows nothing of a template or of layers that were left out.
bool is_served_as_it_lies(const modelops::ModelSpec& model) {
  return model.path.extension() == ".gguf" && model.keep_layers.empty() && model.chat.template_file.empty();
}

}  // namespace

std::string shell_word(const std::string& word) {
  const bool is_plain = !word.empty() && word.find_first_not_of(
                                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_./:=,@%+") == std::string::npos;
  if (is_plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

ordered_json serve_json(const ReportInput& input, const Findings& findings) {
  ordered_json list = ordered_json::array();
  if (findings.ranked.empty()) return list;
  const Contender& best = findings.ranked.front();
  const auto& model = input.config.candidates.at(best.candidate).model;
  add_prompt(list, input, best.variant);
  if (model.endpoint) {
    const auto shown = to_public_json(input.config).at("candidates").at(best.candidate).at("endpoint");
    add(list, "it is served already",
        "curl " + shell_word(shown.at("url").get<std::string>()) + " # model " + shell_word(model.endpoint->model));
    return list;
  }
  const auto trained = input.trained.find(best.candidate);
  const bool has_adapter = best.variant.has_adapter && trained != input.trained.end();
  if (has_adapter) {
    add(list, "take the model and its adapter out of the service",
        "flywheel export " + *input.job.id + " --candidate " + shell_word(best.model_name) + " --to " +
            shell_word("./" + best.model_name));
  }
  if (is_served_as_it_lies(model)) {
    add(list,
        has_adapter ? "or serve it where it lies, with llama-server" : "serve its file as it is, with llama-server",
        "llama-server -m " + shell_word(model.path.string()) +
            (has_adapter ? " --lora " + shell_word(trained->second.adapter.gguf.string()) : "") + " -c " +
            std::to_string(model.context_length) + " --jinja --host 127.0.0.1 --port 8080");
  }
  return list;
}

ordered_json reproduce_json(const ReportInput& input) {
  ordered_json datasets = ordered_json::array();
  for (const auto& one : input.job.datasets) datasets.push_back(one.name + " " + one.digest);
  ordered_json commands = ordered_json::array();
  commands.push_back("flywheel report " + *input.job.id + " --json > report.json");
  commands.push_back("flywheel run " + shell_word(*input.job.workload) + " --client-id " +
                     shell_word(*input.job.client) + " --watch  # with data_split_config.random_seed: " +
                     std::to_string(input.job.seed) + " and the configuration below");
  return {{"commands", std::move(commands)}, {"seed", input.job.seed}, {"datasets", std::move(datasets)}};
}

}  // namespace fw::runs
