#include "trainer/families/family.h"

#include <algorithm>
#include <string>

#include "base/assert.h"

namespace fw::trainer {

const std::vector<Family>& families() {
  static const std::vector<Family> all{gemma(), gemma2(), gemma3(), llama(), phi3(), qwen2(), qwen3(), smollm3()};
  return all;
}

const Family* find_family(std::string_view architecture) {
  const auto it = std::ranges::find(families(), architecture, &Family::architecture);
  return it == families().end() ? nullptr : &*it;
}

const Family* find_family_of_model_type(std::string_view model_type) {
  const auto it = std::ranges::find_if(families(), [&](const Family& family) {
    return std::ranges::find(family.model_types, model_type) != family.model_types.end();
  });
  return it == families().end() ? nullptr : &*it;
}

Status check_rotation(const Family& family, const ModelConfig& config) {
  if (!family.rows_in_pairs || config.rotary_size() == config.head_dim) return {};
  return unimplemented("the model rotates " + std::to_string(config.rotary_size()) + " of a head's " +
                       std::to_string(config.head_dim) + " elements; with architecture " +
                       std::string(family.architecture) + " only whole heads are supported");
}

const Family& family_of(const ModelConfig& config) {
  const Family* family = find_family(config.architecture);
  FW_ASSERT(family != nullptr);
  return *family;
}

}  // namespace fw::trainer
