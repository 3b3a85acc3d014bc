#pragma once

#include <memory>

#include "capture/bulk/impl/call.h"
#include "codec/byte_source.h"

namespace fw::capture::elastic {

/// The bytes of a request's body, unpacked as its Content-Encoding says, up to a limit: a few packed bytes may hold
/// very many. The call outlives it. Not thread-safe.
class PackedBody final : public codec::ByteSource {
 public:
  [[nodiscard]] static Result<std::unique_ptr<PackedBody>> open(const Call& call, std::size_t limit);

  /// kTooLarge beyond the limit; kInvalidArgument where they are damaged.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

 private:
  PackedBody(std::string_view bytes, std::size_t limit) : packed_(bytes), limit_(limit) {}

  codec::StringSource packed_;
  std::unique_ptr<codec::ByteSource> unpacked_;  // none: the bytes are plain
  std::size_t limit_;
  std::size_t read_ = 0;
};

}  // namespace fw::capture::elastic
