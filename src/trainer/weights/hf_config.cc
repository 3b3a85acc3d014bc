#include <nlohmann/json.hpp>

#include "modelfile/trainable.h"
#include "trainer/families/family.h"
#include "trainer/weights/config_reader.h"
#include "trainer/weights/weight_source.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::json;

Status read_rope(const Json& json, ModelConfig& config) {
  // Where layers rotate differently, the member is those that see everything; their family reads the others.
  if (const auto whole = json.find("full_attention"); whole != json.end() && whole->is_object())
    return read_rope(*whole, config);
  ConfigReader reader(json);
  config.rope_theta = reader.number("rope_theta", config.rope_theta);
  const std::string type = reader.text("rope_type", reader.text("type", "default"));
  const double partial = reader.number("partial_rotary_factor", 1);
  if (partial != 1) config.rotated = static_cast<std::int64_t>(static_cast<double>(config.head_dim) * partial);
  auto& rope = config.rope;
  rope.factor = reader.number("factor", 1);
  rope.original_context = reader.number("original_max_position_embeddings", 0);
  rope.low_freq_factor = reader.number("low_freq_factor", 1);
  rope.high_freq_factor = reader.number("high_freq_factor", 4);
  rope.beta_fast = reader.number("beta_fast", 32);
  rope.beta_slow = reader.number("beta_slow", 1);
  rope.attention_factor = reader.number("attention_factor", 0);
  rope.mscale = reader.number("mscale", 0);
  rope.mscale_all_dim = reader.number("mscale_all_dim", 0);
  rope.truncate = reader.boolean("truncate", true);
  if (type == "default" || type == "longrope" || type == "su") {  // the family of the latter reads its divisors
    rope.kind = RopeKind::kDefault;
  } else if (type == "linear") {
    rope.kind = RopeKind::kLinear;
  } else if (type == "yarn") {
    rope.kind = RopeKind::kYarn;
  } else if (type == "llama3") {
    rope.kind = RopeKind::kLlama3;
  } else {
    return unimplemented("config.json: rope type " + type + " is not supported; default, linear, yarn and llama3 are");
  }
  return reader.status();
}

Status read_sizes(ConfigReader& reader, ModelConfig& config) {
  if (const auto activation = reader.text("hidden_act", "silu");
      activation != "silu" && !activation.starts_with("gelu"))
    return unimplemented("config.json: activation " + activation + " is not supported; silu and gelu_pytorch_tanh are");
  config.vocab = reader.integer("vocab_size", 0);
  config.hidden = reader.integer("hidden_size", 0);
  config.feed_forward = reader.integer("intermediate_size", 0);
  config.layers = reader.integer("num_hidden_layers", 0);
  config.heads = reader.integer("num_attention_heads", 0);
  config.kv_heads = reader.integer("num_key_value_heads", config.heads);
  config.head_dim = reader.integer("head_dim", config.heads > 0 ? config.hidden / config.heads : 0);
  config.context = reader.integer("max_position_embeddings", 2048);
  config.norm_eps = reader.number("rms_norm_eps", 1e-6);
  config.rope_theta = reader.number("rope_theta", 10000);
  const double partial = reader.number("partial_rotary_factor", 1);
  if (partial != 1) config.rotated = static_cast<std::int64_t>(static_cast<double>(config.head_dim) * partial);
  config.tied = reader.boolean("tie_word_embeddings", false);
  config.padding_token = reader.integer("pad_token_id", -1);
  if (config.padding_token < 0 || config.padding_token >= config.vocab) config.padding_token = -1;
  return reader.status();
}

}  // namespace

Result<ModelConfig> parse_hugging_face_config(const std::string& text) {
  const Json whole = Json::parse(text, nullptr, false);
  if (whole.is_discarded() || !whole.is_object()) return data_loss("config.json is no JSON object");
  // A model of texts and pictures keeps its language model's configuration apart.
  const auto part = whole.find("text_config");
  const Json& json = part != whole.end() && part->is_object() ? *part : whole;
  ConfigReader reader(json);
  const std::string type = reader.text("model_type", "");
  const Family* family = find_family_of_model_type(type);
  if (family == nullptr)
    return unimplemented("config.json: model type \"" + type + "\" cannot be trained; " +
                         modelfile::list_of_trainable() + " and mistral can");
  ModelConfig config;
  config.architecture = family->architecture;
  FW_TRY(read_sizes(reader, config));
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const Json* rope = reader.object(key);
    if (rope == nullptr) continue;
    FW_TRY(read_rope(*rope, config));
    break;
  }
  if (family->from_config != nullptr) FW_TRY(family->from_config(reader, config));
  FW_TRY(reader.status());
  FW_TRY(check_rotation(*family, config));
  FW_TRY(check(config));
  return config;
}

}  // namespace fw::trainer
