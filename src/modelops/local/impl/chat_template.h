#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "modelops/local/chat_template.h"

namespace fw::modelops {

/// Whether a chat template (Jinja) does anything with tools: whether it mentions the variable `tools`.
[[nodiscard]] bool knows_tools(std::string_view chat_template);

/// Our template for models whose own knows no tools: templates/chatml_tools.jinja, as it was compiled in.
[[nodiscard]] std::string_view tools_template();

/// The same as a file below the data folder, for programs that want one. Its name holds its hash, so that a model goes
/// on being served with the text it was trained on.
[[nodiscard]] Result<std::filesystem::path> write_tools_template(const std::filesystem::path& data_folder);

}  // namespace fw::modelops
