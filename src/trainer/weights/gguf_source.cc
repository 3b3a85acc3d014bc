#include <algorithm>
#include <cstring>

#include "modelfile/trainable.h"
#include "trainer/families/family.h"
#include "trainer/weights/gguf_names.h"
#include "trainer/weights/gguf_reader.h"
#include "trainer/weights/weight_source.h"

namespace fw::trainer {
namespace {

class GgufSource final : public WeightSource {
 public:
  GgufSource(GgufReader reader, ModelConfig config)
      : reader_(std::move(reader)), config_(std::move(config)), family_(family_of(config_)) {}

  [[nodiscard]] const ModelConfig& config() const override { return config_; }
  [[nodiscard]] bool has(const std::string& name) const override { return place_of(name).has_value(); }
  [[nodiscard]] Status read(const std::string& name, std::span<const std::int64_t> shape,
                            std::span<float> out) override;

 private:
  // A tensor of the file and the rows of it that are meant.
  struct Place {
    GgufReader::Tensor tensor;
    std::string name;
    std::int64_t first = 0;
    std::optional<std::int64_t> rows;  ///< that the tensor must have; absent: those that are asked for
  };
  [[nodiscard]] std::optional<Place> place_of(const std::string& name) const {
    const auto joined = family_.joined ? joined_rows(name, config_) : std::nullopt;
    const auto theirs = gguf_name(joined ? joined->name : name, config_.post_norms);
    const auto tensor = theirs ? reader_.find(*theirs) : std::nullopt;
    if (!tensor) return std::nullopt;
    if (joined) return Place{*tensor, *theirs, joined->first, joined->all};
    return Place{*tensor, *theirs, 0, std::nullopt};
  }
  [[nodiscard]] std::int64_t paired_heads(const std::string& name) const {
    if (!family_.rows_in_pairs) return 0;
    if (name.find(".q_proj.") != std::string::npos) return config_.heads;
    return name.find(".k_proj.") != std::string::npos ? config_.kv_heads : 0;
  }

  GgufReader reader_;
  ModelConfig config_;
  const Family& family_;
  std::vector<float> buffer_;
};

Status GgufSource::read(const std::string& name, std::span<const std::int64_t> shape, std::span<float> out) {
  const auto place = place_of(name);
  if (!place) return data_loss("the file lacks tensor " + gguf_name(name, config_.post_norms).value_or(name));
  std::vector<std::int64_t> expected(shape.begin(), shape.end());
  if (place->rows) expected[0] = *place->rows;
  if (place->tensor.shape != expected)
    return data_loss("tensor " + place->name + " has another shape than the file's header says");
  FW_TRY(reader_.dequantize(place->tensor, buffer_));
  const std::int64_t width = shape.size() > 1 ? shape[1] : 1;
  const auto rows = std::span(buffer_).subspan(static_cast<std::size_t>(place->first * width), out.size());
  if (const auto heads = paired_heads(name); heads > 0) {
    rows_to_halves(rows, heads, width, out);
  } else {
    std::memcpy(out.data(), rows.data(), out.size_bytes());
  }
  return {};
}

// As llama.cpp reads these keys (llama-model.cpp, llama-context.cpp): scaling is linear where no type is named, the
// factor has an older name, attn_factor multiplies what the type gives, and yarn's betas are its defaults.
Status read_rope(const GgufReader& reader, const std::string& prefix, ModelConfig& config) {
  auto& rope = config.rope;
  config.rope_theta = reader.number(prefix + "rope.freq_base").value_or(10000);
  const auto type = reader.text(prefix + "rope.scaling.type").value_or("linear");
  const auto older = reader.number(prefix + "rope.scale_linear").value_or(0);
  const double factor = reader.number(prefix + "rope.scaling.factor").value_or(older);
  rope.factor = factor == 0 ? 1 : factor;
  rope.original_context =
      reader.number(prefix + "rope.scaling.original_context_length").value_or(static_cast<double>(config.context));
  rope.extra_attention_factor = reader.number(prefix + "rope.scaling.attn_factor").value_or(1);
  if (type == "yarn") {
    rope.kind = RopeKind::kYarn;
  } else if (type == "linear") {
    rope.kind = rope.factor == 1 ? RopeKind::kDefault : RopeKind::kLinear;
  } else if (type != "none") {
    return unimplemented("rope scaling " + type + " is not supported; linear and yarn are");
  }
  for (const char* key :
       {"rope.scaling.yarn_ext_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_beta_fast",
        "rope.scaling.yarn_beta_slow", "rope.scaling.yarn_log_multiplier", "rope.scaling.alpha"})
    if (reader.has(prefix + key))
      return unimplemented("the file sets " + prefix + key + ", which the engine does not apply to " +
                           config.architecture + " models: what is served is not what the file describes");
  config.rotated = reader.integer(prefix + "rope.dimension_count").value_or(0);
  const auto values = reader.integer(prefix + "attention.value_length").value_or(config.head_dim);
  if (values != config.head_dim)
    return unimplemented("the model's values have " + std::to_string(values) + " elements a head and its keys " +
                         std::to_string(config.head_dim) + "; only equal sizes are supported");
  if (const auto divisors = reader.find("rope_freqs.weight")) FW_TRY(reader.dequantize(*divisors, rope.divisors));
  return {};
}

Result<ModelConfig> read_config(const GgufReader& reader) {
  ModelConfig config;
  config.architecture = reader.text("general.architecture").value_or("");
  const Family* family = find_family(config.architecture);
  if (family == nullptr)
    return unimplemented("architecture \"" + config.architecture + "\" cannot be trained; " +
                         modelfile::list_of_trainable() + " can");
  if (const auto kind = reader.text("general.type"); kind && *kind != "model")
    return invalid_argument("the file holds an " + *kind + ", not a model");
  const std::string prefix = config.architecture + ".";
  const auto integer = [&](const char* key, std::int64_t otherwise) {
    return reader.integer(prefix + key).value_or(otherwise);
  };
  if (integer("expert_count", 0) > 0) return unimplemented("mixtures of experts cannot be trained");
  config.hidden = integer("embedding_length", 0);
  config.feed_forward = integer("feed_forward_length", 0);
  config.layers = integer("block_count", 0);
  config.heads = integer("attention.head_count", 0);
  config.kv_heads = integer("attention.head_count_kv", config.heads);
  config.head_dim = integer("attention.key_length", config.heads > 0 ? config.hidden / config.heads : 0);
  config.context = integer("context_length", 2048);
  config.sliding_window = integer("attention.sliding_window", 0);
  config.norm_eps = reader.number(prefix + "attention.layer_norm_rms_epsilon").value_or(1e-5);
  const auto embedding = reader.find("token_embd.weight");
  if (!embedding || embedding->shape.size() != 2) return data_loss("the file lacks tensor token_embd.weight");
  config.vocab = embedding->shape[0];
  config.tied = !reader.find("output.weight").has_value();
  FW_TRY(read_rope(reader, prefix, config));
  if (family->from_gguf != nullptr) FW_TRY(family->from_gguf(reader, prefix, config));
  FW_TRY(check_rotation(*family, config));
  FW_TRY(check(config));
  return config;
}

}  // namespace

Result<std::unique_ptr<WeightSource>> open_gguf(const std::filesystem::path& file) {
  FW_ASSIGN(auto reader, GgufReader::open(file));
  auto config = read_config(reader);
  if (!config.ok()) return config.error().within(file.string());
  return std::unique_ptr<WeightSource>(new GgufSource(std::move(reader), std::move(config).value()));
}

}  // namespace fw::trainer
