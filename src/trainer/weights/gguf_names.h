#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace fw::trainer {

/// `model.layers.3.self_attn.q_proj.weight` -> `blk.3.attn_q.weight`; nullopt for a name without a counterpart.
[[nodiscard]] std::optional<std::string> gguf_name(const std::string& hugging_face_name);

/// GGUF files of architecture llama keep q and k with rows in pairs (2i, 2i + 1) where Hugging Face has (i, i + half).
/// Turns rows of `width` floats of `heads` heads from one form into the other.
void rows_to_halves(std::span<const float> pairs, std::int64_t heads, std::int64_t width, std::span<float> halves);
void rows_to_pairs(std::span<const float> halves, std::int64_t heads, std::int64_t width, std::span<float> pairs);

}  // namespace fw::trainer
