#pragma once

#include <string>
#include <string_view>

namespace fw::app {

/// Bytes as text in which nothing is lost and nothing can drive a terminal: control characters, marks of direction,
/// bytes that are no UTF-8 and the backslash itself are spelled out (`\x1b`, `\u202e`, `\xff`).
[[nodiscard]] std::string spelled_out(std::string_view bytes);

}  // namespace fw::app
