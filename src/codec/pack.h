#pragma once

#include <string>
#include <string_view>

namespace fw::codec {

/// The text as one gzip member (RFC 1952), packed fast rather than small: some 10 ms a megabyte.
[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace fw::codec
