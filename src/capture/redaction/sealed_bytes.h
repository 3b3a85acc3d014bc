#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "codec/byte_source.h"

namespace fw::capture {

/// A key for bytes that have to lie on a disk before they are redacted. It is nowhere but in memory: when the process
/// ends, however it ends, nobody can read them.
class SealKey final {
 public:
  [[nodiscard]] static SealKey make();

 private:
  friend class Seal;
  std::array<unsigned char, 32> key_{};
};

/// AES-256 in counter mode over one stream of bytes, from its beginning; sealing and opening are the same. A key is for
/// one stream. Keeps bytes from being read, not from being changed. Not thread-safe.
class Seal final {
 public:
  explicit Seal(const SealKey& key);
  ~Seal();
  Seal(const Seal&) = delete;
  Seal& operator=(const Seal&) = delete;

  void apply(std::span<char> bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A source whose bytes were sealed. It outlives this one.
class UnsealedSource final : public codec::ByteSource {
 public:
  UnsealedSource(codec::ByteSource& sealed, const SealKey& key) : sealed_(sealed), seal_(key) {}
  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

 private:
  codec::ByteSource& sealed_;
  Seal seal_;
};

}  // namespace fw::capture
