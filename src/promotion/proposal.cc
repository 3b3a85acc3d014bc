#include "promotion/proposal.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"

namespace fw::promotion {
namespace {

constexpr std::array<std::pair<Stage, std::string_view>, 8> kStages = {{{Stage::kProposed, "proposed"},
                                                                        {Stage::kSignedOff, "signed_off"},
                                                                        {Stage::kShadow, "shadow"},
                                                                        {Stage::kCanary, "canary"},
                                                                        {Stage::kLive, "live"},
                                                                        {Stage::kRetired, "retired"},
                                                                        {Stage::kRejected, "rejected"},
                                                                        {Stage::kRolledBack, "rolled_back"}}};

constexpr std::array<std::pair<Action, std::string_view>, 10> kActions = {{{Action::kPropose, "propose"},
                                                                           {Action::kSign, "sign"},
                                                                           {Action::kChange, "change"},
                                                                           {Action::kStartShadow, "start_shadow"},
                                                                           {Action::kStartCanary, "start_canary"},
                                                                           {Action::kAdvance, "advance"},
                                                                           {Action::kGoLive, "go_live"},
                                                                           {Action::kReject, "reject"},
                                                                           {Action::kRollBack, "roll_back"},
                                                                           {Action::kRetire, "retire"}}};

struct Words {
  std::string_view command;
  std::string_view cannot;
};

// In the order of Action.
constexpr std::array<Words, 10> kWordsOfActions = {{{"propose", "be proposed"},
                                                    {"sign", "be signed"},
                                                    {"", "have other digests"},
                                                    {"shadow", "go into shadow"},
                                                    {"start", "start its canary"},
                                                    {"advance", "advance to the next share"},
                                                    {"live", "go live"},
                                                    {"reject", "be rejected"},
                                                    {"rollback", "be rolled back"},
                                                    {"retire", "be retired"}}};
// In the order of Stage.
constexpr std::array<std::string_view, 8> kWordsOfStages = {"waits for signatures", "is signed off", "is in shadow",
                                                            "is in its canary",     "is live",       "is retired",
                                                            "is rejected",          "is rolled back"};

struct Step {
  Stage from;
  Action action;
  Stage to;
};

/// Every legal step. kSign leads on once the signatures are enough; kChange takes off traffic what was on it.
constexpr Step kSteps[] = {
    {Stage::kProposed, Action::kSign, Stage::kProposed},
    {Stage::kProposed, Action::kChange, Stage::kProposed},
    {Stage::kProposed, Action::kReject, Stage::kRejected},
    {Stage::kSignedOff, Action::kChange, Stage::kProposed},
    {Stage::kSignedOff, Action::kReject, Stage::kRejected},
    {Stage::kSignedOff, Action::kStartShadow, Stage::kShadow},
    {Stage::kSignedOff, Action::kStartCanary, Stage::kCanary},
    {Stage::kShadow, Action::kStartCanary, Stage::kCanary},
    {Stage::kShadow, Action::kChange, Stage::kRolledBack},
    {Stage::kShadow, Action::kRollBack, Stage::kRolledBack},
    {Stage::kCanary, Action::kAdvance, Stage::kCanary},
    {Stage::kCanary, Action::kGoLive, Stage::kLive},
    {Stage::kCanary, Action::kChange, Stage::kRolledBack},
    {Stage::kCanary, Action::kRollBack, Stage::kRolledBack},
    {Stage::kLive, Action::kRetire, Stage::kRetired},
    {Stage::kLive, Action::kChange, Stage::kRolledBack},
    {Stage::kLive, Action::kRollBack, Stage::kRolledBack},
};

template <class Value, std::size_t N>
std::string_view text_of(const std::array<std::pair<Value, std::string_view>, N>& names, Value value) {
  return std::ranges::find(names, value, &std::pair<Value, std::string_view>::first)->second;
}

template <class Value, std::size_t N>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& names, std::string_view text) {
  const auto found = std::ranges::find(names, text, &std::pair<Value, std::string_view>::second);
  return found == names.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace

std::string_view to_string(Stage stage) { return text_of(kStages, stage); }
std::optional<Stage> stage_of(std::string_view text) { return value_of(kStages, text); }
std::string_view to_string(Action action) { return text_of(kActions, action); }
std::optional<Action> action_of(std::string_view text) { return value_of(kActions, text); }

std::string_view words_of(Stage stage) { return kWordsOfStages.at(static_cast<std::size_t>(stage)); }
std::string_view words_of(Action action) { return kWordsOfActions.at(static_cast<std::size_t>(action)).cannot; }
std::string_view command_of(Action action) { return kWordsOfActions.at(static_cast<std::size_t>(action)).command; }

std::vector<Action> steps_from(Stage stage) {
  std::vector<Action> out;
  for (const Step& step : kSteps) {
    if (step.from == stage && !command_of(step.action).empty()) out.push_back(step.action);
  }
  return out;
}

std::string digest_of(const Digests& digests) {
  std::string all;
  for (const auto& [name, digest] : digests) all += name + '\n' + digest + '\n';
  return sha256_hex(all);
}

std::string names_of_changed(const Digests& before, const Digests& now) {
  std::string names;
  const auto add = [&](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
  for (const auto& [name, digest] : before) {
    const auto found = now.find(name);
    if (found == now.end() || found->second != digest) add(name);
  }
  for (const auto& [name, digest] : now) {
    if (!before.contains(name)) add(name);
  }
  return names;
}

std::size_t Rules::signatures_of(const std::string& workload) const {
  const auto own = workloads.find(workload);
  return std::max<std::size_t>(own == workloads.end() ? signatures : own->second, 1);
}

std::optional<std::size_t> next_step(const std::vector<double>& steps, double share) {
  const auto next = std::ranges::find_if(steps, [share](double step) { return step > share; });
  if (next == steps.end()) return std::nullopt;
  return static_cast<std::size_t>(next - steps.begin());
}

Result<Stage> next_stage(Stage from, Action action) {
  const auto step = std::ranges::find_if(kSteps, [&](const Step& s) { return s.from == from && s.action == action; });
  if (step != std::end(kSteps)) return step->to;
  return failed_precondition("a proposal that " + std::string(words_of(from)) + " cannot " +
                             std::string(words_of(action)));
}

}  // namespace fw::promotion
