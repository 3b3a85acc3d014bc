#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fw::net {

/// An absolute http or https URL in its parts (RFC 3986). No user information; the fragment is dropped.
struct Url {
  bool is_tls = false;
  std::string host;          ///< lower case; an IPv6 address without its brackets
  std::uint16_t port = 80;   ///< 80 or 443 where the URL names none
  std::string target = "/";  ///< path and query as they go on the wire

  /// `http://host:port`, without a default port: what messages name.
  [[nodiscard]] std::string origin() const;
  /// The value of the Host header.
  [[nodiscard]] std::string host_header() const;
  friend bool operator==(const Url&, const Url&) = default;
};

/// kInvalidArgument names the text and what is wrong with it. At most 16 KiB.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// `base` (`http://host/v1/`) and a path (`/models`) with exactly one slash between them.
[[nodiscard]] std::string join_url(std::string_view base, std::string_view path);

/// A part of the path is `.` or `..`, escaped or not, with a parameter (`..;x`) or between backslashes: what a server
/// may take for another place than a rule on the beginning of the path does (RFC 3986, 5.2.4). The query is not looked
/// at.
[[nodiscard]] bool has_dot_segment(std::string_view target);

/// `%41` becomes `A`; `+` stays. nullopt for a broken escape.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// Everything but unreserved characters (letters, digits, `-._~`) becomes `%XX`.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Names and values of a query string in order, decoded; `+` is a space here. Broken escapes stay as they are. The
/// first 1000 pairs.
class QueryParams final {
 public:
  QueryParams() = default;
  /// `query` without its question mark.
  explicit QueryParams(std::string_view query);

  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> find_all(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace fw::net
