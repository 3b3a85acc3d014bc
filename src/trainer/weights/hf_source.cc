#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "io/file.h"
#include "modelfile/safetensors.h"
#include "trainer/families/family.h"
#include "trainer/weights/gguf_names.h"
#include "trainer/weights/hf_files.h"
#include "trainer/weights/weight_source.h"

namespace fw::trainer {
namespace {

constexpr std::uint64_t kConfigLimit = 1 << 20;
constexpr std::uint64_t kIndexLimit = 64 << 20;

class HuggingFaceSource final : public WeightSource {
 public:
  HuggingFaceSource(ModelConfig config, std::vector<modelfile::SafetensorsFile> files)
      : config_(std::move(config)), family_(family_of(config_)), files_(std::move(files)) {}

  [[nodiscard]] const ModelConfig& config() const override { return config_; }
  [[nodiscard]] bool has(const std::string& name) const override { return place_of(name).entry != nullptr; }
  [[nodiscard]] Status read(const std::string& name, std::span<const std::int64_t> shape,
                            std::span<float> out) override;

 private:
  // A tensor of the files, and the rows of it that are meant.
  struct Place {
    const modelfile::SafetensorsFile* file = nullptr;
    const modelfile::TensorEntry* entry = nullptr;
    std::optional<JoinedRows> joined;
  };
  [[nodiscard]] Place place_of(const std::string& name) const {
    Place place;
    if (family_.joined) place.joined = joined_rows(name, config_);
    const std::string& theirs = place.joined ? place.joined->name : name;
    for (const auto& file : files_) {
      for (const std::string_view prefix : {"", "language_model."}) {
        if (const auto* entry = file.find(std::string(prefix) + theirs)) {
          place.file = &file;
          place.entry = entry;
          return place;
        }
      }
    }
    return place;
  }

  ModelConfig config_;
  const Family& family_;
  std::vector<modelfile::SafetensorsFile> files_;
  std::vector<float> buffer_;
};

Status HuggingFaceSource::read(const std::string& name, std::span<const std::int64_t> shape, std::span<float> out) {
  const auto place = place_of(name);
  if (place.entry == nullptr) return data_loss("the model's files lack tensor " + name);
  std::vector<std::int64_t> expected(shape.begin(), shape.end());
  if (place.joined) expected[0] = place.joined->all;
  if (place.entry->shape != expected)
    return data_loss("tensor " + place.entry->name + " has another shape than config.json says");
  if (!place.joined) {
    FW_TRY(place.file->read_floats(*place.entry, out));
  } else {
    buffer_.resize(static_cast<std::size_t>(place.entry->elements()));
    FW_TRY(place.file->read_floats(*place.entry, buffer_));
    const std::int64_t width = shape.size() > 1 ? shape[1] : 1;
    std::copy_n(buffer_.begin() + place.joined->first * width, out.size(), out.begin());
  }
  if (family_.norm_offset != 0 && name.ends_with("norm.weight"))
    for (float& value : out) value += family_.norm_offset;
  return {};
}

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

}  // namespace

Result<std::vector<modelfile::SafetensorsFile>> open_safetensors_of(const std::filesystem::path& folder) {
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

Result<ModelConfig> read_hugging_face_config(const std::filesystem::path& folder) {
  FW_ASSIGN(const auto text, io::read_file(folder / "config.json", kConfigLimit));
  auto config = parse_hugging_face_config(text);
  if (!config.ok()) return std::move(config).error().within(folder.string());
  return config;
}

Result<std::unique_ptr<WeightSource>> open_hugging_face(const std::filesystem::path& folder) {
  FW_ASSIGN(auto config, read_hugging_face_config(folder));
  FW_ASSIGN(auto files, open_safetensors_of(folder));
  return std::unique_ptr<WeightSource>(new HuggingFaceSource(std::move(config), std::move(files)));
}

Result<std::unique_ptr<WeightSource>> open_weights(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return open_hugging_face(path);
  if (!std::filesystem::exists(path, error))
    return not_found("model " + path.string() + " does not exist; name a GGUF file or a Hugging Face folder");
  return open_gguf(path);
}

}  // namespace fw::trainer
