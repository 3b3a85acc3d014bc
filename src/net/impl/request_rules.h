#pragma once

#include <optional>

#include "net/impl/message_parser.h"
#include "net/impl/message_writer.h"

namespace fw::net {

/// What a server refuses before a handler sees it, though it parses: methods that it does not know, a body whose end
/// cannot be told for certain (RFC 9112, 6.1 and 6.3: what would let one request be read as two), no Host or several,
/// a target that is no path. The answer to it, or nothing.
[[nodiscard]] std::optional<Response> reject(const RequestParser& parser);

/// A target in absolute form (`GET http://host/path`, RFC 9112, 3.2.2) becomes path and query, and its authority
/// replaces the Host that was sent.
void to_origin_form(std::string& target, Headers& headers);

/// The transfer coding of an answer can be read: none, or chunked alone in HTTP/1.1.
[[nodiscard]] Status check_transfer_coding(const AnswerParser& parser);

}  // namespace fw::net
