#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "trainer/weights/model_config.h"

namespace fw::trainer {

/// `model.layers.3.self_attn.q_proj.weight` -> `blk.3.attn_q.weight`; nullopt for a name without a counterpart. Hugging
/// Face calls the norm before a feed-forward network by another name where there is one behind attention too.
[[nodiscard]] std::optional<std::string> gguf_name(const std::string& hugging_face_name, bool post_norms = false);

/// Where a matrix lies in files that keep several below each other.
struct JoinedRows {
  std::string name;        ///< Hugging Face's, of all of them: `model.layers.3.self_attn.qkv_proj.weight`
  std::int64_t first = 0;  ///< row
  std::int64_t all = 0;    ///< rows of all of them
};
/// Of q, k, v, gate and up; nullopt for others.
[[nodiscard]] std::optional<JoinedRows> joined_rows(const std::string& hugging_face_name, const ModelConfig& config);

/// GGUF files of architecture llama keep q and k with rows in pairs (2i, 2i + 1) where Hugging Face has (i, i + half).
/// Turns rows of `width` floats of `heads` heads from one form into the other.
void rows_to_halves(std::span<const float> pairs, std::int64_t heads, std::int64_t width, std::span<float> halves);
void rows_to_pairs(std::span<const float> halves, std::int64_t heads, std::int64_t width, std::span<float> pairs);

}  // namespace fw::trainer
