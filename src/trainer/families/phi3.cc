// Phi 3, 3.5 and 4: q, k and v in one matrix, gate and up in another; Phi 4 mini rotates a part of each head only.
// Their window is left out, as in the engine. Models with two sets of rotary frequencies ("long" and "short", longrope)
// are trained and served within the context of the short ones: the engine would change to the others beyond it, for
// whole requests.
#include <algorithm>
#include <cmath>

#include "trainer/families/family.h"
#include "trainer/weights/config_reader.h"
#include "trainer/weights/gguf_reader.h"

namespace fw::trainer {
namespace {

Status from_gguf(const GgufReader& file, const std::string& prefix, ModelConfig& config) {
  config.sliding_window = 0;
  config.rotated = file.integer(prefix + "rope.dimension_count").value_or(0);
  const auto short_divisors = file.find("rope_factors_short.weight");
  if (!short_divisors) return {};
  FW_TRY(file.dequantize(*short_divisors, config.rope.divisors));
  if (config.rope.original_context >= 1)
    config.context = std::min(config.context, static_cast<std::int64_t>(config.rope.original_context));
  return {};
}

Status read_longrope(ConfigReader& rope, double original, ModelConfig& config) {
  for (const auto& divisor : rope.array("short_factor")) {
    if (!divisor.is_number()) return data_loss("config.json: short_factor holds something else than numbers");
    config.rope.divisors.push_back(divisor.get<float>());
  }
  const double factor = rope.number("factor", static_cast<double>(config.context) / original);
  const double own = rope.number("attention_factor", 0);
  config.rope.kind = RopeKind::kDefault;
  config.rope.factor = 1;
  config.rope.attention_factor = 0;
  config.rope.extra_attention_factor = own > 0      ? own
                                       : factor > 1 ? std::sqrt(1 + std::log(factor) / std::log(original))
                                                    : 1;
  config.context = std::min(config.context, static_cast<std::int64_t>(original));
  return rope.status();
}

Status from_config(ConfigReader& json, ModelConfig& config) {
  config.sliding_window = 0;
  double partial = json.number("partial_rotary_factor", 1);
  double original = json.number("original_max_position_embeddings", static_cast<double>(config.context));
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const auto* object = json.object(key);
    if (object == nullptr) continue;
    ConfigReader rope(*object);
    partial = rope.number("partial_rotary_factor", partial);
    original = rope.number("original_max_position_embeddings", original);
    const auto type = rope.text("rope_type", rope.text("type", "default"));
    if (type == "longrope" || type == "su") FW_TRY(read_longrope(rope, original, config));
    FW_TRY(rope.status());
    break;
  }
  config.rotated = static_cast<std::int64_t>(static_cast<double>(config.head_dim) * partial);
  return json.status();
}

}  // namespace

Family phi3() {
  return {.architecture = "phi3",
          .model_types = {"phi3"},
          .joined = true,
          .from_gguf = from_gguf,
          .from_config = from_config};
}

}  // namespace fw::trainer
