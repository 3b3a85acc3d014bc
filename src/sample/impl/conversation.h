#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sample/impl/domain.h"

namespace fw::sample {

/// Names and values in order of first use.
using Bindings = std::vector<std::pair<std::string, std::string>>;

/// One message of the customer and all that follows from it.
struct Turn {
  const Wording* wording = nullptr;
  const Tool* tool = nullptr;  ///< null when the agent answers at once
  std::string text;            ///< what the customer says
  std::string standalone;      ///< the same so that it needs no conversation
  Bindings arguments;          ///< in the order of the tool's parameters
  std::string arguments_json;
  std::string call_id;
  std::string result;  ///< the tool's answer, JSON
  std::string answer;  ///< what the agent says to the customer
};

using Conversation = std::vector<Turn>;

/// Makes up conversations of one domain. Old ones use only wordings that are not late; the share of turns without a
/// tool is held near its target over all conversations. The domain must outlive it.
class ConversationMaker {
 public:
  ConversationMaker(const Domain& domain, std::uint64_t seed);

  [[nodiscard]] Conversation make(bool late);

  /// The conversation was used: its turns count for the share of turns without a tool.
  void count(const Conversation& conversation);

 private:
  [[nodiscard]] const Wording* pick(bool late, std::string_view tool, std::string_view after,
                                    std::initializer_list<Moment> moments);
  [[nodiscard]] const Tool& pick_tool();
  [[nodiscard]] const Tool* find_tool(std::string_view name) const;
  [[nodiscard]] const Wording& pick_first(bool late);
  [[nodiscard]] const Wording& pick_next(bool late, const Turn& previous);
  [[nodiscard]] const Wording& pick_opening(bool late);
  [[nodiscard]] bool goes_on(const Conversation& conversation);
  [[nodiscard]] Turn say(const Wording& wording, const Turn* previous);
  [[nodiscard]] std::string fill(std::string_view text, Bindings& bound);
  [[nodiscard]] std::string draw(std::string_view slot, Bindings& bound);

  const Domain& domain_;
  Random random_;
  double turns_ = 0;
  double turns_without_tool_ = 0;
};

/// Gives the turn the arguments that its words say, imply or, after `previous`, take for granted; in the order of the
/// tool's parameters. False when one that is taken for granted is not there.
[[nodiscard]] bool bind_arguments(Turn& turn, const Bindings& said, const Turn* previous);

/// The arguments as a compact JSON object, typed as the tool's parameters are.
[[nodiscard]] std::string arguments_json(const Tool& tool, const Bindings& arguments);

/// The value bound to the name; null if there is none.
[[nodiscard]] const std::string* find(const Bindings& bindings, std::string_view name);

}  // namespace fw::sample
