#include <charconv>

#include "app/config/sections.h"

namespace fw::app {
namespace {

void read_steps(YamlSection& section, std::vector<double>& steps) {
  std::vector<std::string> texts;
  section.read_list("canary_steps", texts);
  if (texts.empty()) return;
  steps.clear();
  for (const std::string& text : texts) {
    double share = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
    const bool is_share = error == std::errc{} && end == text.data() + text.size() && share > 0 && share < 1;
    if (!is_share || (!steps.empty() && share <= steps.back())) {
      return section.error("canary_steps",
                           "are shares above 0 and below 1, each above the one before; " + text + " is not");
    }
    steps.push_back(share);
  }
}

Duration duration_of(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void read_shadow(YamlSection& root, double& share, capture::ShadowBudget& budget) {
  auto section = root.section("shadow");
  if (!section) return;
  section->read("share", share, 0, 1);
  std::uint64_t concurrency = budget.concurrency, waiting = budget.max_waiting;
  section->read("concurrency", concurrency, 1, 1000);
  section->read("max_waiting", waiting, 1, 100'000);
  section->read("tokens_per_minute", budget.tokens_a_minute, 1, 1'000'000'000);
  double timeout = to_seconds(budget.timeout);
  section->read("timeout_seconds", timeout, 0.1, 3600);
  budget.concurrency = concurrency;
  budget.max_waiting = waiting;
  budget.timeout = duration_of(timeout);
  section->finish();
}

void read_serving(YamlSection& root, promotion::HostSettings& serving) {
  auto section = root.section("serving");
  if (!section) return;
  std::uint64_t models = serving.max_models, concurrency = static_cast<std::uint64_t>(serving.concurrency);
  section->read("max_models", models, 1, 100);
  section->read("concurrency", concurrency, 1, 256);
  double timeout = to_seconds(serving.timeout);
  section->read("timeout_seconds", timeout, 0.1, 3600);
  serving.max_models = models;
  serving.concurrency = static_cast<int>(concurrency);
  double interval = to_seconds(serving.health_interval), patience = to_seconds(serving.health_timeout);
  section->read("health_interval_seconds", interval, 0.1, 3600);
  section->read("health_timeout_seconds", patience, 0.1, 600);
  section->read("health_failures", serving.health_failures, 1, 1000);
  serving.timeout = duration_of(timeout);
  serving.health_interval = duration_of(interval);
  serving.health_timeout = duration_of(patience);
  section->finish();
}

/// 0 turns a gate off.
void read_gate(YamlSection& section, const char* key, double& limit) {
  section.read(key, limit, 0, 0.9);
  if (limit > 0 && limit < 0.0001) section.error(key, "is 0 (off) or at least 0.0001");
}

void read_gates(YamlSection& root, promotion::GateLimits& gates) {
  auto section = root.section("gates");
  if (!section) return;
  read_gate(*section, "errors", gates.errors);
  read_gate(*section, "slow", gates.slow);
  double after = to_seconds(gates.slow_after);
  section->read("slow_after_seconds", after, 0, 3600);
  gates.slow_after = duration_of(after);
  read_gate(*section, "invalid_calls", gates.invalid_calls);
  read_gate(*section, "disagreement", gates.disagreement);
  read_gate(*section, "text_disagreement", gates.text_disagreement);
  read_gate(*section, "bad_feedback", gates.bad_feedback);
  read_gate(*section, "judged", gates.judged);
  section->read("false_alarm_rate", gates.alpha, 0.0001, 0.5);
  section->finish();
}

void read_judging(YamlSection& root, promotion::Settings& promotion) {
  if (promotion.gates.judged > 0 && !promotion.judge) {
    root.error("gates", "judged needs a judge: give llm_judge_config, or leave it out");
  } else if (promotion.gates.judged > 0 && promotion.rules.shadow <= 0) {
    root.error("gates", "judged rates shadowed pairs, and shadow.share is 0");
  }
  auto section = root.section("judge");
  if (!section) return;
  auto& budget = promotion.judge_budget;
  section->read("pairs_per_minute", budget.pairs_a_minute, 0.01, 6000);
  std::uint64_t concurrency = budget.concurrency;
  section->read("concurrency", concurrency, 1, 100);
  budget.concurrency = concurrency;
  section->read("tokens_per_day", budget.tokens_a_day, 1, 1'000'000'000'000);
  section->read("min_pairs", promotion.gates.judged_least, 1, 100'000);
  double timeout = to_seconds(budget.timeout);
  section->read("timeout_seconds", timeout, 0.1, 3600);
  budget.timeout = duration_of(timeout);
  if (promotion.gates.judged <= 0) root.warning("judge", "has no effect: gates.judged is 0");
  section->finish();
}

constexpr std::uint64_t kMostSignatures = 20;

void read_workloads(YamlSection& root, promotion::Rules& rules) {
  auto section = root.section("workloads");
  if (!section) return;
  for (const std::string& workload : section->keys()) {
    auto own = section->section(workload.c_str());
    if (!own) continue;
    std::uint64_t needed = rules.signatures;
    own->read("signatures", needed, 1, kMostSignatures);
    rules.workloads[workload] = needed;
    own->finish();
  }
  section->finish();
}

}  // namespace

void read_promotion(YamlSection& root, promotion::Settings& promotion, capture::ShadowBudget& budget,
                    std::vector<runs::Webhook>& webhooks, const Environment& environment) {
  auto found = root.section("promotion");
  if (!found) return;
  YamlSection& section = *found;
  std::uint64_t signatures = promotion.rules.signatures;
  section.read("signatures", signatures, 1, kMostSignatures);
  promotion.rules.signatures = signatures;
  read_workloads(section, promotion.rules);
  read_steps(section, promotion.rules.steps);
  read_shadow(section, promotion.rules.shadow, budget);
  read_serving(section, promotion.serving);
  read_gates(section, promotion.gates);
  read_judging(section, promotion);
  webhooks = read_webhooks(section, environment);
  section.finish();
}

}  // namespace fw::app
