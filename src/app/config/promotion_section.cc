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

}  // namespace

void read_promotion(YamlSection& root, promotion::Settings& promotion) {
  auto found = root.section("promotion");
  if (!found) return;
  YamlSection& section = *found;
  std::uint64_t signatures = promotion.rules.signatures;
  section.read("signatures", signatures, 1, 20);
  promotion.rules.signatures = signatures;
  read_steps(section, promotion.rules.steps);
  section.read("max_error_rate", promotion.gates.errors, 0.0001, 0.5);
  section.read("false_alarm_rate", promotion.gates.alpha, 0.0001, 0.5);
  section.finish();
}

}  // namespace fw::app
