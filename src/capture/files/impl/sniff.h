#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fw::capture {

/// How many bytes of a stream are looked at.
inline constexpr std::size_t kSniffBytes = 4096;

/// Why a stream that begins so cannot hold JSON documents, with the remedy: another format's mark, text of another
/// kind, or binary bytes. Nothing for whatever may have readable documents in it.
[[nodiscard]] std::optional<std::string> why_not_json(std::string_view first_bytes);

}  // namespace fw::capture
