#pragma once

#include <span>
#include <string_view>

namespace fw::sample {

/// What an agent's customers say and what its tools do, as plain tables: all that makes one application's traffic
/// differ from another's. The generator knows no word of it. Texts hold slots, `<name>`, which are filled from the slot
/// table, from the arguments of the turn, or from the turn before.
///
/// 1. A slot whose name is a parameter of the wording's tool gives that argument, literally.
/// 2. Only values of JSON type integer are written without quotes; no text holds quotes, backslashes or '<'.
/// 3. Alternatives of a slot may hold '#' (a digit; never a leading zero) and other slots.
struct Slot {
  std::string_view name;
  std::span<const std::string_view> alternatives;
};

enum class ParamType { kString, kInteger, kEnum };

struct Param {
  std::string_view name;
  ParamType type = ParamType::kString;
  std::string_view description;
  bool required = true;
};

/// A tool's answer and what the agent then says.
struct Outcome {
  std::string_view result;  ///< JSON with slots
  std::string_view answer;
};

struct Tool {
  std::string_view name;
  std::string_view description;
  std::span<const Param> params;  ///< an enumeration's values are the alternatives of the slot of its name
  std::span<const Outcome> outcomes;
  double share = 1.0;  ///< relative frequency among turns with a tool
};

/// When a wording can be said.
enum class Moment {
  kOpening,     ///< at the start, or as a change of subject
  kFollowUp,    ///< right after a turn that called the tool `after`; arguments it does not name are taken from there
  kReply,       ///< right after a kIncomplete wording for the same tool
  kIncomplete,  ///< wants the tool but lacks what it needs: the agent asks back and calls nothing
  kChat,        ///< needs no tool
  kClosing,     ///< needs no tool, ends a conversation of more than one turn
};

struct Wording {
  Moment moment = Moment::kOpening;
  std::string_view tool = {};  ///< empty for kChat and kClosing
  std::string_view text;
  /// For a turn without a tool: what the agent then says. For kFollowUp and kReply: the same wish in one sentence that
  /// needs no conversation.
  std::string_view answer = {};
  std::string_view after = {};    ///< kFollowUp: the tool of the turn before
  std::string_view implied = {};  ///< `name=value`: an argument that the words imply without naming it
  bool late = false;              ///< said only in the newest tenth of the time span
};

struct Domain {
  std::string_view router_prompt;
  std::string_view router_talk;     ///< the router's answer where no tool is needed
  std::string_view router_details;  ///< where what a tool requires is missing
  std::string_view rewriter_prompt;
  std::string_view writer_prompt;
  std::string_view production_model;
  std::span<const Slot> slots;
  std::span<const Tool> tools;
  std::span<const Wording> wordings;
};

/// Fernwood, a home and garden shop: six tools, one of them rare.
[[nodiscard]] const Domain& shop_domain();

}  // namespace fw::sample
