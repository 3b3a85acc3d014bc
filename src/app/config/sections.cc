#include "app/config/sections.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/config/endpoint_section.h"
#include "evals/metric.h"
#include "io/file.h"
#include "modelops/variant.h"
#include "runs/webhook_secret.h"

namespace fw::app {

void read_production(YamlSection& root, runs::ProductionModel& production, const Environment& environment) {
  auto section = root.section("production");
  if (!section) return;
  section->read("model_name", production.name);
  production.price = read_price(*section);
  modelops::Endpoint endpoint{.model = production.name};
  std::string url;
  section->read("url", url);
  section->read("served_model_name", endpoint.model);
  section->read("replay_rows", production.replay_rows, 1, 100'000);
  read_endpoint_keys(*section, endpoint, environment);
  if (!url.empty()) {
    endpoint.url = checked_url(*section, "url", url, environment);
    if (endpoint.model.empty())
      section->error("model_name", "is missing: what requests to the url name as their model");
    production.endpoint = std::move(endpoint);
  }
  section->finish();
}

namespace {

using Prompts = std::map<std::string, std::string>;  ///< texts by name

std::string text_of_prompt(YamlSection& prompt, const std::filesystem::path& folder) {
  constexpr std::uint64_t kMaxPromptBytes = std::uint64_t{1} << 20;
  std::string text, file;
  prompt.read("system_prompt", text);
  prompt.read("system_prompt_file", file);
  if (text.empty() == file.empty()) {
    prompt.error("system_prompt", "either this or system_prompt_file says what the system prompt is");
  } else if (!file.empty()) {
    auto read = io::read_file(folder / file, kMaxPromptBytes);
    if (!read.ok()) prompt.error("system_prompt_file", read.error().message);
    if (read.ok()) text = std::move(read).value();
  }
  return text;
}

Prompts read_prompts(YamlSection& section, const std::filesystem::path& folder) {
  Prompts prompts;
  for (YamlSection& one : section.list("prompts")) {
    std::string name;
    one.read("name", name);
    if (const auto status = modelops::check_prompt_name(name); !status.ok()) one.error("name", status.error().message);
    if (prompts.contains(name)) one.error("name", "two prompts are called " + name);
    prompts.emplace(name, text_of_prompt(one, folder));
    one.finish();
  }
  return prompts;
}

/// Variants by their ids; without any, those of the blueprint and each prompt as it is.
void read_variants(YamlSection& section, const std::filesystem::path& folder,
                   std::vector<modelops::Variant>& variants) {
  const Prompts prompts = read_prompts(section, folder);
  std::vector<std::string> ids;
  section.read_list("variants", ids);
  if (!ids.empty()) variants.clear();
  if (ids.empty()) {
    for (const auto& [name, text] : prompts) ids.push_back(*modelops::Variant{.prompt = name}.id());
  }
  for (const std::string& id : ids) {
    auto variant = modelops::find_variant(id);
    const auto prompt = variant ? prompts.find(variant->prompt) : prompts.end();
    if (!variant || (!variant->prompt.empty() && prompt == prompts.end())) {
      section.error("variants", "\"" + id +
                                    "\" is none of base-eval, icl-eval, customized-eval, customized-icl-eval, nor "
                                    "made of one of evaluation.prompts (NAME-eval, NAME-icl-eval, "
                                    "customized-NAME-eval, customized-NAME-icl-eval)");
      continue;
    }
    if (prompt != prompts.end()) variant->system_prompt = prompt->second;
    if (std::ranges::find(variants, *variant) == variants.end()) variants.push_back(std::move(*variant));
  }
  for (const auto& [name, text] : prompts) {
    if (std::ranges::find(variants, name, &modelops::Variant::prompt) == variants.end())
      section.warning("prompts", "no variant uses the prompt " + name + ": add " + name + "-eval to variants");
  }
}

}  // namespace

void read_evaluation(YamlSection& root, const std::filesystem::path& folder, runs::EvaluationSettings& evaluation) {
  if (auto section = root.section("evaluation")) {
    double timeout = to_seconds(evaluation.request_timeout);
    section->read("parallelism", evaluation.parallelism, 1, 1024);
    section->read("request_timeout_seconds", timeout, 0.1, 86'400);
    section->read("max_retries", evaluation.max_retries, 0, 100);
    section->read("max_tokens", evaluation.max_tokens, 1, 1 << 20);
    section->read("untuned_rows", evaluation.untuned_rows, 1, 1'000'000);
    read_variants(*section, folder, evaluation.variants);
    auto asked = static_cast<std::size_t>(evaluation.log_probabilities);
    section->read_choice("log_probabilities", asked, {"off", "engines", "all"});
    evaluation.log_probabilities = static_cast<runs::EvaluationSettings::LogProbabilities>(asked);
    const std::vector<std::string> text_metrics = evals::text_metric_names();
    auto metric =
        static_cast<std::size_t>(std::ranges::find(text_metrics, evaluation.text_metric) - text_metrics.begin());
    section->read_choice("text_metric", metric, text_metrics);
    evaluation.text_metric = text_metrics.at(metric);
    evaluation.request_timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(timeout));
    section->finish();
  }
}

void read_promising(YamlSection& root, runs::PromisingRule& promising) {
  if (auto section = root.section("promising")) {
    section->read("margin", promising.margin, 0, 1);
    section->read("min_rows", promising.min_rows, 1, 1'000'000);
    section->finish();
  }
}

void read_review(YamlSection& root, review::ReviewSettings& review) {
  auto section = root.section("review");
  if (!section) return;
  auto open = static_cast<std::size_t>(review.open);
  section->read_choice("open", open, {"off", "promising", "always"});
  review.open = static_cast<review::ReviewSettings::Open>(open);
  section->read("max_rows", review.max_rows, 1, 10'000);
  section->read("max_shadow_rows", review.max_shadow_rows, 0, 10'000);
  if (auto weights = section->section("weights")) {
    for (const std::string& label : weights->keys()) {
      double weight = 1;
      weights->read(label.c_str(), weight, 0, 1000);
      review.weights[label] = weight;
    }
    weights->finish();
  }
  section->finish();
}

std::vector<runs::Webhook> read_webhooks(YamlSection& root, const Environment& environment) {
  std::vector<runs::Webhook> out;
  for (auto& section : root.list("webhooks")) {
    runs::Webhook hook;
    section.read("url", hook.url);
    hook.url = checked_url(section, "url", hook.url, environment);
    section.read("secret_env", hook.secret_env);
    if (hook.secret_env.empty()) {
      section.error("secret_env", "is missing: the variable that holds the signing key");
    } else if (check_variable_name(section, "secret_env", hook.secret_env) && environment(hook.secret_env).empty()) {
      section.warning("secret_env", runs::missing_secret(hook));
    }
    section.read("max_attempts", hook.max_attempts, 1, 100);
    section.finish();
    out.push_back(std::move(hook));
  }
  return out;
}

}  // namespace fw::app
