#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "modelfile/gguf.h"
#include "trainer/weights/model_config.h"

namespace fw::trainer {

class GgufReader;
class ConfigReader;

/// What one architecture has beside what all decoders here have: how its files keep it, and what ModelConfig says of
/// it. A file of this folder describes one; adding it to `families` is all that it takes, as long as the operations
/// that it needs are there (model/ops.h).
struct Family {
  std::string_view architecture;              ///< GGUF's general.architecture
  std::vector<std::string_view> model_types;  ///< config.json's model_type
  bool rows_in_pairs = false;  ///< GGUF keeps rows of q and k in pairs (2i, 2i + 1), Hugging Face (i, i + half)
  bool joined = false;         ///< q, k and v are one tensor in its files, gate and up another
  float norm_offset = 0;       ///< what Hugging Face's norms leave out: it is added to their weights
  /// Complete a config that holds what all have, from GGUF keys (prefix: "llama.") or from config.json. Null: nothing.
  Status (*from_gguf)(const GgufReader& file, const std::string& prefix, ModelConfig& config) = nullptr;
  Status (*from_config)(ConfigReader& json, ModelConfig& config) = nullptr;
  /// Adds the keys of GGUF that from_gguf reads, or refuses what they cannot say. Null: nothing to add.
  Status (*to_gguf)(const ModelConfig& config, modelfile::GgufHeader& header) = nullptr;
};

[[nodiscard]] const std::vector<Family>& families();
/// Null for none of them.
[[nodiscard]] const Family* find_family(std::string_view architecture);
[[nodiscard]] const Family* find_family_of_model_type(std::string_view model_type);
/// What no file of a family can mean: pairs of rows are those of whole heads.
[[nodiscard]] Status check_rotation(const Family& family, const ModelConfig& config);
/// Of a config that was read: it has one.
[[nodiscard]] const Family& family_of(const ModelConfig& config);

// One file each.
[[nodiscard]] Family gemma();
[[nodiscard]] Family gemma2();
[[nodiscard]] Family gemma3();
[[nodiscard]] Family llama();
[[nodiscard]] Family phi3();
[[nodiscard]] Family qwen2();
[[nodiscard]] Family qwen3();
[[nodiscard]] Family smollm3();

}  // namespace fw::trainer
