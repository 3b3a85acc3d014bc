#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "modelops/model.h"

namespace fw::modelops {

/// Whether a local model's conversations can be rendered: its own chat template, or the file that `chat_template`
/// names, is there and can be adapted. On success, what a person should know before a run (how rows are rendered
/// otherwise than they were logged). Nothing for a model behind an endpoint. Blocks while it reads headers.
[[nodiscard]] Result<std::vector<std::string>> check_chat_template(const ModelSpec& model);

}  // namespace fw::modelops
