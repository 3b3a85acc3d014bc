#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.h"

namespace fw::trainer {

/// Told after each tensor: bytes written, of all. False stops with kCancelled.
using OnConverted = std::function<bool(std::uint64_t, std::uint64_t)>;

/// Makes one GGUF file of a Hugging Face folder (config.json, *.safetensors, tokenizer), so that what is served and
/// what is trained are read from the same numbers. Matrices keep their type, vectors become fp32. Whole or not at all;
/// the folder is checked against its config.json on the way (names, shapes, values that are no numbers). Embedding
/// models keep their pooling; of encoders BERT is known (encoder.h).
///
/// kUnimplemented for what the engine would run otherwise than the folder says: another architecture, quantised
/// weights, rotary settings or layers that GGUF cannot say, a tokenizer that cuts text in an unknown way.
[[nodiscard]] Status convert_to_gguf(const std::filesystem::path& folder, const std::filesystem::path& out,
                                     const OnConverted& on_converted = {});

/// Whether convert_to_gguf would begin: config.json and tokenizer are read, no weights.
[[nodiscard]] Status check_convertible(const std::filesystem::path& folder);

}  // namespace fw::trainer
