#include "trainer/convert/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "io/file.h"
#include "modelfile/gguf.h"
#include "trainer/convert/encoder.h"
#include "trainer/convert/model_keys.h"
#include "trainer/convert/pooling.h"
#include "trainer/convert/vocabulary.h"
#include "trainer/families/family.h"
#include "trainer/lora/file_pairs.h"
#include "trainer/model/kernels.h"
#include "trainer/weights/gguf_names.h"
#include "trainer/weights/hf_files.h"
#include "trainer/weights/weight_source.h"

namespace fw::trainer {
namespace {

namespace fs = std::filesystem;
using modelfile::ElementType;
using modelfile::GgufValue;

// Numbers of ggml's types, and of llama.cpp's for a file of which most is of one.
constexpr std::uint32_t kF32 = 0, kF16 = 1, kBF16 = 30;
constexpr std::uint32_t kMostlyF16 = 1, kMostlyBF16 = 32;

// One tensor of the file to be, and where its bytes come from.
struct Source {
  const modelfile::SafetensorsFile* file = nullptr;  ///< null: `values`
  const modelfile::TensorEntry* entry = nullptr;
  std::int64_t paired_heads = 0;
  float offset = 0;  ///< added to its values
  std::vector<float> values;
};

// What a model's tensors are called, without number, and their shapes by config.json.
std::map<std::string, std::vector<std::int64_t>> shapes_in_layers(const ModelConfig& c) {
  std::map<std::string, std::vector<std::int64_t>> out;
  for (const auto& module : file_modules(c)) {
    std::int64_t rows = 0;
    for (const auto part : module.parts) rows += shape_of(c, part)[0];
    out[std::string(module.name) + ".weight"] = {rows, shape_of(c, module.parts.front())[1]};
    out[std::string(module.name) + ".bias"] = {rows};
  }
  for (const char* norm :
       {"input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"})
    out[std::string(norm) + ".weight"] = {c.hidden};
  out["self_attn.q_norm.weight"] = out["self_attn.k_norm.weight"] = {c.head_dim};
  return out;
}

// Without `model.layers.7.`; the whole name for what is in no layer.
std::string without_layer(const std::string& name) {
  constexpr std::string_view kPrefix = "model.layers.";
  if (!name.starts_with(kPrefix)) return name;
  const auto dot = name.find('.', kPrefix.size());
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

// What the engine computes for itself, and the parts of a model of texts and pictures that see.
bool is_left_out(const std::string& name, const ModelConfig& c) {
  return name.ends_with("rotary_emb.inv_freq") || name.find("vision_tower.") != std::string::npos ||
         name.find("multi_modal_projector.") != std::string::npos || (c.tied && name == "lm_head.weight");
}

// The rotary divisors beyond a model's original context, which training never sees: the engine wants them with the
// others.
std::vector<float> long_divisors(const fs::path& folder) {
  std::vector<float> out;
  const auto text = io::read_file(folder / "config.json", 1 << 20);
  const auto config = text.ok() ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const auto rope = config.is_object() ? config.find(key) : config.end();
    if (!config.is_object() || rope == config.end() || !rope->is_object() || !rope->contains("long_factor")) continue;
    for (const auto& value : rope->at("long_factor"))
      if (value.is_number()) out.push_back(value.get<float>());
    break;
  }
  return out;
}

class Conversion {
 public:
  Conversion(ModelConfig config, std::vector<modelfile::SafetensorsFile> files)
      : config_(std::move(config)), family_(family_of(config_)), files_(std::move(files)) {}

  [[nodiscard]] modelfile::GgufHeader& header() { return header_; }

  // Every tensor of the folder gets its place, or is refused by name.
  Status place(const std::vector<float>& long_divisors) {
    auto expected = shapes_in_layers(config_);
    expected["model.embed_tokens.weight"] = expected["lm_head.weight"] = {config_.vocab, config_.hidden};
    expected["model.norm.weight"] = {config_.hidden};
    for (const auto& file : files_)
      for (const auto& entry : file.header().tensors) {
        const std::string name = entry.name.starts_with("language_model.") ? entry.name.substr(15) : entry.name;
        if (is_left_out(name, config_)) continue;
        const auto theirs = gguf_name(name, config_.post_norms);
        const auto shape = expected.find(without_layer(name));
        if (!theirs || shape == expected.end())
          return unimplemented("tensor " + entry.name + " has no place in a model of architecture " +
                               config_.architecture +
                               "; quantised folders are not read, and adapters are merged first");
        if (entry.shape != shape->second)
          return data_loss("tensor " + entry.name + " has another shape than config.json says");
        FW_TRY(add(*theirs, name, file, entry));
      }
    add_frequencies();
    if (!config_.rope.divisors.empty() && long_divisors.size() == config_.rope.divisors.size())
      add_values("rope_factors_long.weight", long_divisors);
    return check_whole();
  }

  Status write(const fs::path& out, const OnConverted& on_converted) {
    std::uint64_t all = 0, done = 0;
    for (const auto& source : sources_) all += source.entry == nullptr ? 0 : source.entry->end - source.entry->begin;
    std::size_t next = 0;
    return modelfile::write_gguf(
        fs::absolute(out), header_, [&](const modelfile::GgufTensor&, const auto& sink) -> Status {
          const Source& source = sources_[next++];
          FW_TRY(copy(source, sink));
          if (source.entry != nullptr) done += source.entry->end - source.entry->begin;
          return !on_converted || on_converted(done, all) ? Status() : Status(cancelled("the conversion was stopped"));
        });
  }

 private:
  Status add(const std::string& theirs, const std::string& name, const modelfile::SafetensorsFile& file,
             const modelfile::TensorEntry& entry) {
    Source source{.file = &file, .entry = &entry};
    std::uint32_t type = kF32;
    if (entry.shape.size() > 1) {
      switch (entry.type) {
        case ElementType::kF32: break;
        case ElementType::kF16: type = kF16; break;
        case ElementType::kBF16: type = kBF16; break;
        default:
          return unimplemented("tensor " + entry.name + " is of type " + std::string(to_string(entry.type)) +
                               "; F32, F16 and BF16 are read");
      }
    }
    if (family_.rows_in_pairs && name.find(".q_proj.") != std::string::npos) source.paired_heads = config_.heads;
    if (family_.rows_in_pairs && name.find(".k_proj.") != std::string::npos) source.paired_heads = config_.kv_heads;
    if (name.ends_with("norm.weight")) source.offset = family_.norm_offset;
    header_.tensors.push_back({theirs, type, {entry.shape.rbegin(), entry.shape.rend()}});
    sources_.push_back(std::move(source));
    return {};
  }

  void add_values(const char* name, std::vector<float> values) {
    header_.tensors.push_back({name, kF32, {values.size()}});
    sources_.push_back({.values = std::move(values)});
  }

  // Frequencies that GGUF keeps as divisors of the default ones.
  void add_frequencies() {
    if (!config_.rope.divisors.empty()) return add_values("rope_factors_short.weight", config_.rope.divisors);
    if (config_.rope.kind != RopeKind::kLlama3) return;
    std::vector<float> divisors;
    const auto scaled = rope_frequencies(config_).inverse;
    for (std::size_t i = 0; i < scaled.size(); ++i)
      divisors.push_back(static_cast<float>(
          std::pow(config_.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(config_.rotary_size())) /
          scaled[i]));
    add_values("rope_freqs.weight", std::move(divisors));
  }

  [[nodiscard]] Status check_whole() const {
    std::set<std::string> there;
    for (const auto& tensor : header_.tensors) there.insert(tensor.name);
    const auto required = [&](const std::string& name) -> Status {
      const auto theirs = gguf_name(name, config_.post_norms).value_or(name);
      if (there.contains(theirs)) return {};
      return data_loss("the folder lacks tensor " + name);
    };
    FW_TRY(required("model.embed_tokens.weight"));
    FW_TRY(required("model.norm.weight"));
    if (!config_.tied) FW_TRY(required("lm_head.weight"));
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
      const std::string stem = "model.layers." + std::to_string(layer) + ".";
      for (const auto& module : file_modules(config_)) FW_TRY(required(stem + std::string(module.name) + ".weight"));
      for (const char* norm : {"input_layernorm", "post_attention_layernorm"})
        FW_TRY(required(stem + norm + ".weight"));
    }
    return {};
  }

  Status copy(const Source& source, const std::function<Status(std::string_view)>& sink) {
    if (source.entry == nullptr)
      return sink({reinterpret_cast<const char*>(source.values.data()), source.values.size() * sizeof(float)});
    const auto& entry = *source.entry;
    std::vector<float> values(static_cast<std::size_t>(entry.elements()));
    FW_TRY(source.file->read_floats(entry, values));
    if (!kernels::all_finite(values.data(), entry.elements()))
      return data_loss("tensor " + entry.name + " holds values that are no numbers; the file is damaged");
    if (entry.shape.size() > 1) return sink(rows_of(source));
    for (float& value : values) value += source.offset;
    if (source.paired_heads > 0) {
      const auto halves = values;
      rows_to_pairs(halves, source.paired_heads, 1, values);
    }
    return sink({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }

  // A matrix's bytes, rows of its heads in pairs where the file keeps them so.
  std::string_view rows_of(const Source& source) {
    const auto bytes = source.file->bytes(*source.entry);
    if (source.paired_heads == 0) return bytes;
    const auto rows = static_cast<std::size_t>(source.entry->shape[0]);
    const auto heads = static_cast<std::size_t>(source.paired_heads);
    const std::size_t half = rows / heads / 2, width = bytes.size() / rows;
    paired_.resize(bytes.size());
    for (std::size_t head = 0; head < heads; ++head)
      for (std::size_t i = 0; i < half; ++i)
        for (std::size_t part = 0; part < 2; ++part)
          std::memcpy(paired_.data() + (head * 2 * half + 2 * i + part) * width,
                      bytes.data() + (head * 2 * half + part * half + i) * width, width);
    return paired_;
  }

  ModelConfig config_;
  const Family& family_;
  std::vector<modelfile::SafetensorsFile> files_;
  modelfile::GgufHeader header_;
  std::vector<Source> sources_;
  std::string paired_;
};

// The type of most of the matrices, as llama.cpp numbers files.
std::uint32_t file_type_of(const modelfile::GgufHeader& header) {
  for (const auto& tensor : header.tensors)
    if (tensor.shape.size() > 1) return tensor.type == kF16 ? kMostlyF16 : tensor.type == kBF16 ? kMostlyBF16 : 0;
  return 0;
}

Status write_keys(const fs::path& folder, const ModelConfig& config, modelfile::GgufHeader& header) {
  header.set("general.architecture", GgufValue::string(config.architecture));
  header.set("general.type", GgufValue::string("model"));
  header.set("general.name", GgufValue::string(fs::absolute(folder).lexically_normal().filename().string()));
  FW_TRY(write_model_keys(config, header));
  FW_ASSIGN(const auto pooling, read_pooling(folder));
  if (pooling) header.set(config.architecture + ".pooling_type", GgufValue::u32(*pooling));
  FW_ASSIGN(auto vocabulary, read_vocabulary(folder, config.vocab));
  // Gemma's text begins without a space though its SentencePiece model has none to say so.
  if (vocabulary.model == "llama" && config.architecture.starts_with("gemma")) vocabulary.add_space_prefix = false;
  write_vocabulary(vocabulary, header);
  return {};
}

}  // namespace

Status check_convertible(const fs::path& folder) {
  if (is_encoder_folder(folder)) return check_encoder(folder);
  FW_ASSIGN(const auto config, read_hugging_face_config(folder));
  modelfile::GgufHeader header;
  return write_keys(folder, config, header);
}

Status convert_to_gguf(const fs::path& folder, const fs::path& out, const OnConverted& on_converted) {
  if (is_encoder_folder(folder)) return convert_encoder(folder, out, on_converted);
  FW_ASSIGN(auto config, read_hugging_face_config(folder));
  FW_ASSIGN(auto files, open_safetensors_of(folder));
  Conversion conversion(config, std::move(files));
  FW_TRY(conversion.place(long_divisors(folder)));
  FW_TRY(write_keys(folder, config, conversion.header()));
  conversion.header().set("general.file_type", GgufValue::u32(file_type_of(conversion.header())));
  return conversion.write(out, on_converted);
}

}  // namespace fw::trainer
