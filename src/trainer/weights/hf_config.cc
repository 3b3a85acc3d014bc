#include <algorithm>
#include <nlohmann/json.hpp>

#include "trainer/weights/weight_source.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::json;

// What Hugging Face's configurations of Qwen mean when they name no max_window_layers.
constexpr std::int64_t kQwenWholeLayers = 28;

// Reads members of one JSON object; the first wrong type is remembered and everything after it yields defaults.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  std::int64_t integer(const char* key, std::int64_t otherwise) {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (value->is_number_integer() && !(value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX))
      return value->get<std::int64_t>();
    return wrong(key, "a whole number"), otherwise;
  }
  double number(const char* key, double otherwise) {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (value->is_number()) return value->get<double>();
    return wrong(key, "a number"), otherwise;
  }
  bool boolean(const char* key, bool otherwise) {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (value->is_boolean()) return value->get<bool>();
    return wrong(key, "true or false"), otherwise;
  }
  std::string text(const char* key, std::string otherwise) {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (value->is_string()) return value->get<std::string>();
    return wrong(key, "a string"), otherwise;
  }
  const Json* object(const char* key) {
    const Json* value = find(key);
    if (value != nullptr && !value->is_object()) return wrong(key, "an object"), nullptr;
    return value;
  }
  [[nodiscard]] Status status() const { return error_.empty() ? Status() : Status(data_loss(error_)); }

 private:
  const Json* find(const char* key) const {
    const auto it = object_.find(key);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  void wrong(const char* key, const char* expected) {
    if (error_.empty()) error_ = std::string("config.json: ") + key + " is not " + expected;
  }

  const Json& object_;
  std::string error_;
};

Error partial_rotation() {
  return unimplemented(
      "config.json: partial_rotary_factor other than 1 is not supported; only whole heads are rotated");
}

Status read_rope(const Json& json, ModelConfig& config) {
  Reader reader(json);
  config.rope_theta = reader.number("rope_theta", config.rope_theta);
  const std::string type = reader.text("rope_type", reader.text("type", "default"));
  if (reader.number("partial_rotary_factor", 1) != 1) return partial_rotation();
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
  if (type == "default") {
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

Status read_window(const Json& json, Reader& reader, ModelConfig& config) {
  if (config.architecture != "mistral" && !reader.boolean("use_sliding_window", false)) return {};
  config.sliding_window = reader.integer("sliding_window", 0);
  if (config.sliding_window <= 0) return {};
  std::int64_t whole = 0;  // layers that see everything
  if (const auto types = json.find("layer_types"); types != json.end() && types->is_array()) {
    whole = std::count(types->begin(), types->end(), Json("full_attention"));
  } else if (config.architecture.starts_with("qwen")) {
    whole = reader.integer("max_window_layers", kQwenWholeLayers);
  }
  if (whole >= config.layers) config.sliding_window = 0;
  if (whole > 0 && whole < config.layers)
    return unimplemented("config.json: " + std::to_string(whole) + " of " + std::to_string(config.layers) +
                         " layers have no sliding window; layers with and without one are not supported in one model");
  return {};
}

}  // namespace

Result<ModelConfig> parse_hugging_face_config(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return data_loss("config.json is no JSON object");
  Reader reader(json);
  ModelConfig config;
  config.architecture = reader.text("model_type", "");
  if (config.architecture != "llama" && config.architecture != "mistral" && config.architecture != "qwen2" &&
      config.architecture != "qwen3")
    return unimplemented("config.json: model type \"" + config.architecture +
                         "\" cannot be trained; llama, mistral, qwen2 and qwen3 can");
  if (const auto activation = reader.text("hidden_act", "silu"); activation != "silu")
    return unimplemented("config.json: activation " + activation + " is not supported; silu is");
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
  if (reader.number("partial_rotary_factor", 1) != 1) return partial_rotation();
  config.tied = reader.boolean("tie_word_embeddings", false);
  config.padding_token = reader.integer("pad_token_id", -1);
  if (config.padding_token < 0 || config.padding_token >= config.vocab) config.padding_token = -1;
  FW_TRY(read_window(json, reader, config));
  if (const Json* rope = reader.object("rope_parameters")) {
    FW_TRY(read_rope(*rope, config));
  } else if (const Json* scaling = reader.object("rope_scaling")) {
    FW_TRY(read_rope(*scaling, config));
  }
  FW_TRY(reader.status());
  FW_TRY(check(config));
  return config;
}

}  // namespace fw::trainer
