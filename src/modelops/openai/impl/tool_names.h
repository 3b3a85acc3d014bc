#pragma once

#include <map>
#include <optional>
#include <string>

#include "net/http.h"

namespace fw::modelops {

/// Names of a request's tools that hosted servers refuse (OpenAI, Anthropic: other than 1 to 64 of letters, digits, `_`
/// and `-`), under names that they take. Traffic has them where production is less strict: `math.factorial`,
/// `crm/find`.
struct PlainNames {
  std::string body;                              ///< the request with plain names in tools, calls, results, tool_choice
  std::map<std::string, std::string> originals;  ///< plain name to the one that stood there
};

/// Nothing where every name is plain, or the body is no request. Equal bodies give equal names; no two tools share one.
[[nodiscard]] std::optional<PlainNames> with_plain_names(const std::string& body);

/// The answer with the names that the request had.
[[nodiscard]] std::string with_original_names(const std::string& body,
                                              const std::map<std::string, std::string>& originals);

/// Whether an endpoint's error is about the form of a tool's name.
[[nodiscard]] bool refuses_tool_names(const net::Response& response);

}  // namespace fw::modelops
