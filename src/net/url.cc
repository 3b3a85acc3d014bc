#include "net/url.h"

#include <algorithm>
#include <charconv>

#include "net/http.h"

namespace fw::net {
namespace {

constexpr std::size_t kMaxUrl = 16 * 1024;
constexpr std::size_t kMaxPairs = 1000;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The decoded byte of an escape at the beginning of `text`, or -1.
int escaped_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool is_host_character(char c) { return is_unreserved(c); }
bool is_ipv6_character(char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; }

Error bad_url(std::string_view text, std::string_view why) {
  std::string shown(text.substr(0, 200));
  std::replace_if(shown.begin(), shown.end(), [](unsigned char c) { return c < ' ' || c == 127; }, '?');
  return invalid_argument("url \"" + shown + "\" " + std::string(why));
}

/// Splits `host[:port]` or `[v6][:port]`; false when it is neither.
bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) {
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return false;
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!std::all_of(host.begin(), host.end(), is_ipv6_character) || host.find(':') == std::string_view::npos)
      return false;
  } else {
    host = authority.substr(0, authority.find(':'));
    port = authority.substr(host.size());
    if (!std::all_of(host.begin(), host.end(), is_host_character)) return false;
  }
  if (host.empty() || host.size() > 253 || (!port.empty() && port[0] != ':')) return false;
  if (!port.empty()) port.remove_prefix(1);
  return true;
}

/// Broken escapes stay as they are.
std::string decoded_where_possible(std::string_view text, char plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const int byte = escaped_byte(text.substr(i)); byte >= 0) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? plus : text[i]);
    }
  }
  return out;
}

}  // namespace

std::string Url::host_header() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (is_tls ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::origin() const { return (is_tls ? "https://" : "http://") + host_header(); }

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrl) return bad_url(text, "is longer than 16384 bytes");
  Url url;
  std::string_view rest;
  if (text.size() >= 7 && equals_ignoring_case(text.substr(0, 7), "http://")) {
    rest = text.substr(7);
  } else if (text.size() >= 8 && equals_ignoring_case(text.substr(0, 8), "https://")) {
    rest = text.substr(8);
    url.is_tls = true;
    url.port = 443;
  } else {
    return bad_url(text, "must begin with http:// or https://");
  }
  rest = rest.substr(0, rest.find('#'));
  if (std::any_of(rest.begin(), rest.end(), [](unsigned char c) { return c <= ' ' || c >= 127; })) {
    return bad_url(text, "holds a space, control or non-ASCII character; percent-encode it");
  }
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.find('@') != std::string_view::npos) {
    return invalid_argument("a url must not hold a user name or password; send an Authorization header instead");
  }
  std::string_view host;
  std::string_view port;
  if (!split_authority(authority, host, port)) return bad_url(text, "has no valid host");
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc{} || end != port.data() + port.size() || url.port == 0) {
      return bad_url(text, "has no valid port (1 to 65535)");
    }
  }
  url.host = host;
  std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view target = rest.substr(authority.size());
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::string join_url(std::string_view base, std::string_view path) {
  while (base.ends_with('/')) base.remove_suffix(1);
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(base) + "/" + std::string(path);
}

bool has_dot_segment(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  if (target.find_first_of(".%") == std::string_view::npos) return false;
  const std::string decoded = decoded_where_possible(target, '+');
  std::string_view rest = decoded;
  while (true) {
    const auto end = rest.find_first_of("/\\");
    const auto part = rest.substr(0, std::min(end, rest.find(';')));
    if (part == "." || part == "..") return true;
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int byte = escaped_byte(text.substr(i));
    if (byte < 0) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

QueryParams::QueryParams(std::string_view query) {
  while (!query.empty() && pairs_.size() < kMaxPairs) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    pairs_.emplace_back(decoded_where_possible(pair.substr(0, equals), ' '), decoded_where_possible(value, ' '));
  }
}

std::optional<std::string_view> QueryParams::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> QueryParams::find_all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : pairs_) {
    if (key == name) out.push_back(value);
  }
  return out;
}

}  // namespace fw::net
