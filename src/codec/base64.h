#pragma once

#include <string>
#include <string_view>

namespace fw::codec {

/// RFC 4648, section 4: the standard alphabet, with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);

}  // namespace fw::codec
