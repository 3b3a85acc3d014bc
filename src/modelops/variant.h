#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strong.h"

namespace fw::modelops {

/// Names a variant within a candidate: what it is made of as lower-case words joined by `-`, the last one `eval`. Step
/// keys, file names, events and reports bear it.
using VariantId = Strong<std::string, struct VariantIdTag>;

/// One way in which a candidate is evaluated: a value of its parts, which its id spells out.
struct Variant {
  /// Of the system prompt that takes the place of the rows' own; empty: the rows' own stays.
  std::string prompt;
  bool has_examples = false;       ///< in-context examples in the prompt
  bool has_adapter = false;        ///< the adapter that was trained for the workload
  std::string system_prompt = {};  ///< the text that `prompt` names; not known to a variant that was read from an id

  /// `[customized-][PROMPT-][icl-]eval`; `base-eval` where nothing is changed.
  [[nodiscard]] VariantId id() const;
  friend bool operator==(const Variant&, const Variant&) = default;
};

/// Those without a prompt of their own, in the order in which they are evaluated: `base-eval`, `icl-eval`,
/// `customized-eval` (the blueprint's three, its names) and `customized-icl-eval` (adapter and examples).
[[nodiscard]] const std::vector<Variant>& known_variants();
/// The blueprint's three.
[[nodiscard]] std::vector<Variant> default_variants();
/// Reads an id back into its parts; absent where it is none.
[[nodiscard]] std::optional<Variant> find_variant(std::string_view id);
/// kInvalidArgument unless it can name a prompt: lower-case letters, digits and single hyphens, at most 40, and none of
/// the words that ids are made of.
[[nodiscard]] Status check_prompt_name(std::string_view name);
/// What the log calls a promoted candidate that answered (record::Provenance::variant): `small customized-eval`.
[[nodiscard]] std::string answering_name(std::string_view model, std::string_view variant);
/// Whether it is such a name, and not production's or one that somebody gave to a target of a route.
[[nodiscard]] bool is_candidates_name(std::string_view answering);
/// `base-eval`, `icl-eval` or `customized-eval`: what clients of the blueprint know. Of what is no variant its id.
[[nodiscard]] std::string eval_type(const VariantId& id);
/// For people: `zero-shot`, `few-shot`, `fine-tuned`, `fine-tuned, prompt polite, few-shot`. Of what is no variant its
/// id.
[[nodiscard]] std::string title_of(const VariantId& id);

}  // namespace fw::modelops
