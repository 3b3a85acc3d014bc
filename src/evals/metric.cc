#include "evals/metric.h"

#include <algorithm>
#include <vector>

#include "base/assert.h"
#include "evals/impl/metric_files.h"

namespace fw::evals {

std::span<const Metric* const> metrics() {
  static const std::vector<const Metric*> sorted = [] {
    std::vector<const Metric*> all = metrics_of_files();
    std::sort(all.begin(), all.end(), [](const Metric* a, const Metric* b) {
      return a->precedence != b->precedence ? a->precedence > b->precedence : a->name < b->name;
    });
    return all;
  }();
  return sorted;
}

const Metric* find_metric(std::string_view name) {
  const auto all = metrics();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Metric* metric) { return metric->name == name; });
  return found == all.end() ? nullptr : *found;
}

const Metric* judged_metric(modelops::AnswerKind kind) {
  for (const Metric* metric : metrics())
    if (metric->is_judged && metric->applies_to(kind)) return metric;
  return nullptr;
}

std::vector<std::string> text_metric_names() {
  std::vector<std::string> names;
  for (const Metric* metric : metrics())
    if (metric->for_text && !metric->is_judged && !metric->is_blueprint_rule) names.emplace_back(metric->name);
  return names;
}

const Metric& leading_metric(modelops::AnswerKind kind, const ScoringSettings& settings) {
  const auto can_lead = [&](const Metric& metric) {
    return metric.applies_to(kind) && !metric.is_blueprint_rule && (settings.has_judge || !metric.is_judged);
  };
  if (kind == modelops::AnswerKind::kText && !settings.has_judge)
    if (const Metric* chosen = find_metric(settings.text_metric); chosen && can_lead(*chosen)) return *chosen;
  for (const Metric* metric : metrics())
    if (can_lead(*metric)) return *metric;
  fail_assertion("every kind of answer has a metric", "leading_metric", 0);
}

}  // namespace fw::evals
