#include "auth/credentials.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "auth/secret.h"
#include "codec/base64.h"

namespace fw::auth {
namespace {

using net::equals_ignoring_case;

constexpr std::string_view kOwn = "x-flywheel-key";
constexpr std::array<std::string_view, 2> kBare{"x-api-key", "api-key"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::string> bare(std::string_view text) {
  text = trimmed(text);
  if (!is_secret(text)) return std::nullopt;
  return std::string(text);
}

/// base64 of `id:secret`, or of `user:key`.
std::optional<std::string> packed(std::string_view text) {
  const auto pair = codec::base64_decode(text);
  if (!pair) return std::nullopt;
  const auto colon = pair->find(':');
  if (colon == std::string::npos) return bare(*pair);
  return secret_of_parts(std::string_view(*pair).substr(0, colon), std::string_view(*pair).substr(colon + 1));
}

std::optional<std::string> in_authorization(std::string_view value) {
  value = trimmed(value);
  const auto space = std::min(value.find(' '), value.size());
  const auto scheme = value.substr(0, space);
  const auto rest = trimmed(value.substr(space));
  if (equals_ignoring_case(scheme, "Bearer")) return bare(rest);
  if (equals_ignoring_case(scheme, "Basic")) return packed(rest);
  if (!equals_ignoring_case(scheme, "ApiKey")) return std::nullopt;
  auto found = bare(rest);
  return found ? found : packed(rest);
}

std::optional<std::string> in_field(const net::Headers::Field& field) {
  if (equals_ignoring_case(field.name, "authorization")) return in_authorization(field.value);
  const bool is_ours = equals_ignoring_case(field.name, kOwn) || std::ranges::any_of(kBare, [&](std::string_view name) {
                         return equals_ignoring_case(field.name, name);
                       });
  return is_ours ? bare(field.value) : std::nullopt;
}

}  // namespace

std::optional<std::string> secret_in(const net::Headers& headers) {
  if (const auto own = headers.find(kOwn)) return bare(*own);
  for (const auto& field : headers) {
    if (auto secret = in_field(field)) return secret;
  }
  return std::nullopt;
}

void remove_secrets(net::Headers& headers) {
  std::vector<std::string> names;
  for (const auto& field : headers) {
    if (equals_ignoring_case(field.name, kOwn) || in_field(field)) names.push_back(field.name);
  }
  for (const auto& name : names) headers.remove(name);
}

}  // namespace fw::auth
