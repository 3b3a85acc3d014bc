#pragma once

#include <string>
#include <string_view>

namespace fw::modelops {

/// What a body that came in place of an answer says, whatever form it gives that: the server's own error, with that of
/// the server behind it where it passes one on, also within the first choice. At most 400 bytes; empty when it says
/// nothing that is known. Keys that are echoed in it are not taken out.
[[nodiscard]] std::string error_text(std::string_view body);

}  // namespace fw::modelops
