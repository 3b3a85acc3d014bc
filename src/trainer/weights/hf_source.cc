#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "io/file.h"
#include "modelfile/safetensors.h"
#include "trainer/weights/weight_source.h"

namespace fw::trainer {
namespace {

constexpr std::uint64_t kConfigLimit = 1 << 20;
constexpr std::uint64_t kIndexLimit = 64 << 20;

class HuggingFaceSource final : public WeightSource {
 public:
  HuggingFaceSource(ModelConfig config, std::vector<modelfile::SafetensorsFile> files)
      : config_(std::move(config)), files_(std::move(files)) {}

  [[nodiscard]] const ModelConfig& config() const override { return config_; }
  [[nodiscard]] bool has(const std::string& name) const override {
    return std::any_of(files_.begin(), files_.end(), [&](const auto& file) { return file.find(name) != nullptr; });
  }
  [[nodiscard]] Status read(const std::string& name, std::span<const std::int64_t> shape,
                            std::span<float> out) override {
    for (const auto& file : files_) {
      const auto* entry = file.find(name);
      if (entry == nullptr) continue;
      if (!std::equal(entry->shape.begin(), entry->shape.end(), shape.begin(), shape.end()))
        return data_loss("tensor " + name + " has another shape than config.json says");
      return file.read_floats(*entry, out);
    }
    return data_loss("the model's files lack tensor " + name);
  }

 private:
  ModelConfig config_;
  std::vector<modelfile::SafetensorsFile> files_;
};

// The shards that an index names; a name that leaves the folder is refused.
Result<std::set<std::string>> shard_names(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    return data_loss("model.safetensors.index.json has no weight_map");
  std::set<std::string> names;
  for (const auto& value : json["weight_map"]) {
    if (!value.is_string())
      return data_loss("model.safetensors.index.json maps a tensor to something that is no file name");
    const auto& name = value.get_ref<const std::string&>();
    if (name.empty() || name.find('/') != std::string::npos || name == "..")
      return data_loss("model.safetensors.index.json names \"" + name + "\", which is not beside it");
    names.insert(name);
  }
  return names;
}

Result<std::vector<modelfile::SafetensorsFile>> open_files(const std::filesystem::path& folder) {
  std::set<std::string> names{"model.safetensors"};
  if (std::error_code ignored; !std::filesystem::exists(folder / "model.safetensors", ignored)) {
    auto index = io::read_file(folder / "model.safetensors.index.json", kIndexLimit);
    if (!index.ok())
      return not_found(folder.string() + " holds neither model.safetensors nor model.safetensors.index.json");
    FW_ASSIGN(names, shard_names(*index));
  }
  std::vector<modelfile::SafetensorsFile> files;
  for (const auto& name : names) {
    FW_ASSIGN(auto file, modelfile::SafetensorsFile::open(folder / name));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

Result<std::unique_ptr<WeightSource>> open_hugging_face(const std::filesystem::path& folder) {
  FW_ASSIGN(const auto text, io::read_file(folder / "config.json", kConfigLimit));
  auto config = parse_hugging_face_config(text);
  if (!config.ok()) return config.error().within(folder.string());
  FW_ASSIGN(auto files, open_files(folder));
  return std::unique_ptr<WeightSource>(new HuggingFaceSource(std::move(config).value(), std::move(files)));
}

Result<std::unique_ptr<WeightSource>> open_weights(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return open_hugging_face(path);
  if (!std::filesystem::exists(path, error))
    return not_found("model " + path.string() + " does not exist; name a GGUF file or a Hugging Face folder");
  return open_gguf(path);
}

}  // namespace fw::trainer
