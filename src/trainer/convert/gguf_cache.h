#pragma once

#include <filesystem>
#include <functional>

#include "trainer/convert/convert.h"

namespace fw::trainer {

/// Told of a file that is not what was made, before it is made anew.
using OnChanged = std::function<void(const std::filesystem::path&)>;

/// The GGUF file of a Hugging Face folder below `cache`: made when there is none of this content yet, else found. It is
/// named by the digest of the folder's files, which is itself kept by their names, sizes and times of change. Two that
/// want the same file at once, in any process, make it once. kResourceExhausted before the first byte when the disk has
/// no room for it. The file's own digest is kept beside it: where it has another one, or none was kept, it is made
/// anew.
[[nodiscard]] Result<std::filesystem::path> find_or_convert(const std::filesystem::path& folder,
                                                            const std::filesystem::path& cache,
                                                            const OnConverted& on_converted = {},
                                                            const OnChanged& on_changed = {});

}  // namespace fw::trainer
