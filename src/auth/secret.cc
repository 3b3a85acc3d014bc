#include "auth/secret.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/hash.h"
#include "base/random.h"

namespace fw::auth {
namespace {

constexpr std::string_view kPrefix = "fw-";
constexpr std::size_t kIdDigits = 12;
constexpr std::size_t kSecretDigits = 64;
constexpr std::size_t kLength = kPrefix.size() + kIdDigits + 1 + kSecretDigits;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Secret make_secret() {
  Secret secret{.id = random_hex(kIdDigits / 2), .text = {}};
  secret.text = std::string(kPrefix) + secret.id + '-' + random_hex(kSecretDigits / 2);
  return secret;
}

bool is_secret(std::string_view text) {
  return text.size() == kLength && text.starts_with(kPrefix) && text[kPrefix.size() + kIdDigits] == '-' &&
         is_hex(id_of_secret(text)) && is_hex(text.substr(kLength - kSecretDigits));
}

std::string_view id_of_secret(std::string_view text) { return text.substr(kPrefix.size(), kIdDigits); }

std::optional<std::string> secret_of_parts(std::string_view id, std::string_view rest) {
  if (is_secret(rest)) return std::string(rest);
  std::string whole = std::string(kPrefix) + std::string(id) + '-' + std::string(rest);
  if (!is_secret(whole)) return std::nullopt;
  return whole;
}

std::string hash_of_secret(std::string_view text) { return sha256_hex(text); }

bool are_equal_secretly(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace fw::auth
