#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace fw::modelfile {

/// A file that was made of others keeps its digest in `FILE.sha256`, once it is whole: who takes it again can see that
/// it is still what was made.
[[nodiscard]] Status keep_digest(const std::filesystem::path& file, const std::string& digest);
/// kNotFound where none was kept.
[[nodiscard]] Result<std::string> kept_digest(const std::filesystem::path& file);
/// Before a file is made anew.
void forget_digest(const std::filesystem::path& file);

}  // namespace fw::modelfile
