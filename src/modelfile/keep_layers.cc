#include "modelfile/keep_layers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "modelfile/gguf_model.h"
#include "modelfile/impl/gguf_layout.h"

namespace fw::modelfile {
namespace {

constexpr std::string_view kKeptKey = "flywheel.kept_layers";
constexpr std::string_view kLayerPrefix = "blk.";

// Architectures all of whose decoder layers have the same kind, whatever their index.
constexpr std::array<std::string_view, 11> kUniform{"llama",    "qwen2",      "qwen3", "qwen2moe",
                                                    "qwen3moe", "granite",    "gemma", "internlm2",
                                                    "stablelm", "starcoder2", "phi3"};
// Keys (after the architecture's name) that tie a layer's kind to its index, unless they are 0.
constexpr std::array<std::string_view, 6> kPositional{"leading_dense_block_count",        "nextn_predict_layers",
                                                      "attention.sliding_window_pattern", "interleave_moe_layer_step",
                                                      "full_attention_interval",          "no_rope_layer_interval"};
// Arrays whose length is not the number of layers, even where it happens to be equal.
constexpr std::array<std::string_view, 1> kNotPerLayer{"rope.dimension_sections"};

struct LayerName {
  std::uint64_t index = 0;
  std::string_view rest;  ///< `.attn_q.weight`
};

std::optional<LayerName> layer_of(std::string_view tensor) {
  if (!tensor.starts_with(kLayerPrefix)) return std::nullopt;
  tensor.remove_prefix(kLayerPrefix.size());
  LayerName name;
  const auto [end, error] = std::from_chars(tensor.data(), tensor.data() + tensor.size(), name.index);
  name.rest = tensor.substr(static_cast<std::size_t>(end - tensor.data()));
  if (error != std::errc{} || !name.rest.starts_with('.')) return std::nullopt;
  return name;
}

Status check_architecture(const GgufHeader& header, const std::string& architecture) {
  if (std::ranges::find(kUniform, architecture) == kUniform.end()) {
    std::string known;
    for (const std::string_view name : kUniform) known += (known.empty() ? "" : ", ") + std::string(name);
    return unimplemented("layers cannot be left out of architecture " + shown(architecture) +
                         ", only where all layers are alike: " + known);
  }
  for (const std::string_view name : kPositional) {
    const std::string key = architecture + "." + std::string(name);
    const GgufValue* value = header.find(key);
    if (value != nullptr && value->as_uint() != 0U) {
      return unimplemented("layers cannot be left out: " + key + " says that layers are not all alike");
    }
  }
  return {};
}

Status check_layers(const std::vector<int>& layers, std::uint64_t count) {
  const std::string range = "0 to " + std::to_string(count - 1);
  if (layers.empty()) return invalid_argument("keep_layers is empty; name layers from " + range);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i] < 0 || static_cast<std::uint64_t>(layers[i]) >= count) {
      return invalid_argument("keep_layers names layer " + std::to_string(layers[i]) + "; the model has " + range);
    }
    if (i > 0 && layers[i] <= layers[i - 1]) {
      return invalid_argument("keep_layers is not ascending at " + std::to_string(layers[i]) +
                              "; layers keep their order and occur once");
    }
  }
  return {};
}

// Per-layer arrays (head counts, feed-forward lengths) keep the elements of the layers that stay.
void reduce_metadata(GgufHeader& header, const std::string& architecture, std::uint64_t count,
                     const std::vector<std::uint64_t>& kept) {
  const std::string prefix = architecture + ".";
  for (GgufEntry& entry : header.metadata) {
    if (!entry.key.starts_with(prefix) || entry.value.type != GgufType::kArray || entry.value.count != count) continue;
    const std::string_view name = std::string_view(entry.key).substr(prefix.size());
    if (std::ranges::find(kNotPerLayer, name) != kNotPerLayer.end()) continue;
    if (auto reduced = entry.value.select(kept)) entry.value = *std::move(reduced);
  }
  header.set(prefix + "block_count", GgufValue::u32(static_cast<std::uint32_t>(kept.size())));
  std::vector<std::uint32_t> original(kept.begin(), kept.end());
  const GgufValue* earlier = header.find(kKeptKey);
  if (const auto before = earlier != nullptr ? earlier->as_uints() : std::nullopt; before && before->size() == count) {
    std::ranges::transform(kept, original.begin(),
                           [&](auto index) { return static_cast<std::uint32_t>((*before)[index]); });
  }
  header.set(kKeptKey, GgufValue::u32s(original));
}

Status reduce_tensors(const GgufHeader& header, std::uint64_t count, const std::vector<std::uint64_t>& kept,
                      ReducedHeader& out) {
  std::map<std::uint64_t, std::uint64_t> new_index;
  for (std::size_t i = 0; i < kept.size(); ++i) new_index[kept[i]] = i;
  std::vector<bool> present(kept.size());
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    GgufTensor tensor = header.tensors[i];
    if (const auto layer = layer_of(tensor.name)) {
      if (layer->index >= count) {
        return data_loss("tensor " + shown(tensor.name) + " belongs to no layer: there are " + std::to_string(count));
      }
      const auto it = new_index.find(layer->index);
      if (it == new_index.end()) continue;
      present[it->second] = true;
      tensor.name = std::string(kLayerPrefix) + std::to_string(it->second) + std::string(layer->rest);
    }
    out.header.tensors.push_back(std::move(tensor));
    out.source_of.push_back(i);
  }
  const auto missing = std::ranges::find(present, false);
  if (missing != present.end()) {
    const auto index = kept[static_cast<std::size_t>(missing - present.begin())];
    return data_loss("layer " + std::to_string(index) + " has no tensors (" + std::string(kLayerPrefix) +
                     std::to_string(index) + ".*)");
  }
  return {};
}

// `135M`, `1.2B`: as other tools write it.
std::string size_label(const GgufHeader& header) {
  double parameters = 0;
  for (const GgufTensor& tensor : header.tensors) parameters += static_cast<double>(tensor.elements());
  const bool billions = parameters >= 1e9;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), billions ? "%.1fB" : "%.0fM", parameters / (billions ? 1e9 : 1e6));
  return text.data();
}

}  // namespace

Result<ReducedHeader> reduce_header(const GgufHeader& header, const std::vector<int>& layers) {
  const GgufValue* name = header.find("general.architecture");
  const auto architecture = name != nullptr ? name->as_string() : std::nullopt;
  if (!architecture) return data_loss("the model names no architecture (general.architecture)");
  FW_TRY(check_architecture(header, std::string(*architecture)));
  const GgufValue* blocks = header.find(std::string(*architecture) + ".block_count");
  const std::uint64_t count = blocks != nullptr ? blocks->as_uint().value_or(0) : 0;
  if (count == 0) return data_loss("the model names no layers (" + std::string(*architecture) + ".block_count)");
  FW_TRY(check_layers(layers, count));

  const std::vector<std::uint64_t> kept(layers.begin(), layers.end());
  ReducedHeader out{.header = {.alignment = header.alignment, .metadata = header.metadata}};
  reduce_metadata(out.header, std::string(*architecture), count, kept);
  FW_TRY(reduce_tensors(header, count, kept, out));
  if (header.find("general.size_label") != nullptr) {
    out.header.set("general.size_label", GgufValue::string(size_label(out.header)));
  }
  return out;
}

Status keep_layers(const std::filesystem::path& in, const std::filesystem::path& out, const std::vector<int>& layers) {
  std::error_code ignored;
  FW_ASSIGN(const GgufModel model, read_gguf_model(in));
  for (const std::filesystem::path& file : model.files) {
    if (std::filesystem::equivalent(file, out, ignored))
      return invalid_argument("cannot write " + out.string() + " over the model it is made from; name another file");
  }
  auto reduced = reduce_header(model.header, layers);
  if (!reduced.ok()) return std::move(reduced).error().within(in.string());
  FW_ASSIGN(const auto files, GgufModelFiles::open(model));
  std::size_t next = 0;
  return write_gguf(out, reduced->header, [&](const GgufTensor&, const auto& sink) -> Status {
    return files.copy(reduced->source_of[next++], sink);
  });
}

}  // namespace fw::modelfile
