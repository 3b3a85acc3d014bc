#pragma once

#include <cstddef>
#include <string_view>

namespace fw::codec {

/// Whether bytes are well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates).
[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

/// The first `most` bytes of a text, or fewer, so that no character is cut; all of a shorter one.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t most);

}  // namespace fw::codec
