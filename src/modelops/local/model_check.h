#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "modelops/model.h"

namespace fw::modelops {

/// What a model's files say of its chances, before anything is started.
struct ModelCheck {
  std::vector<std::string> errors;    ///< it cannot be served, or not trained where that is asked for
  std::vector<std::string> warnings;  ///< it can, but not as configured
};

/// Reads the headers of a model's files: what kind of file it is (a picture, a Git LFS pointer and an archive are named
/// as such), whether it is whole and all its parts are there, and whether it is a model that answers chats: no adapter,
/// vocabulary, projector or embedding model. Blocks for some milliseconds.
[[nodiscard]] ModelCheck check_model(const ModelSpec& model, bool is_trained);

/// The same of a model that is to give vectors of texts: an embedding model, or any that answers chats, whose tokens'
/// mean is taken then. A warning says so.
[[nodiscard]] ModelCheck check_embedding_model(const ModelSpec& model);

/// What a file is that was taken for a model, by its first bytes: `a PNG picture`; empty for what is not known.
[[nodiscard]] std::string kind_of_file(std::string_view first_bytes);

}  // namespace fw::modelops
