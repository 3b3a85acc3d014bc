#pragma once

#include <string_view>

namespace fw::capture {

/// Whether `text` fits `pattern`, in which `*` stands for any bytes and everything else for itself. An empty pattern
/// fits everything. Time is at most the product of the two lengths.
[[nodiscard]] bool fits_pattern(std::string_view pattern, std::string_view text);

}  // namespace fw::capture
