#pragma once

#include <string_view>

namespace fw::dataset {

/// Whether engines may read the pattern as a regular expression. Wrong is what no dialect takes: brackets that are not
/// closed or not open, an escape without its character, nothing to repeat, a range or a count from more to less.
[[nodiscard]] bool is_sound_pattern(std::string_view pattern);

}  // namespace fw::dataset
