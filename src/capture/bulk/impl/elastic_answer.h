#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/http.h"

namespace fw::capture::elastic {

/// An answer of the dialect before it gets its headers: a status and a JSON text, or plain text (`_cat`).
struct Answer {
  int status = 200;
  std::string body;
  bool is_text = false;
  net::Headers headers = {};
  /// The connection is cut instead: for clients that take every status for final and would drop what they sent.
  bool is_cut = false;
};

/// `text` as a JSON string; what is not UTF-8 is replaced.
[[nodiscard]] std::string json_string(std::string_view text);

/// `{"error": {"root_cause": [...], "type", "reason"}, "status"}`: the shape of every refusal.
[[nodiscard]] Answer refusal(int status, std::string_view type, std::string_view reason);

/// The same of one of ours. What passes with time gets a status that clients try again on, and Retry-After.
[[nodiscard]] Answer refusal(const Error& error);

/// `{"type", "reason"}`, as the items of `_bulk` have it.
[[nodiscard]] std::string cause(std::string_view type, std::string_view reason);

/// The status and type that an error of ours has within an item.
struct ErrorKind {
  int status;
  std::string_view type;
};
[[nodiscard]] ErrorKind kind_of(ErrorCode code);

}  // namespace fw::capture::elastic
