#pragma once

#include <string>
#include <string_view>

/// The inside of JSON strings as it stands between the quotes. Pieces of a text that were escaped one by one make,
/// joined, the escaped text: so a stream's pieces are put together and written out again without being decoded, and a
/// pair of surrogates that a server cut in two is whole again.
namespace fw::capture {

/// Whether every backslash begins an escape (RFC 8259, 7). Control characters and UTF-8 are checked elsewhere.
[[nodiscard]] bool has_valid_escapes(std::string_view inside);

/// The inside of the string whose value is `text`, which must be UTF-8.
[[nodiscard]] std::string escaped(std::string_view text);

/// The same within quotes.
[[nodiscard]] inline std::string json_string(std::string_view text) { return '"' + escaped(text) + '"'; }

/// The value of a string with this inside. Half a pair of surrogates becomes U+FFFD.
[[nodiscard]] std::string unescaped(std::string_view inside);

/// The same inside with U+FFFD in place of halves of surrogate pairs, which readers of JSON refuse.
[[nodiscard]] std::string with_whole_surrogates(std::string inside);

/// Whether `json` is one whole value that nests at most 64 deep and has no halves of surrogate pairs.
[[nodiscard]] bool is_whole_json(std::string_view json);

}  // namespace fw::capture
