#pragma once

#include <filesystem>

#include "trainer/convert/convert.h"

namespace fw::trainer {

/// The GGUF file of a Hugging Face folder below `cache`: made when there is none of this content yet, else found. It is
/// named by the digest of the folder's files, which is itself kept by their names, sizes and times of change. Two that
/// want the same file at once, in any process, make it once. kResourceExhausted before the first byte when the disk has
/// no room for it.
[[nodiscard]] Result<std::filesystem::path> find_or_convert(const std::filesystem::path& folder,
                                                            const std::filesystem::path& cache,
                                                            const OnConverted& on_converted = {});

}  // namespace fw::trainer
