#include "dataset/card.h"

#include <nlohmann/json.hpp>

namespace fw::dataset {
namespace {

using Json = nlohmann::ordered_json;

Json step_to_json(const Step& step) {
  Json reasons = Json::object();
  for (const auto& [reason, count] : step.reasons) reasons[reason] = count;
  return Json{{"step", step.name}, {"in", step.in}, {"out", step.out}, {"reasons", std::move(reasons)}};
}

}  // namespace

Json to_json(const Card& card) {
  Json out;
  out["workload_type"] = modelops::to_string(card.type);
  out["seed"] = card.seed;
  out["steps"] = Json::array();
  for (const Step& step : card.steps) out["steps"].push_back(step_to_json(step));
  out["classes"] = Json::array();
  for (const ClassCounts& c : card.classes) {
    out["classes"].push_back({{"label", c.label}, {"eval", c.eval}, {"train", c.train}, {"validation", c.validation}});
  }
  out["notes"] = card.notes;
  out["leak"] = {{"conversations_on_two_sides", card.leak.conversations_on_two_sides},
                 {"requests_on_two_sides", card.leak.requests_on_two_sides},
                 {"eval_rows_said_in_training", card.leak.eval_rows_said_in_training}};
  return out;
}

std::string describe(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    if (!text.empty()) text += "; ";
    text += step.name + ' ' + std::to_string(step.in) + " -> " + std::to_string(step.out);
    std::string reasons;
    for (const auto& [reason, count] : step.reasons) {
      reasons += (reasons.empty() ? "" : ", ") + reason + ": " + std::to_string(count);
    }
    if (!reasons.empty()) text += " (" + reasons + ')';
  }
  return text;
}

}  // namespace fw::dataset
