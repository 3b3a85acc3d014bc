#include "app/config/sections.h"

#include <algorithm>

#include "app/config/endpoint_section.h"
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
    endpoint.url = checked_url(*section, "url", url);
    if (endpoint.model.empty())
      section->error("model_name", "is missing: what requests to the url name as their model");
    production.endpoint = std::move(endpoint);
  }
  section->finish();
}

namespace {

/// Variants by the names that reports give them.
void read_variants(YamlSection& section, std::vector<modelops::Variant>& variants) {
  std::vector<std::string> names;
  section.read_list("variants", names);
  if (names.empty()) return;
  variants.clear();
  for (const std::string& name : names) {
    const auto variant = modelops::find_variant(name);
    if (!variant) {
      section.error("variants",
                    "\"" + name + "\" is none of base-eval, icl-eval, customized-eval, customized-icl-eval");
    } else if (std::ranges::find(variants, *variant) == variants.end()) {
      variants.push_back(*variant);
    }
  }
}

}  // namespace

void read_evaluation(YamlSection& root, runs::EvaluationSettings& evaluation) {
  if (auto section = root.section("evaluation")) {
    double timeout = to_seconds(evaluation.request_timeout);
    section->read("parallelism", evaluation.parallelism, 1, 1024);
    section->read("request_timeout_seconds", timeout, 0.1, 86'400);
    section->read("max_retries", evaluation.max_retries, 0, 100);
    section->read("max_tokens", evaluation.max_tokens, 1, 1 << 20);
    section->read("untuned_rows", evaluation.untuned_rows, 1, 1'000'000);
    read_variants(*section, evaluation.variants);
    static const std::vector<std::string> kTextMetrics{"rouge_l", "token_f1", "exact_match"};
    std::size_t metric = 0;
    section->read_choice("text_metric", metric, kTextMetrics);
    evaluation.text_metric = kTextMetrics[metric];
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
    hook.url = checked_url(section, "url", hook.url);
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
