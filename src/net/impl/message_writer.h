#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "net/http.h"

namespace fw::net {

/// How the end of a body is told.
enum class Framing : std::uint8_t {
  kNone,      ///< there is no body
  kLength,    ///< Content-Length
  kChunked,   ///< Transfer-Encoding: chunked
  kUntilEnd,  ///< the end of the connection (HTTP/1.0)
};

/// A name is a token, a value has no control characters (RFC 9110, 5.5): what else would let a value forge a header.
[[nodiscard]] Status check_headers(const Headers& headers);

/// The Content-Length of the headers, if there is one; kInvalidArgument when it is no number.
[[nodiscard]] Result<std::optional<std::uint64_t>> declared_length(const Headers& headers);

/// Lines of the headers, without those that belong to the connection: Connection, Keep-Alive, Transfer-Encoding,
/// Upgrade and their like, which the caller of this writes itself, and what the field Connection names (RFC 9110,
/// 7.6.1), except what says where the message goes and where it ends.
void append_headers(std::string& out, const Headers& headers);

/// `5\r\n` before a chunk of five bytes.
[[nodiscard]] std::string chunk_head(std::size_t bytes);

/// `Tue, 24 Nov 2026 15:39:31 GMT` (RFC 9110, 5.6.7).
[[nodiscard]] std::string http_date(std::int64_t epoch_seconds);
/// Seconds since 1970 of such a date; nullopt for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace fw::net
