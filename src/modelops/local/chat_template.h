#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "modelops/model.h"

namespace fw::modelops {

/// What training and serving are given to render conversations with; `file` is empty where the model's own text will
/// do.
struct PreparedTemplate {
  std::filesystem::path file;
  std::vector<std::string> notes;  ///< for people: what is rendered otherwise than the logs hold it
};

/// Chooses and writes below the data folder, under a name that holds the text's hash: a model goes on being served with
/// what it was trained on. For a Hugging Face folder its own template is taken as it is.
[[nodiscard]] Result<PreparedTemplate> prepare_chat_template(const std::filesystem::path& data_folder,
                                                             const ModelSpec& model);

}  // namespace fw::modelops
