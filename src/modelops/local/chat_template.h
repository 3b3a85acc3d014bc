#pragma once

#include <filesystem>

#include "base/result.h"

namespace fw::modelops {

/// The template a model is trained and served with when its file's own will not do; an empty path when it will: it
/// knows tools, or the model is a Hugging Face folder, whose template is taken as it is.
[[nodiscard]] Result<std::filesystem::path> chat_template_for(const std::filesystem::path& data_folder,
                                                              const std::filesystem::path& model);

}  // namespace fw::modelops
