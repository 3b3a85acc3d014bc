#include "app/config/sections.h"

#include "app/config/endpoint_section.h"
#include "runs/webhook_secret.h"

namespace fw::app {

void read_production(YamlSection& root, runs::ProductionModel& production) {
  if (auto section = root.section("production")) {
    section->read("model_name", production.name);
    production.price = read_price(*section);
    section->finish();
  }
}

void read_evaluation(YamlSection& root, runs::EvaluationSettings& evaluation) {
  if (auto section = root.section("evaluation")) {
    double timeout = to_seconds(evaluation.request_timeout);
    section->read("parallelism", evaluation.parallelism, 1, 1024);
    section->read("request_timeout_seconds", timeout, 0.1, 86'400);
    section->read("max_retries", evaluation.max_retries, 0, 100);
    section->read("max_tokens", evaluation.max_tokens, 1, 1 << 20);
    evaluation.request_timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(timeout));
    section->finish();
  }
}

void read_promising(YamlSection& root, runs::PromisingRule& promising) {
  if (auto section = root.section("promising")) {
    section->read("margin", promising.margin, 0, 1);
    section->finish();
  }
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
