#pragma once

#include "async/task.h"
#include "base/result.h"
#include "io/process.h"
#include "modelops/local/settings.h"
#include "modelops/model.h"

namespace fw::modelops {

/// The model with its path a GGUF file: where it is a Hugging Face folder, the file that flywheel-trainer makes of it,
/// kept below `<data>/models`. What is served and what is trained are one file's numbers then. Any other model is
/// returned as it is.
[[nodiscard]] Task<Result<ModelSpec>> as_gguf(LocalSettings settings, io::ProcessLauncher& launcher, ModelSpec model,
                                              Deadline deadline);

/// Why a folder will not become a GGUF file, as far as its small files say; nothing where it will. An encoder (BERT)
/// will only where it is to give vectors.
[[nodiscard]] std::vector<std::string> why_not_convertible(const std::filesystem::path& folder, bool gives_vectors);

}  // namespace fw::modelops
