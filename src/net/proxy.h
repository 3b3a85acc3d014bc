#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/url.h"

namespace fw::net {

/// An HTTP proxy between a client and its servers: TLS goes through a tunnel (RFC 9110, 9.3.6), plain requests name
/// their whole URL.
struct Proxy {
  std::string host;
  std::uint16_t port = 3128;
  std::string authorization;  ///< value of Proxy-Authorization; empty: none. A secret

  friend bool operator==(const Proxy&, const Proxy&) = default;
};

/// `http://user:password@host:port`, with or without the scheme and the user. kInvalidArgument for what is no such URL,
/// and for proxies that are spoken to over TLS or SOCKS.
[[nodiscard]] Result<Proxy> parse_proxy(std::string_view text);

/// The proxy that the environment names for a URL, as most programs read it: `https_proxy` or `http_proxy` by the URL's
/// scheme, else `all_proxy`, each in small letters or in capitals; nothing for hosts that `no_proxy` lists (names with
/// their subdomains, addresses, `*`), nor for this machine's loopback. `environment` gives a variable, empty when it is
/// not set.
[[nodiscard]] Result<std::optional<Proxy>> proxy_for(const Url& url,
                                                     const std::function<std::string(const std::string&)>& environment);

}  // namespace fw::net
