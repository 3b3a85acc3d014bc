#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "trainer/weights/model_config.h"

namespace fw::trainer {

/// Where a model's weights come from. Names, shapes and the order of rows are Hugging Face's
/// (`model.layers.0.self_attn.q_proj.weight`, [out, in], halves rotated), whatever the file's own form. Not
/// thread-safe.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  [[nodiscard]] virtual const ModelConfig& config() const = 0;
  [[nodiscard]] virtual bool has(const std::string& name) const = 0;
  /// The tensor as fp32, row-major. An error when it is missing or its shape is another one.
  [[nodiscard]] virtual Status read(const std::string& name, std::span<const std::int64_t> shape,
                                    std::span<float> out) = 0;
};

/// A GGUF file of architecture llama, qwen2 or qwen3, in every tensor type that ggml dequantises.
[[nodiscard]] Result<std::unique_ptr<WeightSource>> open_gguf(const std::filesystem::path& file);
/// A Hugging Face folder: config.json beside model.safetensors or shards with model.safetensors.index.json.
[[nodiscard]] Result<std::unique_ptr<WeightSource>> open_hugging_face(const std::filesystem::path& folder);
/// Whichever of the two `path` is.
[[nodiscard]] Result<std::unique_ptr<WeightSource>> open_weights(const std::filesystem::path& path);

/// config.json of a Hugging Face folder, in its older and newer form (rope_scaling or rope_parameters).
[[nodiscard]] Result<ModelConfig> parse_hugging_face_config(const std::string& json);

}  // namespace fw::trainer
