#pragma once

#include <string_view>

namespace fw::codec {

/// Whether bytes are well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates).
[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

}  // namespace fw::codec
