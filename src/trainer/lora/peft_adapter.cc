#include <ATen/ops/empty.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "io/file.h"
#include "modelfile/safetensors.h"
#include "trainer/lora/adapter_files.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPrefix = "base_model.model.model.layers.";
constexpr std::uint64_t kConfigLimit = 1 << 20;

std::string_view short_name(Projection projection) {
  const auto name = module_name(projection);
  return name.substr(name.find('.') + 1);
}

Json config_of(const Adapter& adapter, const std::string& base_model, double dropout) {
  std::set<std::string> targets;
  std::vector<int> layers;
  for (const auto& item : adapter.named()) {
    targets.emplace(short_name(item.projection));
    if (layers.empty() || layers.back() != item.layer) layers.push_back(item.layer);
  }
  Json json{{"peft_type", "LORA"},
            {"task_type", "CAUSAL_LM"},
            {"base_model_name_or_path", base_model},
            {"r", adapter.settings.rank},
            {"lora_alpha", adapter.settings.alpha},
            {"lora_dropout", dropout},
            {"use_rslora", adapter.settings.rank_stabilised},
            {"bias", "none"},
            {"fan_in_fan_out", false},
            {"inference_mode", true},
            {"init_lora_weights", true},
            {"target_modules", targets}};
  if (layers.size() != adapter.layers.size()) {
    json["layers_to_transform"] = layers;
    json["layers_pattern"] = "layers";
  }
  return json;
}

// What changes a model beyond the low-rank pairs of its linear layers, or them by layer. Left out of account, another
// model would be trained and served than the adapter makes.
Status check_supported(const nlohmann::json& json, SavedModules saved_modules) {
  const auto refused = [](const std::string& key, const std::string& what) {
    return unimplemented("adapter_config.json: " + key + " is set; " + what + " cannot be honoured here");
  };
  const auto is_set = [&](const char* key) {
    const auto it = json.find(key);
    return it != json.end() && !it->is_null() && *it != false && *it != nlohmann::json::object() &&
           *it != nlohmann::json::array();
  };
  if (is_set("use_dora")) return refused("use_dora", "DoRA's magnitudes");
  if (is_set("alpha_pattern")) return refused("alpha_pattern", "an alpha of its own for some layers");
  if (is_set("rank_pattern")) return refused("rank_pattern", "a rank of its own for some layers");
  if (is_set("lora_bias")) return refused("lora_bias", "a bias on the low-rank pairs");
  if (is_set("fan_in_fan_out")) return refused("fan_in_fan_out", "transposed weights");
  if (is_set("modules_to_save") && saved_modules == SavedModules::kRefused)
    return refused("modules_to_save", "whole matrices beside the low-rank pairs");
  if (is_set("trainable_token_indices")) return refused("trainable_token_indices", "rows of the embedding");
  if (json.value("bias", "none") != "none") return refused("bias", "trained biases");
  return {};
}

Result<AdapterSettings> parse_settings(const std::string& text, SavedModules saved_modules) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object() || json.value("peft_type", "") != "LORA")
    return data_loss("adapter_config.json is no LoRA configuration");
  FW_TRY(check_supported(json, saved_modules));
  AdapterSettings settings;
  settings.rank = json.value("r", 0);
  settings.alpha = json.value("lora_alpha", 0.0);
  settings.rank_stabilised = json.value("use_rslora", false);
  if (settings.rank < 1 || settings.rank > 4096) return data_loss("adapter_config.json: r is out of range");
  return settings;
}

// A tensor of the file that the adapter does not have.
std::string other_tensor(const modelfile::SafetensorsFile& file, const Adapter& adapter) {
  std::set<std::string> known;
  for (const auto& item : adapter.named()) known.insert(std::string(kPrefix) + item.name);
  for (const auto& tensor : file.header().tensors)
    if (!known.contains(tensor.name)) return "tensor " + tensor.name;
  return "other tensors";
}

Result<at::Tensor> read_matrix(const modelfile::SafetensorsFile& file, const modelfile::TensorEntry& entry,
                               std::array<std::int64_t, 2> shape) {
  if (!std::equal(entry.shape.begin(), entry.shape.end(), shape.begin(), shape.end()))
    return data_loss("adapter tensor " + entry.name + " has another shape than the model");
  auto tensor = at::empty({shape[0], shape[1]}, at::kFloat);
  FW_TRY(file.read_floats(entry, {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}));
  return tensor.requires_grad_(true);
}

}  // namespace

Status write_peft_adapter(const Adapter& adapter, const std::string& base_model, double dropout,
                          const std::filesystem::path& folder) {
  FW_TRY(io::create_folders(folder));
  const auto named = adapter.named();
  std::vector<modelfile::TensorToWrite> tensors;
  for (const auto& item : named) {
    const auto data = values(item.tensor);
    tensors.push_back({std::string(kPrefix) + item.name,
                       modelfile::ElementType::kF32,
                       {item.tensor.size(0), item.tensor.size(1)},
                       {reinterpret_cast<const char*>(data.data()), data.size_bytes()}});
  }
  FW_TRY(modelfile::write_safetensors(folder / "adapter_model.safetensors", tensors, {{"format", "pt"}}));
  return io::write_file_atomically(folder / "adapter_config.json",
                                   config_of(adapter, base_model, dropout).dump(2) + "\n");
}

Result<Adapter> read_peft_adapter(const ModelConfig& config, const std::filesystem::path& folder,
                                  SavedModules saved_modules) {
  FW_ASSIGN(const auto text, io::read_file(folder / "adapter_config.json", kConfigLimit));
  Adapter adapter;
  try {
    FW_ASSIGN(adapter.settings, parse_settings(text, saved_modules));
  } catch (const nlohmann::json::exception&) {
    return data_loss((folder / "adapter_config.json").string() + " holds a value of a wrong type");
  }
  FW_ASSIGN(const auto file, modelfile::SafetensorsFile::open(folder / "adapter_model.safetensors"));
  adapter.layers.resize(static_cast<std::size_t>(config.layers));
  std::size_t found = 0;
  for (int layer = 0; layer < config.layers; ++layer)
    for (const auto projection : kProjections) {
      const std::string stem =
          std::string(kPrefix) + std::to_string(layer) + "." + std::string(module_name(projection));
      const auto* a = file.find(stem + ".lora_A.weight");
      const auto* b = file.find(stem + ".lora_B.weight");
      if (a == nullptr && b == nullptr) continue;
      if (a == nullptr || b == nullptr) return data_loss("the adapter lacks one half of " + stem);
      const auto [out, in] = shape_of(config, projection);
      auto& pair = adapter.layers[static_cast<std::size_t>(layer)][static_cast<std::size_t>(projection)];
      FW_ASSIGN(pair.a, read_matrix(file, *a, {adapter.settings.rank, in}));
      FW_ASSIGN(pair.b, read_matrix(file, *b, {out, adapter.settings.rank}));
      ++found;
    }
  if (found == 0) return data_loss(folder.string() + " holds no LoRA tensor of this model");
  if (file.header().tensors.size() != 2 * found && saved_modules == SavedModules::kRefused)
    return data_loss(folder.string() + " holds " + other_tensor(file, adapter) +
                     ", which is no low-rank pair of a linear layer of this model");
  return adapter;
}

}  // namespace fw::trainer
