#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fw::auth {

/// A secret as its owner holds it: `fw-`, the key's id (12 hex digits), `-`, 256 random bits (64 hex digits). The id
/// finds the key without a search, and a text of this form can be told from other people's secrets.
struct Secret {
  std::string id;
  std::string text;
};

/// One more, out of the operating system's randomness.
[[nodiscard]] Secret make_secret();

/// `text` has the form of a secret.
[[nodiscard]] bool is_secret(std::string_view text);
/// The id in a text that is_secret().
[[nodiscard]] std::string_view id_of_secret(std::string_view text);
/// The whole text, from an id and what follows it or the whole text again; nothing where that makes no secret.
[[nodiscard]] std::optional<std::string> secret_of_parts(std::string_view id, std::string_view rest);

/// What is kept of it: SHA-256 as hex. The secret is 256 random bits, so a slow hash would guard nothing.
[[nodiscard]] std::string hash_of_secret(std::string_view text);
/// Equal, in a time that does not tell where they differ. Both of one length.
[[nodiscard]] bool are_equal_secretly(std::string_view a, std::string_view b);

}  // namespace fw::auth
