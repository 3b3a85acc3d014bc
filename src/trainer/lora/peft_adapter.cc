#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "io/file.h"
#include "modelfile/safetensors.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/lora/file_pairs.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPrefix = "base_model.model.model.layers.";
constexpr std::uint64_t kConfigLimit = 1 << 20;

std::string_view short_name(std::string_view module) { return module.substr(module.find('.') + 1); }

double scale_of(double alpha, double rank, bool rank_stabilised) {
  return alpha / (rank_stabilised ? std::sqrt(rank) : rank);
}

Json config_of(const Adapter& adapter, const std::vector<FilePair>& pairs, const std::string& base_model,
               double dropout) {
  const auto& settings = adapter.settings;
  std::set<std::string> targets;
  std::vector<int> layers;
  Json ranks = Json::object(), alphas = Json::object();
  for (const auto& pair : pairs) {
    const std::string name(short_name(pair.module));
    targets.insert(name);
    if (layers.empty() || layers.back() != pair.layer) layers.push_back(pair.layer);
    if (pair.rank() == settings.rank) continue;
    // A joined matrix has a larger rank and, so that it is scaled as its parts are, a larger alpha.
    const auto rank = static_cast<double>(pair.rank());
    ranks[name] = pair.rank();
    alphas[name] = settings.scale() * (settings.rank_stabilised ? std::sqrt(rank) : rank);
  }
  Json json{{"peft_type", "LORA"},
            {"task_type", "CAUSAL_LM"},
            {"base_model_name_or_path", base_model},
            {"r", settings.rank},
            {"lora_alpha", settings.alpha},
            {"lora_dropout", dropout},
            {"use_rslora", settings.rank_stabilised},
            {"bias", "none"},
            {"fan_in_fan_out", false},
            {"inference_mode", true},
            {"init_lora_weights", true},
            {"target_modules", targets}};
  if (!ranks.empty()) {
    json["rank_pattern"] = ranks;
    json["alpha_pattern"] = alphas;
  }
  if (layers.size() != adapter.layers.size()) {
    json["layers_to_transform"] = layers;
    json["layers_pattern"] = "layers";
  }
  return json;
}

// Whether patterns of rank and alpha only say what joined matrices are: that each is scaled as all others.
bool is_scaled_alike(const nlohmann::json& json) {
  const auto ranks = json.find("rank_pattern"), alphas = json.find("alpha_pattern");
  if (ranks == json.end() || alphas == json.end() || !ranks->is_object() || !alphas->is_object() ||
      ranks->size() != alphas->size())
    return false;
  const bool stabilised = json.value("use_rslora", false);
  const double scale = scale_of(json.value("lora_alpha", 0.0), json.value("r", 1), stabilised);
  for (const auto& [name, rank] : ranks->items()) {
    const auto alpha = alphas->find(name);
    if (alpha == alphas->end() || !alpha->is_number() || !rank.is_number_unsigned()) return false;
    if (std::abs(scale_of(alpha->get<double>(), rank.get<double>(), stabilised) - scale) > 1e-6 * scale) return false;
  }
  return true;
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
  if (!is_scaled_alike(json)) {
    if (is_set("alpha_pattern")) return refused("alpha_pattern", "an alpha of its own for some layers");
    if (is_set("rank_pattern")) return refused("rank_pattern", "a rank of its own for some layers");
  }
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
std::string other_tensor(const modelfile::SafetensorsFile& file, const ModelConfig& config) {
  std::set<std::string> known;
  for (int layer = 0; layer < config.layers; ++layer)
    for (const auto& module : file_modules(config))
      for (const char* half : {".lora_A.weight", ".lora_B.weight"})
        known.insert(std::string(kPrefix) + std::to_string(layer) + "." + std::string(module.name) + half);
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
  return tensor;
}

// The pair of one matrix of the files, given to each projection that is a part of it; false where there is none.
Result<bool> read_module(const modelfile::SafetensorsFile& file, const ModelConfig& config, int layer,
                         const FileModule& module, Adapter& adapter) {
  const std::string stem = std::string(kPrefix) + std::to_string(layer) + "." + std::string(module.name);
  const auto* a = file.find(stem + ".lora_A.weight");
  const auto* b = file.find(stem + ".lora_B.weight");
  if (a == nullptr && b == nullptr) return false;
  if (a == nullptr || b == nullptr) return data_loss("the adapter lacks one half of " + stem);
  std::int64_t rows = 0;
  for (const auto part : module.parts) rows += shape_of(config, part)[0];
  const bool joined = module.parts.size() > 1;
  const std::int64_t rank = joined && a->shape.size() == 2 ? a->shape[0] : adapter.settings.rank;
  FW_ASSIGN(const auto whole_a, read_matrix(file, *a, {rank, shape_of(config, module.parts.front())[1]}));
  FW_ASSIGN(const auto whole_b, read_matrix(file, *b, {rows, rank}));
  std::int64_t row = 0;
  for (const auto part : module.parts) {
    const std::int64_t height = shape_of(config, part)[0];
    auto& pair = adapter.layers[static_cast<std::size_t>(layer)][static_cast<std::size_t>(part)];
    pair.a = (joined ? whole_a.clone() : whole_a).requires_grad_(true);
    pair.b = (joined ? whole_b.narrow(0, row, height).clone() : whole_b).requires_grad_(true);
    row += height;
  }
  return true;
}

}  // namespace

Status write_peft_adapter(const Adapter& adapter, const ModelConfig& config, const std::string& base_model,
                          double dropout, const std::filesystem::path& folder) {
  FW_TRY(io::create_folders(folder));
  const auto pairs = file_pairs(adapter, config);
  std::vector<modelfile::TensorToWrite> tensors;
  for (const auto& pair : pairs) {
    const std::string stem = std::string(kPrefix) + std::to_string(pair.layer) + "." + std::string(pair.module);
    for (const auto& [half, tensor] : {std::pair(".lora_A.weight", pair.a), std::pair(".lora_B.weight", pair.b)}) {
      const auto data = values(tensor);
      tensors.push_back({stem + half,
                         modelfile::ElementType::kF32,
                         {tensor.size(0), tensor.size(1)},
                         {reinterpret_cast<const char*>(data.data()), data.size_bytes()}});
    }
  }
  FW_TRY(modelfile::write_safetensors(folder / "adapter_model.safetensors", tensors, {{"format", "pt"}}));
  return io::write_file_atomically(folder / "adapter_config.json",
                                   config_of(adapter, pairs, base_model, dropout).dump(2) + "\n");
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
  const auto modules = file_modules(config);
  for (int layer = 0; layer < config.layers; ++layer)
    for (const auto& module : modules) {
      FW_ASSIGN(const bool is_there, read_module(file, config, layer, module, adapter));
      found += is_there ? 1 : 0;
    }
  if (found == 0) return data_loss(folder.string() + " holds no LoRA tensor of this model");
  if (file.header().tensors.size() != 2 * found && saved_modules == SavedModules::kRefused)
    return data_loss(folder.string() + " holds " + other_tensor(file, config) +
                     ", which is no low-rank pair of a linear layer of this model");
  return adapter;
}

}  // namespace fw::trainer
