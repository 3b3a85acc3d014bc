#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong.h"

namespace fw::modelops {

/// Names a variant within a candidate: lower-case words joined by `-`, the last one `eval`. Step keys, file names,
/// events and reports bear it.
using VariantId = Strong<std::string, struct VariantIdTag>;

/// One way in which a candidate is evaluated: with or without in-context examples in the prompt, with or without the
/// adapter that was trained for the workload.
struct Variant {
  VariantId id;
  bool has_examples = false;
  bool has_adapter = false;

  friend bool operator==(const Variant&, const Variant&) = default;
};

/// All that a configuration may name, in the order in which they are evaluated: `base-eval`, `icl-eval`,
/// `customized-eval` (the blueprint's three, its names) and `customized-icl-eval` (adapter and examples).
[[nodiscard]] const std::vector<Variant>& known_variants();
/// The blueprint's three.
[[nodiscard]] std::vector<Variant> default_variants();
[[nodiscard]] std::optional<Variant> find_variant(std::string_view id);
/// `base-eval`, `icl-eval` or `customized-eval`: what clients of the blueprint know. Of an unknown variant its id.
[[nodiscard]] std::string eval_type(const VariantId& id);

}  // namespace fw::modelops
