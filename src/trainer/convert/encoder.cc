#include "trainer/convert/encoder.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "io/file.h"
#include "modelfile/gguf.h"
#include "modelfile/safetensors.h"
#include "modelfile/trainable.h"
#include "trainer/convert/pooling.h"
#include "trainer/convert/wordpiece.h"
#include "trainer/model/kernels.h"
#include "trainer/weights/hf_files.h"

namespace fw::trainer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using modelfile::ElementType;
using modelfile::GgufValue;
using Shape = std::vector<std::int64_t>;

constexpr std::uint64_t kMostConfig = 16 << 20;
constexpr std::uint32_t kF32 = 0, kF16 = 1, kBF16 = 30;
constexpr std::uint32_t kMostlyF16 = 1, kMostlyBF16 = 32;
constexpr std::int64_t kMost = 1 << 20, kMostLayers = 1000;  // no real model has more

struct EncoderConfig {
  std::int64_t vocab = 0, hidden = 0, layers = 0, heads = 0, inner = 0, positions = 0, token_types = 0;
  double norm_epsilon = 1e-12;
};

Json read_config(const fs::path& folder) {
  const auto text = io::read_file(folder / "config.json", kMostConfig);
  return text.ok() ? Json::parse(*text, nullptr, false) : Json();
}

Error otherwise(const std::string& what) {
  return unimplemented("config.json: " + what + "; the engine would run another model");
}

Status read_counts(const Json& json, EncoderConfig& out) {
  const std::pair<const char*, std::int64_t*> counts[] = {
      {"vocab_size", &out.vocab},           {"hidden_size", &out.hidden},
      {"num_hidden_layers", &out.layers},   {"num_attention_heads", &out.heads},
      {"intermediate_size", &out.inner},    {"max_position_embeddings", &out.positions},
      {"type_vocab_size", &out.token_types}};
  for (const auto& [key, value] : counts) {
    const auto it = json.find(key);
    if (it == json.end() || !it->is_number_integer() || it->get<std::int64_t>() < 1 || it->get<std::int64_t>() > kMost)
      return data_loss("config.json: " + std::string(key) + " is no number above 0");
    *value = it->get<std::int64_t>();
  }
  if (out.layers > kMostLayers) return data_loss("config.json: num_hidden_layers is no number that a model has");
  if (out.hidden % out.heads != 0) return data_loss("config.json: hidden_size is no multiple of num_attention_heads");
  return {};
}

Result<EncoderConfig> encoder_config(const fs::path& folder) {
  const Json json = read_config(folder);
  if (!json.is_object()) return data_loss(folder.string() + ": config.json is no JSON object");
  EncoderConfig out;
  FW_TRY(read_counts(json, out));
  const auto text = [&](const char* key, const char* absent) {
    const auto it = json.find(key);
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string(absent);
  };
  if (const auto act = text("hidden_act", "gelu"); act != "gelu" && act != "gelu_new" && act != "gelu_pytorch_tanh")
    return otherwise("activation " + act + " is not that of a BERT (gelu)");
  if (const auto kind = text("position_embedding_type", "absolute"); kind != "absolute")
    return otherwise("positions are " + kind + ", not absolute");
  if (json.value("is_decoder", Json(false)) == true) return otherwise("is_decoder is set");
  if (json.contains("quantization_config")) return otherwise("its weights are quantised");
  if (const auto it = json.find("layer_norm_eps"); it != json.end() && it->is_number()) out.norm_epsilon = *it;
  return out;
}

struct Place {
  std::string name;  ///< GGUF's
  Shape shape;
};

/// What a layer's tensors are called, without `encoder.layer.7.`, and without `.weight` and `.bias`.
struct LayerPart {
  const char* theirs;
  const char* ours;
  std::int64_t rows = 0;
  std::int64_t columns = 0;  ///< 0: a norm
};

std::map<std::string, Place> places(const EncoderConfig& c) {
  std::map<std::string, Place> out;
  out["embeddings.word_embeddings.weight"] = {"token_embd.weight", {c.vocab, c.hidden}};
  out["embeddings.position_embeddings.weight"] = {"position_embd.weight", {c.positions, c.hidden}};
  out["embeddings.token_type_embeddings.weight"] = {"token_types.weight", {c.token_types, c.hidden}};
  for (const std::string end : {".weight", ".bias"})
    out["embeddings.LayerNorm" + end] = {"token_embd_norm" + end, {c.hidden}};
  const LayerPart parts[] = {{"attention.self.query", "attn_q", c.hidden, c.hidden},
                             {"attention.self.key", "attn_k", c.hidden, c.hidden},
                             {"attention.self.value", "attn_v", c.hidden, c.hidden},
                             {"attention.output.dense", "attn_output", c.hidden, c.hidden},
                             {"attention.output.LayerNorm", "attn_output_norm", c.hidden},
                             {"intermediate.dense", "ffn_up", c.inner, c.hidden},
                             {"output.dense", "ffn_down", c.hidden, c.inner},
                             {"output.LayerNorm", "layer_output_norm", c.hidden}};
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    const std::string number = std::to_string(layer);
    for (const auto& part : parts) {
      const std::string theirs = "encoder.layer." + number + "." + part.theirs;
      const std::string ours = "blk." + number + "." + part.ours;
      out[theirs + ".weight"] = {ours + ".weight",
                                 part.columns > 0 ? Shape{part.rows, part.columns} : Shape{part.rows}};
      out[theirs + ".bias"] = {ours + ".bias", {part.rows}};
    }
  }
  return out;
}

/// As newer files call it: without the model's name before it, norms with weight and bias.
std::string usual_name(std::string name) {
  if (name.starts_with("bert.")) name.erase(0, 5);
  if (name.ends_with(".gamma")) name.replace(name.size() - 6, 6, ".weight");
  if (name.ends_with(".beta")) name.replace(name.size() - 5, 5, ".bias");
  return name;
}

/// What serves training alone.
bool is_left_out(const std::string& name) {
  return name == "embeddings.position_ids" || name.starts_with("pooler.") || name.starts_with("cls.");
}

Result<std::uint32_t> type_of(const modelfile::TensorEntry& entry, const std::string& ours) {
  const bool is_read =
      entry.type == ElementType::kF32 || entry.type == ElementType::kF16 || entry.type == ElementType::kBF16;
  if (!is_read)
    return unimplemented("tensor " + entry.name + " is of type " + std::string(to_string(entry.type)) +
                         "; F32, F16 and BF16 are read");
  // The engine adds these to others, which it does in fp32.
  if (entry.shape.size() < 2 || ours == "position_embd.weight" || ours == "token_types.weight") return kF32;
  return entry.type == ElementType::kF16 ? kF16 : entry.type == ElementType::kBF16 ? kBF16 : kF32;
}

struct Source {
  const modelfile::SafetensorsFile* file = nullptr;
  const modelfile::TensorEntry* entry = nullptr;
};

Status copy(const Source& source, std::uint32_t type, const std::function<Status(std::string_view)>& sink) {
  std::vector<float> values(static_cast<std::size_t>(source.entry->elements()));
  FW_TRY(source.file->read_floats(*source.entry, values));
  if (!kernels::all_finite(values.data(), source.entry->elements()))
    return data_loss("tensor " + source.entry->name + " holds values that are no numbers; the file is damaged");
  if (type != kF32) return sink(source.file->bytes(*source.entry));
  return sink({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

Status place_tensors(const EncoderConfig& config, const std::vector<modelfile::SafetensorsFile>& files,
                     modelfile::GgufHeader& header, std::vector<Source>& sources) {
  auto missing = places(config);
  for (const auto& file : files)
    for (const auto& entry : file.header().tensors) {
      const std::string name = usual_name(entry.name);
      if (is_left_out(name)) continue;
      const auto place = missing.find(name);
      if (place == missing.end()) return unimplemented("tensor " + entry.name + " has no place in a BERT encoder");
      if (entry.shape != place->second.shape)
        return data_loss("tensor " + entry.name + " has another shape than config.json says");
      FW_ASSIGN(const auto type, type_of(entry, place->second.name));
      header.tensors.push_back({place->second.name, type, {entry.shape.rbegin(), entry.shape.rend()}});
      sources.push_back({&file, &entry});
      missing.erase(place);
    }
  if (!missing.empty()) return data_loss("the folder lacks tensor " + missing.begin()->first);
  return {};
}

Status write_keys(const fs::path& folder, const EncoderConfig& c, modelfile::GgufHeader& header) {
  const auto number = [&](const char* key, std::int64_t value) {
    header.set("bert." + std::string(key), GgufValue::u32(static_cast<std::uint32_t>(value)));
  };
  header.set("general.architecture", GgufValue::string("bert"));
  header.set("general.type", GgufValue::string("model"));
  header.set("general.name", GgufValue::string(fs::absolute(folder).lexically_normal().filename().string()));
  number("context_length", c.positions);
  number("embedding_length", c.hidden);
  number("block_count", c.layers);
  number("feed_forward_length", c.inner);
  number("attention.head_count", c.heads);
  header.set("bert.attention.layer_norm_epsilon", GgufValue::f32(static_cast<float>(c.norm_epsilon)));
  header.set("bert.attention.causal", GgufValue::boolean(false));
  FW_ASSIGN(const auto pooling, read_pooling(folder));
  if (pooling) number("pooling_type", *pooling);
  header.set("tokenizer.ggml.token_type_count", GgufValue::u32(static_cast<std::uint32_t>(c.token_types)));
  return write_wordpiece(folder, c.vocab, header);
}

std::uint32_t file_type_of(const modelfile::GgufHeader& header) {
  const auto* embedding = header.find_tensor("token_embd.weight");
  const auto type = embedding == nullptr ? kF32 : embedding->type;
  return type == kF16 ? kMostlyF16 : type == kBF16 ? kMostlyBF16 : 0;
}

}  // namespace

bool is_encoder_folder(const fs::path& folder) {
  const Json config = read_config(folder);
  const auto type = config.is_object() ? config.find("model_type") : config.end();
  return config.is_object() && type != config.end() && type->is_string() &&
         modelfile::is_converted_encoder(type->get<std::string>());
}

Status check_encoder(const fs::path& folder) {
  FW_ASSIGN(const auto config, encoder_config(folder));
  modelfile::GgufHeader header;
  return write_keys(folder, config, header);
}

Status convert_encoder(const fs::path& folder, const fs::path& out, const OnConverted& on_converted) {
  FW_ASSIGN(const auto config, encoder_config(folder));
  FW_ASSIGN(const auto files, open_safetensors_of(folder));
  modelfile::GgufHeader header;
  std::vector<Source> sources;
  FW_TRY(place_tensors(config, files, header, sources));
  FW_TRY(write_keys(folder, config, header));
  header.set("general.file_type", GgufValue::u32(file_type_of(header)));
  std::uint64_t all = 0, done = 0;
  for (const auto& source : sources) all += source.entry->end - source.entry->begin;
  std::size_t next = 0;
  return modelfile::write_gguf(
      fs::absolute(out), header, [&](const modelfile::GgufTensor& tensor, const auto& sink) -> Status {
        const Source& source = sources[next++];
        FW_TRY(copy(source, tensor.type, sink));
        done += source.entry->end - source.entry->begin;
        return !on_converted || on_converted(done, all) ? Status() : Status(cancelled("the conversion was stopped"));
      });
}

}  // namespace fw::trainer
