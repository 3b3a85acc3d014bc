#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fw {

/// XXH3, 64 bits: fast, for tables and seeds; the same on every machine. Not for content addressing.
[[nodiscard]] std::uint64_t hash64(std::string_view bytes);

/// SHA-256 as 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// HMAC-SHA256 as 64 lower-case hex digits (RFC 2104).
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
[[nodiscard]] std::string to_hex(std::string_view bytes);

/// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  /// The digest of all updates as hex; the object is spent.
  [[nodiscard]] std::string finish_hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw
