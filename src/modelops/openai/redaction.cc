#include "modelops/openai/redaction.h"

#include <algorithm>
#include <array>
#include <optional>

namespace fw::modelops {
namespace {

constexpr std::string_view kShown = "[key]";
constexpr std::size_t kShortestPart = 8;  // of one of our keys that may not be shown
constexpr std::size_t kShortestEnd = 4;   // that stands by itself
constexpr std::size_t kShortestKey = 8;   // with a provider's prefix
constexpr std::size_t kLongMixed = 24;    // unbroken: a digest, a key; no word, name of a model or UUID
constexpr std::string_view kBullet = "\u2022";
constexpr std::string_view kEllipsis = "\u2026";

constexpr std::array<std::string_view, 15> kPrefixes{"sk-", "sk_",     "gsk_",  "xai-",    "nvapi-",
                                                     "hf_", "pplx-",   "AIza",  "r8_",     "ghp_",
                                                     "fw_", "github_", "glpat", "tgp_v1_", "AKIA"};

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What a key and a masked key are made of; bullets and the ellipsis are several bytes.
bool is_key_byte(char c) {
  return is_alnum(c) || c == '-' || c == '_' || c == '*' || c == '.' || c == '+' || c == '/' || c == '=' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool has_provider_prefix(std::string_view word) {
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return word.starts_with(prefix); });
}

/// Whether a stretch without dashes, dots or slashes is long, and of digits and letters.
bool is_long_and_mixed(std::string_view word) {
  std::size_t digits = 0, letters = 0;
  for (const char c : word) {
    if (c >= '0' && c <= '9') {
      ++digits;
    } else if (is_alnum(c) || c == '_') {
      ++letters;
    } else {
      digits = letters = 0;
    }
    if (digits + letters >= kLongMixed && digits >= 3 && letters >= 3) return true;
  }
  return false;
}

/// Whether a piece of the secret of at least kShortestPart bytes stands in the word.
bool shares_part(std::string_view word, std::string_view secret) {
  if (secret.size() < kShortestPart) return !secret.empty() && word == secret;
  for (std::size_t i = 0; i + kShortestPart <= secret.size(); ++i) {
    if (word.find(secret.substr(i, kShortestPart)) != std::string_view::npos) return true;
  }
  return false;
}

struct Mask {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The masked middle of a word: two or more of one of the characters that stand for what is left out.
std::optional<Mask> mask_of(std::string_view word) {
  struct Form {
    std::string_view unit;
    std::size_t least;
  };
  for (const auto [unit, least] : {Form{"*", 2}, Form{".", 3}, Form{kBullet, 2}, Form{kEllipsis, 1}}) {
    std::string sought;
    for (std::size_t i = 0; i < least; ++i) sought += unit;
    const auto begin = word.find(sought);
    if (begin == std::string_view::npos) continue;
    auto end = begin + sought.size();
    while (word.substr(end).starts_with(unit)) end += unit.size();
    return Mask{begin, end};
  }
  return std::nullopt;
}

bool is_masked_key(std::string_view word, const std::vector<std::string>& secrets) {
  const auto mask = mask_of(word);
  if (!mask) return false;
  const std::string_view head = word.substr(0, mask->begin);
  const std::string_view tail = word.substr(mask->end);
  if (head.empty() && tail.empty()) return false;
  if (word[mask->begin] == '*' || word.substr(mask->begin).starts_with(kBullet) || has_provider_prefix(head))
    return true;
  return std::ranges::any_of(secrets, [&](const std::string& secret) {
    return (head.size() >= 2 && secret.starts_with(head)) || (tail.size() >= 2 && secret.ends_with(tail));
  });
}

/// `Key ending in 1234`: an end of the secret that stands by itself.
bool is_end_of_secret(std::string_view word, const std::vector<std::string>& secrets) {
  constexpr std::string_view kBounds = "=./+*";
  for (std::size_t i = 0; i < word.size();) {
    const std::size_t end = std::min(word.find_first_of(kBounds, i), word.size());
    const std::string_view piece = word.substr(i, end - i);
    i = end + 1;
    if (piece.size() < kShortestEnd || piece.size() >= kShortestPart) continue;
    const auto is_end = [&](const std::string& secret) {
      return secret.size() >= 2 * piece.size() && (secret.ends_with(piece) || secret.starts_with(piece));
    };
    if (std::ranges::any_of(secrets, is_end)) return true;
  }
  return false;
}

bool is_secret(std::string_view word, const std::vector<std::string>& secrets) {
  if (has_provider_prefix(word) && word.size() >= kShortestKey) return true;
  if (is_long_and_mixed(word) || is_masked_key(word, secrets) || is_end_of_secret(word, secrets)) return true;
  return std::ranges::any_of(secrets, [&](const std::string& secret) { return shares_part(word, secret); });
}

/// Our own secrets first, whole, wherever they stand: a word's bounds are not theirs.
std::string without(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kShown.size()))
    text.replace(at, secret.size(), kShown);
  return text;
}

}  // namespace

std::string redact_keys(std::string_view text, const std::vector<std::string>& secrets) {
  std::string whole(text);
  for (const auto& secret : secrets) whole = without(std::move(whole), secret);
  std::string out;
  for (std::size_t i = 0; i < whole.size();) {
    std::size_t end = i;
    while (end < whole.size() && is_key_byte(whole[end])) ++end;
    if (end == i) {
      out += whole[i++];
      continue;
    }
    std::string_view word = std::string_view(whole).substr(i, end - i);
    // The full stop that ends a sentence is not the key's.
    std::size_t stop = word.size();
    if (word.ends_with('.') && !word.ends_with("..")) --stop;
    out += is_secret(word.substr(0, stop), secrets) ? kShown : word.substr(0, stop);
    out += word.substr(stop);
    i = end;
  }
  return out;
}

bool looks_like_key(std::string_view text) {
  if (!std::ranges::all_of(text, [](char c) { return is_key_byte(c) && c != '*'; })) return false;
  return (has_provider_prefix(text) && text.size() >= 12) || is_long_and_mixed(text);
}

}  // namespace fw::modelops
