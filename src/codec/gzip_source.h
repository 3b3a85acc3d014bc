#pragma once

#include <memory>

#include "codec/byte_source.h"

namespace fw::codec {

/// Whether bytes begin as gzip files do (RFC 1952).
[[nodiscard]] bool is_gzip(std::string_view first_bytes);

/// The bytes that a gzip stream holds: all its members one after another (as `cat a.gz b.gz` makes), zero padding at
/// the end ignored. Memory is bounded whatever the stream says of itself. kDataLoss when a member is damaged, when the
/// stream ends within one, or when something else follows; what was read before that is right as far as it goes. The
/// compressed source outlives this one.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(ByteSource& compressed);
  ~GzipSource() override;
  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::codec
