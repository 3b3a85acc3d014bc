#include "review/verdict.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"

namespace fw::review {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<Verdict, std::string_view>, 5> kNames{{{Verdict::kCandidateBetter, "candidate_better"},
                                                                      {Verdict::kProductionBetter, "production_better"},
                                                                      {Verdict::kBothFine, "both_fine"},
                                                                      {Verdict::kBothWrong, "both_wrong"},
                                                                      {Verdict::kCannotTell, "cannot_tell"}}};

}  // namespace

std::string_view to_string(Verdict verdict) {
  for (const auto& [value, name] : kNames) {
    if (value == verdict) return name;
  }
  return "unknown";
}

std::optional<Verdict> verdict_from_string(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  return std::nullopt;
}

bool is_candidate_left(std::string_view review, std::string_view record, std::string_view person) {
  std::string all;
  for (const auto part : {review, record, person}) all += std::to_string(part.size()) + ':' + std::string(part);
  return (hash64(all) >> 17 & 1U) == 1;
}

std::optional<Verdict> verdict_of_sides(std::string_view said, bool candidate_is_left) {
  if (said == "left_better") return candidate_is_left ? Verdict::kCandidateBetter : Verdict::kProductionBetter;
  if (said == "right_better") return candidate_is_left ? Verdict::kProductionBetter : Verdict::kCandidateBetter;
  const auto verdict = verdict_from_string(said);
  const bool names_a_side = verdict == Verdict::kCandidateBetter || verdict == Verdict::kProductionBetter;
  return names_a_side ? std::nullopt : verdict;
}

std::string to_json(const Label& label) {
  Json out{{"verdict", to_string(label.verdict)}, {"note", label.note}, {"tags", label.tags}};
  out["corrected"] = label.corrected.empty() ? Json(nullptr) : Json::parse(label.corrected, nullptr, false);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Label> label_from_json(std::string_view text) {
  try {
    const auto value = Json::parse(text);
    const auto verdict = verdict_from_string(value.at("verdict").get<std::string>());
    if (!verdict) return data_loss("a label has an unknown verdict");
    Label label;
    label.verdict = *verdict;
    label.note = value.at("note");
    label.tags = value.at("tags").get<std::vector<std::string>>();
    if (!value.at("corrected").is_null()) label.corrected = value.at("corrected").dump();
    return label;
  } catch (const Json::exception&) {
    return data_loss("a label is not what flywheel wrote");
  }
}

}  // namespace fw::review
