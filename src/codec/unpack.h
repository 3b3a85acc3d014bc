#pragma once

#include <memory>
#include <string_view>

#include "codec/byte_source.h"

namespace fw::codec {

/// How bytes are compressed: gzip (RFC 1952), zstd (RFC 8878), xz, bzip2.
enum class Packing { kNone, kGzip, kZstd, kXz, kBzip2 };

/// How many first bytes packing_of() looks at.
inline constexpr std::size_t kPackingBytes = 10;

/// Told by the first bytes alone; a shorter text is taken for what it may become.
[[nodiscard]] Packing packing_of(std::string_view first_bytes);

[[nodiscard]] std::string_view to_string(Packing packing);

/// The bytes that a compressed stream holds: all its members one after another (as `cat a.gz b.gz` makes), empty ones
/// too, zero padding behind a member ignored. Memory is bounded whatever the stream says of itself (256 MiB, which only
/// zstd's and xz's largest windows take). kDataLoss when a member is damaged, when the stream ends within one, or when
/// something else follows; kTooLarge for a window beyond the bound. What was read before is right as far as it goes.
/// `packing` is not kNone; the compressed source outlives this one.
[[nodiscard]] std::unique_ptr<ByteSource> unpack(Packing packing, ByteSource& compressed);

}  // namespace fw::codec
