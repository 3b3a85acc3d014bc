#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fw::modelfile {

/// Architectures (GGUF's `general.architecture`) that flywheel-trainer trains. It has a description of each
/// (src/trainer/families), and a test that holds both lists together; here it stands where no tensor library is.
[[nodiscard]] std::span<const std::string_view> trainable_architectures();
[[nodiscard]] bool is_trainable(std::string_view architecture);
/// Of a Hugging Face config.json's model_type; empty where it has none of these architectures.
[[nodiscard]] std::string_view architecture_of_model_type(std::string_view model_type);
/// Whether folders of this model_type become GGUF files of encoders, which give vectors of texts and are not trained.
[[nodiscard]] bool is_converted_encoder(std::string_view model_type);
/// `gemma, gemma2, .. and smollm3`, for messages.
[[nodiscard]] std::string list_of_trainable();

}  // namespace fw::modelfile
