#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fw::codec {

/// RFC 4648, section 4: the standard alphabet, with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// The bytes again; nothing for what base64_encode cannot have made.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace fw::codec
