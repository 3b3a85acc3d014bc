#include "modelops/variant.h"

#include <algorithm>

namespace fw::modelops {

const std::vector<Variant>& known_variants() {
  static const std::vector<Variant> known{
      {.id = VariantId("base-eval")},
      {.id = VariantId("icl-eval"), .has_examples = true},
      {.id = VariantId("customized-eval"), .has_adapter = true},
      {.id = VariantId("customized-icl-eval"), .has_examples = true, .has_adapter = true},
  };
  return known;
}

std::vector<Variant> default_variants() { return {known_variants().begin(), known_variants().begin() + 3}; }

std::optional<Variant> find_variant(std::string_view id) {
  const auto found = std::ranges::find_if(known_variants(), [id](const Variant& v) { return *v.id == id; });
  if (found == known_variants().end()) return std::nullopt;
  return *found;
}

std::string eval_type(const VariantId& id) {
  const auto variant = find_variant(*id);
  if (!variant) return *id;
  return variant->has_adapter ? "customized-eval" : variant->has_examples ? "icl-eval" : "base-eval";
}

}  // namespace fw::modelops
