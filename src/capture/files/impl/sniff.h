#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fw::capture {

/// How many bytes of a stream are looked at.
inline constexpr std::size_t kSniffBytes = 4096;

/// Why a stream that begins so cannot be lines of JSON, with the remedy: another format's mark, or binary bytes.
/// Nothing for whatever may have readable lines in it.
[[nodiscard]] std::optional<std::string> why_not_json_lines(std::string_view first_bytes);

}  // namespace fw::capture
